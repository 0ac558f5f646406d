// SPDX-License-Identifier: Apache-2.0
//
// What an exchange knows of the decision that it waits for, or that its client asks after
// (proxy/flow/exchange_approval.cc).
#pragma once

#include <optional>

#include "bindings/approval_rule.h"
#include "proxy/flow/operations.h"

namespace keyswap::flow {

struct ApprovalHold {
  std::optional<bindings::ApprovalRule> rule;  // of all that is used; none: a question
  std::optional<OperationView> operation;      // what the client is told of, if it is told
  bool is_granted = false;
  bool is_ending = false;  // the client waits no longer; what has become of it is asked for
};

}  // namespace keyswap::flow
