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

  explicit Health(Failing failing) : failing_(std::move(failing)) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;

 private:
  Failing failing_;
};

}  // namespace keyswap::services
