// SPDX-License-Identifier: Apache-2.0
//
// Body + bindings -> may the models that a request asks for be asked, with a secret of theirs, and
// is that paid out of a budget? The rules are those of the scopes that the verdict on its head uses
// (bindings/model_rules.h). Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "audit/record.h"
#include "bindings/model_request.h"
#include "proxy/flow/decide.h"

namespace keyswap::flow {

// Does a scope of what is used say which models may be asked, and what? Then the body is held.
bool judges_models(const Request& request, std::span<const Use> uses);

struct ModelVerdict {
  std::optional<audit::Reason> refusal;         // nothing: it may be sent
  std::optional<bindings::ModelRequest> spent;  // what budgets are charged for; nothing: none is
};

// `body`: whole.
ModelVerdict check_models(const Request& request, std::span<const Use> uses, std::string_view body);

}  // namespace keyswap::flow
