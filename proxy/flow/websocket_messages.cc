// SPDX-License-Identifier: Apache-2.0
//
// A client's message on a WebSocket where messages are signed: collected, judged, charged, signed,
// recorded, sent; and the replies to such messages.
#include <algorithm>
#include <utility>

#include "proxy/flow/judgement.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/substitute.h"
#include "proxy/flow/websocket.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Outcome;
using audit::Reason;
using http::Opcode;

namespace {

// RFC 6455 section 7.4.1.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kUnsupportedData = 1003;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kMessageTooBig = 1009;

}  // namespace

// --- collecting ---

void WebSocket::collect(MessagePiece& piece, WebSocketActions& actions) {
  if (piece.opcode == Opcode::binary) {
    unreadable_ = Unreadable{Reason::malformed_request, kUnsupportedData};
  } else if (!unreadable_) {
    hold(piece.bytes);
  }
  if (!piece.is_final) {
    if (!std::exchange(is_collecting_, true)) {
      actions.emplace_back(SetWait{Wait::request_body});  // I10: for all of it, pings or not
    }
    return;
  }
  is_collecting_ = false;
  moment_ = std::move(*piece.moment);
  is_message_over_ = false;
  judge(actions);
}

// I10: what a loop holds of messages and bodies is counted.
void WebSocket::hold(std::string_view bytes) {
  std::size_t* const held = setup_.collected_bytes;
  const bool has_room =
      held == nullptr || *held + bytes.size() <= base::bounds::kSignedBodiesBytesMax;
  if (!has_room) {
    unreadable_ = Unreadable{Reason::too_busy, kMessageTooBig};
  } else if (!text_.append(bytes)) {
    unreadable_ = Unreadable{Reason::body_too_large, kMessageTooBig};
  } else if (held != nullptr) {
    *held += bytes.size();
  }
}

void WebSocket::release_message() {
  if (setup_.collected_bytes != nullptr) {
    *setup_.collected_bytes -= text_.size();
  }
  text_.release();
}

// --- judging ---

void WebSocket::judge(WebSocketActions& actions) {
  signer_ = find_message_signer(*moment_.bindings, setup_.destination.authority, setup_.target);
  if (unreadable_) {
    refuse(unreadable_->reason, actions);
    return;
  }
  if (moment_.refusal || signer_ == nullptr) {
    // Who opened the WebSocket may not come any more, or no binding opens it (I14).
    unreadable_ = Unreadable{moment_.refusal.value_or(Reason::endpoint_blocked), kPolicyViolation};
    reading_ = teller_->read(text_.view());
    refuse(unreadable_->reason, actions);
    return;
  }
  reading_ = signer_->read(text_.view());
  if (!reading_) {
    unreadable_ = Unreadable{Reason::malformed_request, kPolicyViolation};
    refuse(Reason::malformed_request, actions);
    return;
  }
  if (const auto reason = check_id()) {
    refuse(*reason, actions);
    return;
  }
  verdict_ = decide_message({*reading_,
                             setup_.target,
                             setup_.destination,
                             *moment_.bindings,
                             moment_.caller,
                             logged_on_});
  if (verdict_.verdict.decision == Decision::allowed) {
    signer_ = rule().injection->messages();
    judge_allowed(actions);
  } else {
    record(actions);
  }
}

// A reply must say which message it answers: by it the day's volume is kept or given back.
std::optional<Reason> WebSocket::check_id() const {
  if (awaited_.contains(reading_->id)) {
    return Reason::malformed_request;
  }
  const bool is_full = awaited_.size() == base::bounds::kRepliesAwaitedMax;
  return is_full ? std::optional(Reason::too_busy) : std::nullopt;
}

void WebSocket::judge_allowed(WebSocketActions& actions) {
  const bool is_other_logon = reading_->logon == bindings::LogonChange::begins &&
                              !logged_on_.empty() && logged_on_ != rule().name.text();
  if (is_other_logon) {
    // Should it fail at the upstream, the first logon holds on: orders are judged by its rule.
    refuse(Reason::endpoint_blocked, actions);
    return;
  }
  if (reading_->logon == bindings::LogonChange::begins && !may_log_on()) {
    refuse(Reason::too_busy, actions);
    return;
  }
  if (scope().max_body_bytes && text_.size() > *scope().max_body_bytes) {
    refuse(Reason::body_too_large, actions);
    return;
  }
  auto judgement = signer_->judge(text_.view(), setup_.destination.authority.host, scope());
  order_ = std::move(judgement.order);
  is_unproven_ = judgement.is_unproven;
  if (judgement.refusal) {
    refuse(reason_of(*judgement.refusal), actions);
    return;
  }
  if (!costs(judgement, scope())) {
    fetch_secrets(actions);
    return;
  }
  state_ = Charging{};
  actions.emplace_back(SetWait{Wait::record});
  actions.emplace_back(Charge{*verdict_.verdict.rule,
                              verdict_.verdict.scope,
                              judgement.volume_e8,
                              judgement.volume_max_e8,
                              judgement.wants_nonce});
}

