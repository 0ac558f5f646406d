// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/explain_road.h"

#include <utility>
#include <variant>

#include "bindings/signer.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/decide_body.h"
#include "proxy/flow/decode_refusal.h"
#include "proxy/flow/destination_guard.h"
#include "proxy/flow/reverse.h"
#include "proxy/http/decoder.h"

namespace keyswap::cli {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Bindings;

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;
constexpr flow::LocalUser kOwnUser{.number = std::nullopt, .is_own = true};

Answer refused(Reason reason, flow::Destination destination) {
  Answer answer;
  answer.reason = reason;
  answer.destination = std::move(destination);
  return answer;
}

// --- the request, as its client sends it ---

constexpr std::string_view kOpening =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

std::string request_text(const RequestToExplain& request,
                         const std::string& target,
                         const Sending& sending) {
  bindings::ClientHead head{target, {}};
  if (sending.rule != nullptr) {
    sending.rule->places[sending.place].placement->show(sending.rule->placeholder, head);
  }
  std::string text = request.method + " " + head.target + " HTTP/1.1\r\nHost: ";
  text += http::to_string(request.destination, request.is_https ? kHttpsPort : kHttpPort) + "\r\n";
  text += sending.asks_for_websocket ? kOpening : "";
  for (const auto& [name, value] : head.fields) {
    text += name + ": " + value + "\r\n";
  }
  return text + "\r\n";
}

std::variant<http::RequestHead, Reason> read_head(const std::string& text) {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(text);
  if (step.kind != http::Step::Kind::head) {
    return flow::reason_of(step.error);
  }
  return decoder.take_request();
}

// --- from the verdict on ---

// What the rule's signer, if it has one, lets through nowhere. (What it reads in parameters is not
// known here.)
bool is_closed(const bindings::SecretRule& rule,
               std::uint32_t scope,
               const RequestToExplain& request,
               const flow::Destination& destination) {
  const auto* const signer = rule.signer();
  if (signer == nullptr) {
    return false;
  }
  const http::HeaderList no_fields;
  const auto judgement =
      signer->judge({request.method, request.path, destination.authority.host, no_fields, {}},
                    rule.scopes[scope]);
  return judgement.refusal == bindings::SignerRefusal::endpoint_blocked;
}

Answer answer_of(const Bindings& bindings,
                 const RequestToExplain& request,
                 const flow::Verdict& verdict,
                 flow::Destination destination) {
  Answer answer{verdict.decision,
                verdict.reason,
                verdict.rule,
                verdict.uses.empty() ? 0 : verdict.uses.front().scope,
                std::move(destination),
                false,
                false};
  if (answer.decision == Decision::allowed &&
      is_closed(bindings.rules[*answer.rule], answer.scope, request, answer.destination)) {
    answer.decision = Decision::refused;
    answer.reason = Reason::endpoint_blocked;
  }
  return answer;
}

// I12: what is not refused is dialled.
Answer guarded(const Bindings& bindings, Answer answer) {
  if (answer.decision != Decision::refused &&
      flow::judge_unresolved(bindings, answer.destination) != flow::AddressVerdict::allowed) {
    answer.decision = Decision::refused;
    answer.reason = Reason::address_blocked;
  }
  return answer;
}

// The verdict on the whole request, where its placeholder stands in the body.
flow::Verdict with_body(const flow::Request& request,
                        const Sending& sending,
                        flow::Verdict verdict) {
  if (sending.rule == nullptr ||
      sending.rule->places[sending.place].placement->in_body() == nullptr) {
    return verdict;
  }
  const auto number = static_cast<std::uint32_t>(sending.rule - request.bindings.rules.data());
  flow::BodyFound found;
  for (const auto& place : flow::find_body_places(request).places) {
    if (place.rule == number && place.place == sending.place) {
      found.uses = {flow::use_of(place)};
    }
  }
  if (found.uses.empty()) {
    found.seen = {number};
  }
  return flow::decide_with_body(request, std::move(verdict), found);
}

Answer judged(const Bindings& bindings,
              const RequestToExplain& request,
              const Sending& sending,
              const http::RequestHead& head,
              flow::Destination destination) {
  std::string made;
  const auto target = flow::origin_target(head, made);
  const flow::Request asked{head, target, destination, bindings, sending.caller};
  const auto verdict = with_body(asked, sending, flow::decide(asked));
  return guarded(bindings, answer_of(bindings, request, verdict, std::move(destination)));
}

// --- the ways a request may come ---

Answer ask_in_tunnel(const Bindings& bindings,
                     const RequestToExplain& request,
                     const Sending& sending,
                     flow::Destination destination) {
  auto read = read_head(request_text(request, request.target, sending));
  if (const auto* const reason = std::get_if<Reason>(&read)) {
    return refused(*reason, std::move(destination));
  }
  const auto& head = std::get<http::RequestHead>(read);
  const bool is_named = destination.authority.kind == http::HostKind::name;
  const flow::TunnelIdentity tunnel{destination, is_named ? destination.authority.host : ""};
  if (const auto reason = flow::check_tunnelled(head, tunnel, bindings)) {
    Answer answer = refused(*reason, std::move(destination));
    answer.is_ours = reason == Reason::bindings_shown;
    return answer;
  }
  return judged(bindings, request, sending, head, std::move(destination));
}

Answer ask_by_connect(const Bindings& bindings,
                      const RequestToExplain& request,
                      const Sending& sending,
                      const flow::Destination& destination) {
  const RequestToExplain connect{"CONNECT", true, request.destination, "", ""};
  auto read = read_head(request_text(connect, http::to_string(request.destination), {}));
  if (const auto* const reason = std::get_if<Reason>(&read)) {
    return refused(*reason, destination);
  }
  auto route = flow::route(std::get<http::RequestHead>(read), bindings);
  if (route.kind == flow::Route::Kind::refuse) {
    return refused(route.reason, destination);
  }
  if (const auto reason = flow::check_proxy_caller(sending.caller, kOwnUser, bindings)) {
    return refused(*reason, destination);
  }
  if (route.kind == flow::Route::Kind::intercept) {
    return ask_in_tunnel(bindings, request, sending, std::move(route.destination));
  }
  Answer answer = refused(Reason::no_placeholder, std::move(route.destination));
  answer.decision = Decision::pass;
  answer.is_opaque = true;
  return guarded(bindings, std::move(answer));
}

Answer ask_in_the_clear(const Bindings& bindings,
                        const RequestToExplain& request,
                        const Sending& sending,
                        const flow::Destination& destination) {
  const std::string target = "http://" + http::to_string(request.destination) + request.target;
  auto read = read_head(request_text(request, target, sending));
  if (const auto* const reason = std::get_if<Reason>(&read)) {
    return refused(*reason, destination);
  }
  const auto& head = std::get<http::RequestHead>(read);
  auto route = flow::route(head, bindings);
  if (route.kind == flow::Route::Kind::health) {
    Answer answer = refused(Reason::no_placeholder, destination);
    answer.decision = Decision::pass;
    answer.is_ours = true;
    return answer;
  }
  if (route.kind != flow::Route::Kind::forward) {
    return refused(route.reason, destination);
  }
  if (const auto reason = flow::check_proxy_caller(sending.caller, kOwnUser, bindings)) {
    return refused(*reason, destination);
  }
  return judged(bindings, request, sending, head, std::move(route.destination));
}

Answer ask_by_route(const Bindings& bindings,
                    const RequestToExplain& request,
                    const Sending& sending) {
  auto read = read_head(request_text(request, request.target, {}));
  if (const auto* const reason = std::get_if<Reason>(&read)) {
    return refused(*reason, {});
  }
  const auto& head = std::get<http::RequestHead>(read);
  auto found = flow::find_reverse(head, bindings, sending.caller);
  const auto stranger = flow::check_route_caller(sending.caller, bindings);
  if (stranger || found.refusal) {
    auto answer = refused(stranger ? *stranger : *found.refusal, std::move(found.destination));
    answer.rule = found.use ? std::optional(found.use->rule) : std::nullopt;
    return answer;
  }
  const auto verdict = flow::decide_reverse(
      {head, found.use->target, found.destination, bindings, sending.caller}, *found.use);
  RequestToExplain sent = request;
  sent.path = http::path_of(found.use->target);
  return guarded(bindings, answer_of(bindings, sent, verdict, std::move(found.destination)));
}

}  // namespace

bool is_by_route(const Bindings& bindings, const RequestToExplain& request) {
  const bool is_here =
      request.destination.host == "localhost" || flow::is_loopback(request.destination.host);
  return !request.is_https && is_here && flow::is_reverse_target(request.target, bindings.venues);
}

Answer ask_proxy(const Bindings& bindings,
                 const RequestToExplain& request,
                 const Sending& sending) {
  if (is_by_route(bindings, request)) {
    return ask_by_route(bindings, request, sending);
  }
  const flow::Destination destination{
      request.is_https ? flow::Protocol::https : flow::Protocol::http, request.destination, {}};
  return request.is_https ? ask_by_connect(bindings, request, sending, destination)
                          : ask_in_the_clear(bindings, request, sending, destination);
}

}  // namespace keyswap::cli
