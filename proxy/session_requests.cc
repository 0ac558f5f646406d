// SPDX-License-Identifier: Apache-2.0
//
// Where a request goes that a session has read: who sends it, and by what route.
#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/callers.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/reverse.h"
#include "proxy/session.h"

namespace keyswap::proxy {

using audit::Reason;

void Session::begin_request(http::RequestHead head) {
  policy_ = context_->policy;
  writer_.answer(head.version);
  is_head_timed_ = false;
  timer_.clear();
  if (phase_ == Phase::listener) {
    route_request(std::move(head));
    return;
  }
  look_up_caller();
  make_exchange(tunnel_.destination);
  auto refusal = flow::check_tunnelled(head, tunnel_, *policy_.bindings);
  if (caller_fault_) {
    refusal = flow::reason_of(*caller_fault_);
  } else if (flow::check_proxy_caller(caller_, *policy_.bindings)) {
    // Whoever opened the tunnel may not come any more. A 407 in it would speak for the upstream.
    refusal = Reason::caller_not_allowed;
  }
  drive(flow::ClientHead{std::move(head), refusal, std::nullopt});
}

void Session::look_up_caller() {
  const auto caller = verified_caller(*context_->callers, claim_);
  caller_ = caller ? *caller : "";
  caller_fault_ = caller ? std::nullopt : std::optional(flow::fault_of(caller.error()));
}

// What the request's caller may not, if anything.
std::optional<Reason> Session::check_caller(flow::Route::Kind kind) const {
  if (caller_fault_) {
    return flow::reason_of(*caller_fault_);
  }
  if (kind != flow::Route::Kind::reverse) {
    return flow::check_proxy_caller(caller_, *policy_.bindings);
  }
  if (!flow::is_loopback(leg_.remote().address)) {
    return Reason::caller_not_allowed;
  }
  return flow::check_route_caller(caller_, *policy_.bindings);
}

void Session::route_request(http::RequestHead head) {
  flow::Route route = flow::route(head, *policy_.bindings);
  if (route.kind == flow::Route::Kind::health) {
    answer_health(head);
    return;
  }
  const bool is_reverse = route.kind == flow::Route::Kind::reverse;
  claim_ = is_reverse ? flow::route_claim(head) : flow::proxy_claim(head);
  look_up_caller();
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
      open_intercepted(std::move(route.destination));
      return;
    case flow::Route::Kind::tunnel:
      open_tunnel(std::move(route.destination), std::string(head.method));
      return;
    case flow::Route::Kind::forward:
      make_exchange(std::move(route.destination));
      drive(flow::ClientHead{std::move(head), std::nullopt, std::nullopt});
      return;
    case flow::Route::Kind::refuse:
      make_exchange(std::move(route.destination));
      drive(flow::ClientHead{std::move(head), route.reason, std::nullopt});
      return;
    case flow::Route::Kind::health:
    case flow::Route::Kind::reverse:
      return;  // above
  }
}

void Session::reverse_request(http::RequestHead head) {
  auto found = flow::find_reverse(head, *policy_.bindings, caller_);
  const auto stranger = check_caller(flow::Route::Kind::reverse);
  make_exchange(std::move(found.destination));
  drive(
      flow::ClientHead{std::move(head), stranger ? stranger : found.refusal, std::move(found.use)});
}

void Session::refuse_request(Reason reason, base::Note flaw) {
  timer_.clear();
  writer_.answer(http::Version::http_1_1);
  make_exchange(tunnel_.destination);
  drive(flow::ClientRefused{reason, flaw});
}

void Session::answer_health(const http::RequestHead& head) {
  const bool keeps = head.keeps_alive && head.framing.kind == http::Framing::Kind::none;
  // A dead log refuses every request, so who asks for our health must not hear that all is well.
  const auto failing =
      context_->audit->is_dead() ? std::optional(Reason::audit_unavailable) : std::nullopt;
  send_reply(flow::make_health(failing, keeps));
  if (keeps) {
    timer_.set(base::bounds::kClientIdleMs);
  } else {
    close_politely(Leg::Ending::said);
  }
}

}  // namespace keyswap::proxy