void WebSocket::handle(const Charged& event, WebSocketActions& actions) {
  if (event.refusal) {
    retry_after_ms_ = event.retry_after_ms;
    refuse(*event.refusal, actions);
    return;
  }
  nonce_ = event.nonce;
  fetch_secrets(actions);
}

void WebSocket::fetch_secrets(WebSocketActions& actions) {
  if (!verdict_.is_signed) {
    record(actions);
    return;
  }
  state_ = FetchingSecrets{};
  actions.emplace_back(FetchSecrets{*verdict_.verdict.rule});
}

void WebSocket::handle(SecretsReady& event, WebSocketActions& actions) {
  auto message = signer_->sign(text_.view(), {event.secrets, moment_.now_us, nonce_});
  if (!message) {
    refuse_secret(fault_of(message.error()), actions);
    return;
  }
  if (message->size() > base::bounds::kWebSocketMessageBytesMax) {
    refuse_secret(SecretFault::unusable, actions);
    return;
  }
  if (!holder_.hold(*message)) {
    refuse_secret(SecretFault::no_room, actions);
    return;
  }
  signed_ = std::move(*message);
  if (const auto known = look_for(event.secrets); !known) {
    refuse_secret(fault_of(known.error()), actions);
    return;
  }
  record(actions);
}

// I8: what could not be looked for might come back and be shown.
base::Status WebSocket::look_for(std::span<const vault::Secret> secrets) {
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    if (!rule().injection->needs_private_key(i)) {
      KS_TRY(scrubber_.add(secrets[i], rule().placeholder));
    }
  }
  return scrubber_.prepare();
}

void WebSocket::handle(const SecretsUnavailable& event, WebSocketActions& actions) {
  refuse_secret(event.fault, actions);
}

// --- recording ---

void WebSocket::refuse_secret(SecretFault fault, WebSocketActions& actions) {
  secret_fault_ = fault;
  refuse(reason_of(fault), actions);
}

void WebSocket::refuse(Reason reason, WebSocketActions& actions) {
  signed_.reset();
  holder_.release();
  auto& verdict = verdict_.verdict;
  verdict.decision = Decision::refused;
  verdict.reason = reason;
  record(actions);
}

void WebSocket::record(WebSocketActions& actions) {
  state_ = Recording{};
  const auto& verdict = verdict_.verdict;
  actions.emplace_back(SetWait{Wait::record});
  RecordMessage action;
  action.number = moment_.number;
  action.record.decision = verdict.decision;
  action.record.reason = verdict.reason;
  action.record.rule = verdict.rule;
  action.record.path = shown_path(setup_.target, *moment_.bindings);
  if (reading_) {
    action.record.method = reading_->method;
  }
  action.order = order_;
  action.is_unproven = is_unproven_;
  actions.emplace_back(std::move(action));
}

void WebSocket::handle(const RecordDone& event, WebSocketActions& actions) {
  actions.emplace_back(SetWait{has_upstream_closed_ ? Wait::websocket_close : Wait::none});
  if (event.is_durable && verdict_.verdict.decision != Decision::refused) {
    send_message(actions);
  } else {
    // I6, I13: no record, no request.
    tell_refusal(event.is_durable ? verdict_.verdict.reason : Reason::audit_unavailable);
    end_message(ChargeFate::not_sent, std::nullopt, actions);
  }
  const auto unreadable = std::exchange(unreadable_, std::nullopt);
  next_message();
  if (unreadable) {
    close(unreadable->close_code, kGoingAway, Outcome::unknown, actions);
  }
}

// Nobody says that the exchange takes up messages in their order. What went there unjudged, for
// nobody was logged on, must be answered before somebody is.
bool WebSocket::may_log_on() const {
  return !logged_on_.empty() ||
         (!has_unjudged_without_id_ && std::ranges::none_of(awaited_, [](const auto& entry) {
           return entry.second.may_act_unjudged;
         }));
}

