// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/tunnel_refusal.h"

#include <algorithm>
#include <array>

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr std::array kAnsweredAtOnce = {Reason::caller_required,
                                        Reason::user_not_allowed,
                                        Reason::malformed_request,
                                        Reason::client_timeout,
                                        Reason::too_busy,
                                        Reason::leaf_unavailable,
                                        Reason::shutting_down};

}  // namespace

bool is_refused_in_tunnel(Reason reason,
                          const Destination& destination,
                          const RealSightings& real_values,
                          const bindings::Bindings& bindings) {
  return bindings.tunnel_refusals == bindings::TunnelRefusals::tls &&
         destination.authority.kind == http::HostKind::name &&
         !destination.authority.host.empty() && real_values.empty() &&
         reason != Reason::real_secret_sent &&
         std::ranges::find(kAnsweredAtOnce, reason) == kAnsweredAtOnce.end();
}

}  // namespace keyswap::flow
