// SPDX-License-Identifier: Apache-2.0
//
// Where a request goes that was read: who sends it, and by what route.
#include <cstdint>
#include <string>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/real_sighting.h"
#include "proxy/flow/web_page.h"
#include "proxy/http/target.h"
#include "proxy/net/connection.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/interception.h"
#include "proxy/net/requests.h"
#include "proxy/net/tunnel.h"
#include "proxy/services/front_page.h"
#include "proxy/services/local_service.h"
#include "proxy/uv/tcp.h"

namespace keyswap::net {

using audit::Reason;

namespace {

constexpr std::uint16_t kHttpPort = 80;

flow::RealSightings real_values_in(const flow::RealValues* real, const http::RequestHead& head) {
  flow::RealSightings seen;
  if (const auto search = real == nullptr ? nullptr : real->search()) {
    static_cast<void>(flow::see_real_values(*search, head, head.target, seen));
  }
  return seen;
}

}  // namespace

void Requests::begin_request(http::RequestHead head) {
  codec_.answer(head.version);
  next_head_ = NextHead::another;
  connection_->timer().clear();
  if (connection_->management() != nullptr) {
    answer_management(std::move(head));
    return;
  }
  if (!tunnelled_) {
    route_request(std::move(head));
    return;
  }
  Context& context = connection_->context();
  look_up_caller();
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

void Requests::look_up_caller() {
  caller_.look_up(*connection_->context().callers);
  if (!caller_.name.empty()) {
    connection_->proven();
  }
}

// Where who asks finds the listener as a proxy: by the name that he used, which may be one of a
// container's or of a tunnel's. What stands for a Unix socket there is none.
std::string Requests::own_address(const http::RequestHead& head) const {
  const http::Field* const host = head.fields.find("host");
  if (host != nullptr && connection_->client().address != uv::kUnixPeer) {
    if (const auto named = http::parse_authority(host->value, kHttpPort)) {
      return http::to_string(*named);
    }
  }
  return connection_->context().upstreams.listening.to_string();
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
  if (!connection_->client().is_of_this_machine) {
    return Reason::caller_not_allowed;
  }
  return flow::check_route_caller(caller_.name, bindings);
}

void Requests::route_request(http::RequestHead head) {
  Context& context = connection_->context();
  flow::Route route =
      flow::route(head, *context.policy.bindings, context.upstreams.listening.ports());
  if (route.kind == flow::Route::Kind::health) {
    answer_locally(std::move(head), *context.clients.health);
    return;
  }
  if (route.kind == flow::Route::Kind::front_page) {
    const services::FrontPage page(own_address(head));
    answer_locally(std::move(head), page);
    return;
  }
  const bool is_reverse = route.kind == flow::Route::Kind::reverse;
  caller_.claim = is_reverse ? flow::route_claim(head) : flow::proxy_claim(head);
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
    case flow::Route::Kind::tunnel:
      open(std::move(route), std::move(head));
      return;
    case flow::Route::Kind::forward:
      begin_stream(std::move(route.destination), context.policy)
          .on(flow::ClientHead{std::move(head), std::nullopt, std::nullopt});
      return;
    case flow::Route::Kind::refuse:
      refuse_request(std::move(route), std::move(head));
      return;
    case flow::Route::Kind::health:
    case flow::Route::Kind::front_page:
    case flow::Route::Kind::reverse:
      return;  // above
  }
}

void Requests::refuse_request(flow::Route route, http::RequestHead head) {
  const Policy& policy = connection_->context().policy;
  const bool opens_tunnel = head.method == "CONNECT" && tells_in_tunnels();
  begin_stream(std::move(route.destination), policy)
      .on(flow::ClientHead{.head = std::move(head),
                           .refusal = route.reason,
                           .failure = {route.cause, {}},
                           .opens_tunnel = opens_tunnel});
}

// CONNECT: the connection is a tunnel from here on. Nothing of its head goes to the upstream, but
// the host's name is looked up, and a client that says a secret here says it elsewhere, too.
void Requests::open(flow::Route route, http::RequestHead head) {
  Context& context = connection_->context();
  auto seen = real_values_in(context.memory.real, head);
  if (flow::refusing_rule(*context.policy.bindings, route.destination.authority, seen)) {
    begin_stream(std::move(route.destination), context.policy)
        .on(flow::ClientHead{std::move(head), Reason::real_secret_sent, std::nullopt});
    return;
  }
  TunnelRequest request{.destination = std::move(route.destination),
                        .version = head.version,
                        .caller = caller_,
                        .policy = context.policy,
                        .real_values = std::move(seen)};
  if (route.kind == flow::Route::Kind::tunnel) {
    Tunnel::begin(*connection_, std::move(request));
    return;
  }
  tell_real_values(request);
  intercept(*connection_, std::move(request));
}

// Of a CONNECT that has no record of its own.
void Requests::tell_real_values(const TunnelRequest& request) {
  if (request.real_values.empty()) {
    return;
  }
  Context& context = connection_->context();
  const std::string request_id = context.next_request_id();
  flow::Record said;
  said.decision = audit::Decision::pass;
  said.reason = Reason::no_placeholder;
  said.real_values = request.real_values;
  said.method = "CONNECT";
  add_real_values(context,
                  {.request_id = request_id,
                   .client_address = connection_->client().address,
                   .client_user = connection_->client().user,
                   .caller = request.caller.name,
                   .destination = request.destination,
                   .bindings = *request.policy.bindings},
                  said);
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

// On the management listener nothing goes anywhere. Who may use the proxy without a token may ask.
void Requests::answer_management(http::RequestHead head) {
  const Policy& policy = connection_->context().policy;
  const flow::LocalUser user = connection_->client().local_user();
  if (!user.is_own && !policy.bindings->allow_users.has(user.number)) {
    begin_stream({}, policy)
        .on(flow::ClientHead{std::move(head), Reason::user_not_allowed, std::nullopt});
    return;
  }
  const services::LocalService& management = *connection_->management();
  services::SlowService* const slow = management.slow(head);
  if (slow == nullptr) {
    answer_locally(std::move(head), management);
    return;
  }
  managed_ = std::make_unique<ManagedRequest>(
      *connection_, codec_, *slow, std::move(head), [this](bool keeps) {
        connection_->context().bury(std::move(managed_));
        if (connection_->is_broken()) {
          connection_->end();
        } else {
          go_on(keeps);
        }
      });
  managed_->begin();
}

// What is for ourselves. Whichever program asks, but no web page.
void Requests::answer_locally(http::RequestHead head, const services::LocalService& service) {
  const Policy& policy = connection_->context().policy;
  if (const auto refusal =
          flow::check_visit(head, *policy.bindings, connection_->client().is_of_this_machine)) {
    begin_stream({}, policy).on(flow::ClientHead{std::move(head), refusal, std::nullopt});
    return;
  }
  flow::Reply reply = service.answer(head, "");
  if (head.method == "HEAD") {
    reply.body.clear();  // it would be taken for the begin of the next answer
  }
  codec_.send_reply(reply);
  if (reply.head.keeps_connection) {
    connection_->timer().set(base::bounds::kClientIdleMs);
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

}  // namespace keyswap::net