// I6: this is called from RecordDone{is_durable} and from nowhere else.
void WebSocket::send_message(WebSocketActions& actions) {
  if (has_upstream_closed_) {
    end_message(ChargeFate::not_sent, RecordResponse{0, Outcome::not_sent, 0}, actions);
    return;
  }
  if (signed_) {
    sent_ = std::exchange(signed_, std::nullopt);
    actions.emplace_back(
        SendFrame{Side::upstream, Opcode::text, true, sent_->reveal(), /*is_secret=*/true});
  } else {
    send_made(Side::upstream, Opcode::text, signer_->rewrite(text_.view()));
  }
  if (reading_->logon == bindings::LogonChange::begins &&
      verdict_.verdict.decision == Decision::allowed) {
    // For good: whether a later logout or logon took place is the upstream's to know, and until
    // then whoever has no key in its message acts by this one.
    logged_on_ = rule().name.text();
  }
  const bool may_act_unjudged = verdict_.verdict.decision != Decision::allowed && reading_->may_act;
  if (reading_->id.empty()) {
    has_unjudged_without_id_ = has_unjudged_without_id_ || may_act_unjudged;
    // Which reply is its own cannot be told.
    end_message(ChargeFate::keep, RecordResponse{0, Outcome::unknown, 0}, actions);
  } else {
    const auto* const venue = verdict_.verdict.rule ? rule().venue : nullptr;
    awaited_.emplace(reading_->id, Awaited{moment_.number, may_act_unjudged, venue});
    is_message_over_ = true;  // its reply ends it
  }
}

// A refused message is answered in its own protocol, so that whoever waits for its reply gets one.
void WebSocket::tell_refusal(Reason reason) {
  const auto text = teller_->refuse({reading_ ? std::string_view(reading_->id) : "",
                                     status_of(reason),
                                     audit::to_string(reason),
                                     detail_of(reason, secret_fault_),
                                     moment_.request_id,
                                     retry_after_ms_});
  if (has_upstream_closed_) {
    return;  // the client was told the end already
  }
  if (is_mid_message_to_client_) {
    late_refusal_ = text;  // RFC 6455 section 5.4: not between the fragments of another message
  } else {
    send_made(Side::client, Opcode::text, text);
  }
}

void WebSocket::end_message(ChargeFate fate,
                            std::optional<RecordResponse> response,
                            WebSocketActions& actions) {
  if (!std::exchange(is_message_over_, true)) {
    actions.emplace_back(EndMessage{moment_.number, fate, response});
  }
}

// The connection ends before the client's message was sent.
void WebSocket::end_message_under_way(WebSocketActions& actions) {
  const bool is_recorded =
      std::holds_alternative<Recording>(state_) && verdict_.verdict.decision != Decision::refused;
  end_message(ChargeFate::not_sent,
              is_recorded ? std::optional(RecordResponse{0, Outcome::not_sent, 0}) : std::nullopt,
              actions);
  next_message();
}

void WebSocket::next_message() {
  release_message();
  signed_.reset();
  holder_.release();
  secret_fault_.reset();
  reading_.reset();
  verdict_ = {};
  order_.reset();
  is_unproven_ = false;
  retry_after_ms_ = 0;
  nonce_ = 0;
  if (!is_over()) {
    state_ = Reading{};
  }
}

bool WebSocket::awaits_charge(std::uint64_t number) const {
  return std::holds_alternative<Charging>(state_) && moment_.number == number;
}

bool WebSocket::awaits_record() const {
  return std::holds_alternative<Recording>(state_);
}

const bindings::SecretRule& WebSocket::rule() const {
  return moment_.bindings->rules[*verdict_.verdict.rule];
}

const bindings::Scope& WebSocket::scope() const {
  return rule().scopes[verdict_.verdict.scope];
}

// --- replies ---

void WebSocket::pass_reply(const MessagePiece& piece, WebSocketActions& actions) {
  if (!is_mid_reply_) {
    reads_reply_ = piece.opcode == Opcode::text && !awaited_.empty();
  }
  is_mid_reply_ = !piece.is_final;
  if (reads_reply_) {
    read_reply(piece, actions);
  }
  if (!scrubber_.feed(piece.bytes, piece.is_final, scrubbed_)) {
    end(Outcome::unknown, actions);  // I10; a piece is never larger than one read
    return;
  }
  pass_piece({piece.from, piece.opcode, scrubbed_.view(), piece.is_final, std::nullopt});
  if (piece.is_final && !late_refusal_.empty()) {
    send_made(Side::client, Opcode::text, std::exchange(late_refusal_, ""));
  }
}

void WebSocket::read_reply(const MessagePiece& piece, WebSocketActions& actions) {
  reply_bytes_ += piece.bytes.size();
  replies_->feed(piece.bytes);
  if (!piece.is_final) {
    return;
  }
  if (const auto reply = replies_->finish()) {
    end_replied(*reply, actions);
  }
  reply_bytes_ = 0;
}

void WebSocket::end_replied(const bindings::Reply& reply, WebSocketActions& actions) {
  const auto found = awaited_.find(reply.id);
  if (found == awaited_.end()) {
    return;
  }
  actions.emplace_back(EndMessage{found->second.number,
                                  fate_by(found->second.venue, reply.status),
                                  RecordResponse{reply.status, Outcome::complete, reply_bytes_}});
  awaited_.erase(found);
}

}  // namespace keyswap::flow
