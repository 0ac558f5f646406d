// SPDX-License-Identifier: Apache-2.0
//
// The upstream's response on its way to the client: its heads, its body piece by piece, and the 101
// that makes the connection a WebSocket.
#include <algorithm>
#include <utility>

#include "proxy/flow/connection_use.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/outgoing_response.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;
using http::Framing;

namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;

BodyFate fate_of_body(AnswerFilters::Reading reading) {
  switch (reading) {
    case AnswerFilters::Reading::none:
      return BodyFate::kept;
    case AnswerFilters::Reading::plain:
    case AnswerFilters::Reading::blind:
      return BodyFate::changed;
    case AnswerFilters::Reading::decoded:
      return BodyFate::decoded;
  }
  KS_UNREACHABLE();
}

// Is it held until it is whole? One that is coded may become long when it is decoded at once.
bool is_short(const Framing& framing, AnswerFilters::Reading reading) {
  return reading != AnswerFilters::Reading::none && ShortAnswer::is_one(framing) &&
         (reading != AnswerFilters::Reading::decoded ||
          framing.length <= base::bounds::kShortCodedAnswerBytesMax);
}

}  // namespace

void Exchange::handle(UpstreamHead& event, Actions& actions) {
  if (is_behind_answer()) {
    return;
  }
  const http::ResponseHead& head = leaving_.answer.emplace(std::move(event.head));
  if (head.status == kSwitchingProtocols) {
    pass_switching(head, actions);
  } else if (head.is_interim()) {
    pass_interim(head, relaying(), actions);
  } else {
    pass_head(head, relaying(), actions);
  }
}

void Exchange::handle(const UpstreamBody& event, Actions& actions) {
  if (is_behind_answer()) {
    return;
  }
  auto& now = relaying();
  now.body_bytes += event.bytes.size();
  if (!is_body_held()) {  // I10: what the request waits for has an end of its own
    set_wait(now, Wait::response_body, actions);
  }
  if (spending_ != nullptr) {
    spending_->look(event.bytes, false);
  }
  pass_body(event.bytes, false, now, actions);
}

void Exchange::handle(const UpstreamEnd& /*event*/, Actions& actions) {
  if (is_behind_answer()) {
    return;
  }
  const auto& now = relaying();
  if (spending_ != nullptr) {
    spending_->look({}, true);
  }
  pass_body({}, true, relaying(), actions);
  if (!is_finished() && !now.is_keeping) {
    end_answer(now, actions);
  }
}

// All of it went on.
void Exchange::end_answer(const Relaying& relaying, Actions& actions) {
  actions.emplace_back(RecordResponse{
      relaying.status, Outcome::complete, relaying.body_bytes, admission_.failure()});
  actions.emplace_back(release_after(relaying));
  finish(relaying.keeps_client ? ClientFate::keep : ClientFate::close, actions);
}

// What becomes of the connection after a response that is complete.
ReleaseUpstream Exchange::release_after(const Relaying& relaying) const {
  if (!relaying.upstream_reusable || !relaying.client_done) {
    return {UpstreamFate::discard};
  }
  // I16: on it somebody proved who he is.
  return {is_login_ ? UpstreamFate::keep_for_client : UpstreamFate::reuse, relaying.rest_ms};
}

void Exchange::pass_interim(const http::ResponseHead& head, Relaying& relaying, Actions& actions) {
  is_login_ = is_login_ || speaks_of_connection_login(head);
  if (++relaying.interim_count > base::bounds::kInterimResponsesMax) {
    refuse_response(
        {base::Cause::too_many_interim_responses,
         base::Facts()
             .number("at most ", base::bounds::kInterimResponsesMax, " before the answer")
             .take()},
        actions);
    return;
  }
  if (!relaying.client_done && head.status == 100 && !is_body_held()) {
    set_wait(relaying, Wait::request_body, actions);
  }
  look_for_known(relaying.filters);
  auto passed = outgoing_interim(head, relaying.filters.scrubber());
  if (!passed) {
    refuse_response({base::Cause::head_too_large, {}}, actions);
    return;
  }
  actions.emplace_back(SendResponseHead{std::move(*passed)});
}

void Exchange::pass_head(const http::ResponseHead& head, Relaying& relaying, Actions& actions) {
  relaying.status = head.status;
  if (spending_ != nullptr) {
    spending_->begin(head);
  }
  settle(fate_by(verdict().rule ? rule().venue : nullptr, head.status), actions);
  if (auto failure = open_filters(head, relaying.filters)) {
    refuse_response(std::move(*failure), actions);
    return;
  }
  relaying.upstream_reusable = head.keeps_alive && head.framing.kind != Framing::Kind::until_close;
  relaying.rest_ms = std::min(rest_ms(head).value_or(base::bounds::kUpstreamIdleMs),
                              base::bounds::kUpstreamIdleMs);
  is_login_ = is_login_ || speaks_of_connection_login(head);
  // An answer before the request's end: what the client still sends has no place, so it is the
  // last.
  relaying.keeps_client = asked_->head.keeps_alive && relaying.client_done && !is_draining_;
  bool is_held = begin_capture(head, relaying);
  if (!is_held && is_short(head.framing, relaying.filters.reading())) {
    relaying.held = std::make_unique<ShortAnswer>(std::move(*leaving_.answer));
    is_held = true;
  }
  if (!is_held && !send_head(head, std::nullopt, relaying, actions)) {
    return;
  }
  relaying.has_head = true;
  if (!is_body_held()) {
    set_wait(relaying, Wait::response_body, actions);
  }
}

// False: it cannot be passed on, and the exchange is over.
bool Exchange::send_head(const http::ResponseHead& head,
                         std::optional<std::uint64_t> length,
                         Relaying& relaying,
                         Actions& actions) {
  auto passed = outgoing_response(
      head, fate_of_body(relaying.filters.reading()), relaying.filters.scrubber(), length);
  if (!passed) {
    refuse_response({base::Cause::head_too_large, {}}, actions);
    return false;
  }
  passed->keeps_connection = relaying.keeps_client;
  if (const auto reason = reason_to_tell(head.status)) {
    passed->fields.add({"Keyswap-Reason", audit::to_string(*reason)});
  }
  actions.emplace_back(SendResponseHead{std::move(*passed)});
  return true;
}

// Why the upstream may have answered so: it was sent a placeholder that is no credential.
std::optional<Reason> Exchange::reason_to_tell(int status) const {
  if (status != kUnauthorized && status != kForbidden) {
    return std::nullopt;
  }
  if (verdict().decision == audit::Decision::denied) {
    return verdict().reason;
  }
  return verdict().others.empty() ? stayed_ : std::optional(verdict().others.front().reason);
}

// The decoder lets a 101 through only as the answer to a request for it.
void Exchange::pass_switching(const http::ResponseHead& head, Actions& actions) {
  AnswerFilters& filters = relaying().filters;
  look_for_known(filters);
  auto passed = outgoing_switching(head, filters.scrubber());
  if (!http::is_websocket_answer(head, asked_->head) || !passed) {
    refuse_response({base::Cause::websocket_answer_malformed, {}}, actions);
    return;
  }
  settle(ChargeFate::keep, actions);
  actions.emplace_back(SendResponseHead{std::move(*passed)});
  actions.emplace_back(SetWait{Wait::none});
  actions.emplace_back(BeginWebSocket{filters.search(), !is_unscrubbed(), findings_});
  state_ = Finished{};
}

}  // namespace keyswap::flow
