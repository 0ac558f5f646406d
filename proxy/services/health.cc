// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/health.h"

namespace keyswap::services {

flow::Reply Health::answer(const http::RequestHead& head, std::string_view /*body*/) const {
  // A body is not asked for, so that the connection would stand in the middle of it.
  const bool keeps = head.keeps_alive && head.framing.kind == http::Framing::Kind::none;
  return flow::make_health(failing_(), refuses_policy_(), keeps);
}

}  // namespace keyswap::services
