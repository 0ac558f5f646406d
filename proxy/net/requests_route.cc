// SPDX-License-Identifier: Apache-2.0
//
// Where a request goes that was read: who sends it, and by what route.
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/web_page.h"
#include "proxy/net/connection.h"
#include "proxy/net/interception.h"
#include "proxy/net/requests.h"
#include "proxy/net/tunnel.h"
#include "proxy/services/local_service.h"

namespace keyswap::net {

using audit::Reason;

void Requests::begin_request(http::RequestHead head) {
  codec_.answer(head.version);
  is_head_timed_ = false;
  connection_->timer().clear();
  if (!tunnelled_) {
    route_request(std::move(head));
    return;
  }
  Context& context = connection_->context();
  caller_.look_up(*context.callers);
  const Policy& policy = context.policy;
  auto refusal = flow::check_tunnelled(head, tunnelled_->identity, *policy.bindings);
  if (caller_.fault) {
    refusal = flow::reason_of(*caller_.fault);
  } else if (flow::check_proxy_caller(
                 caller_.name, connection_->client().local_user(), *policy.bindings)) {
    // Whoever opened the tunnel may not come any more. A 407 in it would speak for the upstream.
    refusal = Reason::caller_not_allowed;
  }
  begin_stream(tunnelled_->identity.destination, policy)
      .on(flow::ClientHead{std::move(head), refusal, std::nullopt});
}

// What the request's caller may not, if anything.
std::optional<Reason> Requests::check_caller(flow::Route::Kind kind) const {
  const bindings::Bindings& bindings = *connection_->context().policy.bindings;
  if (caller_.fault) {
    return flow::reason_of(*caller_.fault);
  }
  if (kind != flow::Route::Kind::reverse) {
    return flow::check_proxy_caller(caller_.name, connection_->client().local_user(), bindings);
  }
  if (!flow::is_loopback(codec_.leg().remote().address)) {
    return Reason::caller_not_allowed;
  }
  return flow::check_route_caller(caller_.name, bindings);
}

void Requests::route_request(http::RequestHead head) {
  Context& context = connection_->context();
  flow::Route route = flow::route(head, *context.policy.bindings);
  if (route.kind == flow::Route::Kind::health) {
    answer_locally(std::move(head));
    return;
  }
  const bool is_reverse = route.kind == flow::Route::Kind::reverse;
  caller_.claim = is_reverse ? flow::route_claim(head) : flow::proxy_claim(head);
  caller_.look_up(*context.callers);
  if (is_reverse) {
    reverse_request(std::move(head));
    return;
  }
  const auto stranger = check_caller(route.kind);
  if (stranger && route.reason != Reason::malformed_request) {
    route.kind = flow::Route::Kind::refuse;
    route.reason = *stranger;
  }
  switch (route.kind) {
    case flow::Route::Kind::intercept:
    case flow::Route::Kind::tunnel:
      open(std::move(route), head);
      return;
    case flow::Route::Kind::forward:
      begin_stream(std::move(route.destination), context.policy)
          .on(flow::ClientHead{std::move(head), std::nullopt, std::nullopt});
      return;
    case flow::Route::Kind::refuse:
      begin_stream(std::move(route.destination), context.policy)
          .on(flow::ClientHead{std::move(head), route.reason, std::nullopt});
      return;
    case flow::Route::Kind::health:
    case flow::Route::Kind::reverse:
      return;  // above
  }
}

// CONNECT: the connection is a tunnel from here on.
void Requests::open(flow::Route route, const http::RequestHead& head) {
  TunnelRequest request{.destination = std::move(route.destination),
                        .version = head.version,
                        .caller = caller_,
                        .policy = connection_->context().policy};
  if (route.kind == flow::Route::Kind::intercept) {
    intercept(*connection_, std::move(request));
  } else {
    Tunnel::begin(*connection_, std::move(request));
  }
}

void Requests::reverse_request(http::RequestHead head) {
  const Policy& policy = connection_->context().policy;
  auto found = flow::find_reverse(head, *policy.bindings, caller_.name);
  auto refusal = flow::check_web_page(head, *policy.bindings);
  if (!refusal) {
    refusal = check_caller(flow::Route::Kind::reverse);
  }
  begin_stream(std::move(found.destination), policy)
      .on(flow::ClientHead{
          std::move(head), refusal ? refusal : found.refusal, std::move(found.use)});
}

// What is for ourselves. Whichever program asks, but no web page.
void Requests::answer_locally(http::RequestHead head) {
  const Policy& policy = connection_->context().policy;
  if (const auto refusal = flow::check_web_page(head, *policy.bindings)) {
    begin_stream({}, policy).on(flow::ClientHead{std::move(head), refusal, std::nullopt});
    return;
  }
  const flow::Reply reply = connection_->context().clients.health->answer(head, "");
  codec_.send_reply(reply);
  if (reply.head.keeps_connection) {
    connection_->timer().set(base::bounds::kClientIdleMs);
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

}  // namespace keyswap::net
