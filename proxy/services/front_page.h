// SPDX-License-Identifier: Apache-2.0
//
// The answer to whoever looks at the listener itself, as in a browser or by curl: what is there,
// and what to set to come through it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "proxy/services/local_service.h"

namespace keyswap::services {

class FrontPage final : public LocalService {
 public:
  // `address`: where the listener is, "127.0.0.1:8472"; "": on Unix sockets alone.
  explicit FrontPage(std::string address) : address_(std::move(address)) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;

 private:
  std::string address_;
};

}  // namespace keyswap::services
