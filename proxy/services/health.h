// SPDX-License-Identifier: Apache-2.0
//
// The answer to a health check: 200, or 503 with what keeps every request from being served.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "audit/record.h"
#include "proxy/services/local_service.h"

namespace keyswap::services {

class Health final : public LocalService {
 public:
  // Asked for each answer: what keeps every request from being served now, if anything.
  using Failing = std::function<std::optional<audit::Reason>()>;

  // Is the file of the bindings another than the approved one, which stays in force (I17)?
  using RefusesPolicy = std::function<bool()>;

  Health(Failing failing, RefusesPolicy refuses_policy)
      : failing_(std::move(failing)), refuses_policy_(std::move(refuses_policy)) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;

 private:
  Failing failing_;
  RefusesPolicy refuses_policy_;
};

}  // namespace keyswap::services
