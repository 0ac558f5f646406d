// SPDX-License-Identifier: Apache-2.0
//
// What the management listener answers: GET /metrics and GET /healthz (of HEAD who asks it leaves
// out the body), which know no secret and change nothing; all else is the management API's
// (proxy/manage), where there is one.
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

  // `render` gives the metrics' text, on the loop's thread. `health` outlives this, and so does
  // `api`, which may be null.
  Management(Render render, const LocalService& health, SlowService* api = nullptr)
      : render_(std::move(render)), health_(&health), api_(api) {}

  [[nodiscard]] flow::Reply answer(const http::RequestHead& head,
                                   std::string_view body) const override;
  [[nodiscard]] SlowService* slow(const http::RequestHead& head) const override;

 private:
  Render render_;
  const LocalService* health_;
  SlowService* api_;
};

}  // namespace keyswap::services
