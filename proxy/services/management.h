// SPDX-License-Identifier: Apache-2.0
//
// What the management listener answers: GET /metrics and GET /healthz (of HEAD who asks it leaves
// out the body). It knows no secret and changes nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/services/local_service.h"

namespace keyswap::services {

class Management final : public LocalService {
 public:
  using Render = std::function<std::string()>;

  // `render` gives the metrics' text, on the loop's thread. `health` outlives this.
  Management(Render render, const LocalService& health)
      : render_(std::move(render)), health_(&health) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;

 private:
  Render render_;
  const LocalService* health_;
};

}  // namespace keyswap::services
