// SPDX-License-Identifier: Apache-2.0
//
// The answer to whoever is refused without a machine that says so: a client for whom there is no
// room, a tunnel whose record does not come. Every request gets the same.
#pragma once

#include <string>
#include <string_view>

#include "audit/record.h"
#include "proxy/services/local_service.h"

namespace keyswap::services {

class Refusals final : public LocalService {
 public:
  // `request_id`: as the answer names it. The connection ends with it.
  Refusals(audit::Reason reason, std::string_view request_id)
      : reason_(reason), request_id_(request_id) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;

 private:
  audit::Reason reason_;
  std::string request_id_;
};

}  // namespace keyswap::services
