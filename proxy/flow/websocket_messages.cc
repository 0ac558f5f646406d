// SPDX-License-Identifier: Apache-2.0
//
// A client's message on a WebSocket where messages are judged: collected, judged, charged, signed
// or written with its secrets, recorded, sent; and the replies to messages that are signed.
#include <algorithm>
#include <utility>

#include "proxy/flow/judgement.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/shown_path.h"
#include "proxy/flow/substitute.h"
#include "proxy/flow/websocket.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;
using http::Opcode;

namespace {

// RFC 6455 section 7.4.1.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kUnsupportedData = 1003;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kMessageTooBig = 1009;

// The method of the record of a message in a protocol that nobody here speaks.
constexpr std::string_view kAnyMessage = "message";

}  // namespace

// --- collecting ---

void WebSocket::collect(MessagePiece& piece, WebSocketActions& actions) {
  if (piece.opcode == Opcode::binary) {
    incoming_.unreadable = Unreadable{Reason::malformed_request, kUnsupportedData};
  } else if (!incoming_.unreadable) {
    add(piece.bytes);
  }
  if (!piece.is_final) {
    // The wait for the client's Close goes on.
    if (!std::exchange(incoming_.has_begun, true) && !upstream_.has_closed) {
      actions.emplace_back(SetWait{Wait::request_body});  // I10: for all of it, pings or not
    }
    return;
  }
  incoming_.has_begun = false;
  Admission admission(piece.moment->bindings);
  message_.emplace(Message{.moment = std::move(*piece.moment),
                           .admission = std::move(admission),
                           .holder = vault::Holder(setup_.holdings, setup_.caller)});
  judge(actions);
}

void WebSocket::add(std::string_view bytes) {
  switch (incoming_.text.add(bytes)) {
    case CollectedBody::Added::all:
      return;
    case CollectedBody::Added::no_room:
      incoming_.unreadable = Unreadable{Reason::too_busy, kMessageTooBig};
      return;
    case CollectedBody::Added::too_large:
      incoming_.unreadable = Unreadable{Reason::body_too_large, kMessageTooBig};
      return;
  }
}

// --- judging ---

void WebSocket::judge(WebSocketActions& actions) {
  Message& now = message();
  if (!signs()) {
    judge_text(actions);
    return;
  }
  now.signer =
      find_message_signer(*now.moment.bindings, setup_.destination.authority, setup_.target);
  if (const auto refusal = read()) {
    now.admission.decide(with_real_values(flow::refusal(*refusal)));
    refuse(*refusal, actions);
    return;
  }
  auto decided = decide_message({*now.reading,
                                 setup_.target,
                                 setup_.destination,
                                 *now.moment.bindings,
                                 now.moment.caller,
                                 logon_.rule});
  now.admission.decide(with_real_values(std::move(decided.verdict)));
  if (!now.admission.is_allowed()) {
    record(actions);
    return;
  }
  now.signer = now.admission.rule().messages();
  if (const auto refusal = check_allowed()) {
    refuse(*refusal, actions);
    return;
  }
  auto judgement = now.signer->judge(
      incoming_.text.view(), setup_.destination.authority.host, now.admission.scope());
  const Asks asks(actions);
  go_on(decided.is_signed ? now.admission.admit(std::move(judgement), asks)
                          : now.admission.admit_bare(std::move(judgement), asks),
        actions);
}

// What is known now of the real values of secrets.
SharedSearch WebSocket::real_values() const {
  return setup_.real == nullptr ? nullptr : setup_.real->search();
}

// Those that stand in the message are told with its record; it may be refused for them.
Verdict WebSocket::with_real_values(Verdict verdict) const {
  if (const auto search = real_values()) {
    see_real_values_in(*search, incoming_.text.view(), SeenIn::message, verdict.real_values);
    refuse_real_values(*message().moment.bindings, setup_.destination.authority, verdict);
  }
  return verdict;
}

// Where no scheme signs: what carries neither a placeholder nor a secret is sent as it is.
void WebSocket::judge_text(WebSocketActions& actions) {
  Message& now = message();
  if (upstream_.has_closed) {  // RFC 6455 section 5.5.1: it takes no more
    end_message(ChargeFate::not_sent, std::nullopt, actions);
    next_message();
    return;
  }
  if (incoming_.unreadable) {
    refuse(incoming_.unreadable->reason, actions);
    return;
  }
  auto decided = decide_text({incoming_.text.view(),
                              setup_.target,
                              setup_.destination,
                              *now.moment.bindings,
                              now.moment.caller});
  now.pieces = std::move(decided.pieces);
  now.admission.decide(with_real_values(std::move(decided.verdict)));
  const Verdict& verdict = now.admission.verdict();
  if (verdict.decision == audit::Decision::pass && verdict.real_values.empty()) {
    pass_text(actions);
  } else if (!now.admission.is_allowed()) {
    record(actions);
  } else if (now.moment.refusal) {
    refuse(*now.moment.refusal, actions);  // I14: who opened it may not come any more
  } else {
    go_on(now.admission.admit({}, Asks(actions)), actions);
  }
}

void WebSocket::pass_text(WebSocketActions& actions) {
  actions.emplace_back(SetWait{Wait::none});
  send_payload();
  end_message(ChargeFate::keep, std::nullopt, actions);
  next_message();
}

// What the message says, or why it cannot be read.
std::optional<Reason> WebSocket::read() {
  Message& now = message();
  auto& unreadable = incoming_.unreadable;
  if (unreadable) {
    return unreadable->reason;
  }
  const std::string_view text = incoming_.text.view();
  if (now.moment.refusal || now.signer == nullptr) {
    // Who opened the WebSocket may not come any more, or no binding opens it (I14).
    unreadable =
        Unreadable{now.moment.refusal.value_or(Reason::endpoint_blocked), kPolicyViolation};
    now.reading = teller_->read(text);
    return unreadable->reason;
  }
  now.reading = now.signer->read(text);
  if (!now.reading) {
    unreadable = Unreadable{Reason::malformed_request, kPolicyViolation};
    return unreadable->reason;
  }
  return check_id();
}

// A reply must say which message it answers: by it the day's volume is kept or given back.
std::optional<Reason> WebSocket::check_id() const {
  if (replies_.awaited.contains(message().reading->id)) {
    return Reason::malformed_request;
  }
  const bool is_full = replies_.awaited.size() == base::bounds::kRepliesAwaitedMax;
  return is_full ? std::optional(Reason::too_busy) : std::nullopt;
}

// What forbids it although its binding allows it.
std::optional<Reason> WebSocket::check_allowed() const {
  const Admission& admission = message().admission;
  const bool begins_logon = message().reading->logon == bindings::LogonChange::begins;
  if (begins_logon && !logon_.rule.empty() && logon_.rule != admission.rule().name.text()) {
    // Should it fail at the upstream, the first logon holds on: orders are judged by its rule.
    return Reason::endpoint_blocked;
  }
  if (begins_logon && !may_log_on()) {
    return Reason::too_busy;
  }
  const auto bytes_max = admission.scope().max_body_bytes;
  return bytes_max && incoming_.text.size() > *bytes_max ? std::optional(Reason::body_too_large)
                                                         : std::nullopt;
}

void WebSocket::go_on(const Admission::Refusal& refusal, WebSocketActions& actions) {
  if (refusal) {
    refuse(*refusal, actions);
  } else if (message().admission.step() == Admission::Step::admitted) {
    record(actions);
  } else {
    state_ = Admitting{};
  }
}

void WebSocket::handle(const Charged& event, WebSocketActions& actions) {
  go_on(message().admission.take(event, Asks(actions)), actions);
}

void WebSocket::handle(SecretsUnavailable& event, WebSocketActions& actions) {
  go_on(message().admission.take(event), actions);
}

void WebSocket::handle(SecretsReady& event, WebSocketActions& actions) {
  Message& now = message();
  now.admission.take_secrets();
  if (event.now_us != 0) {
    now.moment.now_us = event.now_us;
  }
  const auto fault = prepare(event.secrets);
  go_on(fault ? std::optional(now.admission.refuse_secrets(*fault)) : std::nullopt, actions);
}

// Signs it, or puts its secrets in; what the matter is if that cannot be.
std::optional<SecretFault> WebSocket::prepare(std::span<const vault::Secret> secrets) {
  Message& now = message();
  auto made =
      signs() ? now.signer->sign(incoming_.text.view(),
                                 {secrets, now.moment.now_us, now.admission.nonce()})
              : write_text({bindings(), now.pieces, places_of(now.admission.verdict()), secrets});
  if (!made) {
    return fault_of(made.error());
  }
  if (made->size() > base::bounds::kWebSocketMessageBytesMax) {
    return SecretFault::unusable;
  }
  if (!now.holder.hold(*made)) {
    return SecretFault::no_room;
  }
  now.made = std::move(*made);
  const auto known = look_for(secrets);
  return known ? std::nullopt : std::optional(fault_of(known.error()));
}

// I8: what could not be looked for might come back and be shown.
base::Status WebSocket::look_for(std::span<const vault::Secret> secrets) {
  std::vector<WantedSecret> wanted;
  for (const Use& use : message().admission.verdict().uses) {  // one of each place
    const bindings::SecretRule& rule = bindings().rules[use.rule];
    const bindings::Injection& injection = *rule.places[use.place].injection;
    const auto& names = injection.needs();
    for (std::size_t i = 0; rule.scopes[use.scope].is_scrubbed && i < names.size(); ++i) {
      if (!injection.needs_private_key(i)) {
        wanted.push_back(wanted_secret(secrets[i], names[i].text(), rule.stand_in()));
      }
    }
    secrets = secrets.subspan(names.size());
  }
  if (wanted.empty()) {
    return {};
  }
  // None that was sent here is ever forgotten: what comes back may be the first.
  KnownSecrets alone;
  KnownSecrets& known = setup_.known == nullptr ? alone : *setup_.known;
  auto search = known.add(setup_.destination.authority.host, wanted, answers_.scrubber.search());
  if (!search) {
    return search.error();
  }
  answers_.scrubber.use(std::move(*search));
  return {};
}

// --- recording ---

void WebSocket::refuse(Reason reason, WebSocketActions& actions) {
  Message& now = message();
  now.made.reset();
  now.holder.release();
  now.admission.refuse(reason);
  record(actions);
}

void WebSocket::record(WebSocketActions& actions) {
  state_ = Recording{};
  Message& now = message();
  Admission::Shown shown;
  // I1: all of the target is masked before its path is taken, for a value may have a '?'.
  const auto search = real_values();
  shown.path = search == nullptr
                   ? shown_path(setup_.target, *now.moment.bindings)
                   : shown_path(mask_real_values(*search, setup_.target), *now.moment.bindings);
  if (now.reading) {
    shown.method = now.reading->method;
  } else if (!signs()) {
    shown.method = kAnyMessage;
  }
  now.admission.record(std::move(shown), Asks(actions));
}

void WebSocket::handle(const RecordDone& event, WebSocketActions& actions) {
  actions.emplace_back(SetWait{upstream_.has_closed ? Wait::websocket_close : Wait::none});
  if (const auto refusal = message().admission.take(event)) {
    tell_refusal(*refusal);
    end_message(ChargeFate::not_sent, std::nullopt, actions);
  } else {
    send_message(actions);
  }
  const auto unreadable = std::exchange(incoming_.unreadable, std::nullopt);
  next_message();
  if (unreadable) {
    close(unreadable->close_code,
          kGoingAway,
          Outcome::unknown,
          actions,
          audit::to_string(unreadable->reason));
  }
}

// Nobody says that the exchange takes up messages in their order. What went there unjudged, for
// nobody was logged on, must be answered before somebody is.
bool WebSocket::may_log_on() const {
  return !logon_.rule.empty() || (!logon_.has_unjudged_without_id &&
                                  std::ranges::none_of(replies_.awaited, [](const auto& entry) {
                                    return entry.second.may_act_unjudged;
                                  }));
}

// I6: this is called from RecordDone{is_durable} and from nowhere else.
void WebSocket::send_message(WebSocketActions& actions) {
  if (upstream_.has_closed) {
    end_message(ChargeFate::not_sent, RecordResponse{0, Outcome::not_sent, 0}, actions);
    return;
  }
  send_payload();
  if (signs()) {
    await_reply(actions);
  } else {
    end_message(ChargeFate::keep, RecordResponse{0, Outcome::unknown, 0}, actions);
  }
}

void WebSocket::await_reply(WebSocketActions& actions) {
  Message& now = message();
  const Admission& admission = now.admission;
  if (now.reading->logon == bindings::LogonChange::begins && admission.is_allowed()) {
    // For good: whether a later logout or logon took place is the upstream's to know, and until
    // then whoever has no key in its message acts by this one.
    logon_.rule = admission.rule().name.text();
  }
  const bool may_act_unjudged = !admission.is_allowed() && now.reading->may_act;
  if (now.reading->id.empty()) {
    logon_.has_unjudged_without_id = logon_.has_unjudged_without_id || may_act_unjudged;
    // Which reply is its own cannot be told.
    end_message(ChargeFate::keep, RecordResponse{0, Outcome::unknown, 0}, actions);
  } else {
    const auto* const venue = admission.verdict().rule ? admission.rule().venue : nullptr;
    replies_.awaited.emplace(now.reading->id, Awaited{now.moment.number, may_act_unjudged, venue});
    now.is_over = true;  // its reply ends it
  }
}

void WebSocket::send_payload() {
  Message& now = message();
  if (!now.made) {
    const std::string_view text = incoming_.text.view();
    send_made(
        Side::upstream, Opcode::text, signs() ? now.signer->rewrite(text) : std::string(text));
    return;
  }
  leaving_.sent = std::exchange(now.made, std::nullopt);
  upstream_.frames.push_back(
      {Side::upstream, Opcode::text, true, leaving_.sent->reveal(), /*is_secret=*/true});
}

// A refused message is answered in its own protocol, so that whoever waits for its reply gets one.
// In a protocol that nobody here speaks, the end of the connection says it.
void WebSocket::tell_refusal(Reason reason) {
  if (!signs()) {
    incoming_.unreadable = incoming_.unreadable.value_or(Unreadable{reason, kPolicyViolation});
    return;
  }
  const Message& now = message();
  const auto text = teller_->refuse({now.reading ? std::string_view(now.reading->id) : "",
                                     status_of(reason),
                                     audit::to_string(reason),
                                     detail_of(reason, now.admission.secret_fault()),
                                     now.moment.request_id,
                                     now.admission.retry_after_ms()});
  if (upstream_.has_closed) {
    return;  // the client was told the end already
  }
  if (client_.is_mid_message) {
    late_refusal_ = text;  // RFC 6455 section 5.4: not between the fragments of another message
  } else {
    send_made(Side::client, Opcode::text, text);
  }
}

void WebSocket::end_message(ChargeFate fate,
                            std::optional<RecordResponse> response,
                            WebSocketActions& actions) {
  if (message_ && !std::exchange(message_->is_over, true)) {
    actions.emplace_back(EndMessage{message_->moment.number, fate, std::move(response)});
  }
}

// The connection ends before the client's message was sent.
void WebSocket::end_message_under_way(WebSocketActions& actions) {
  const bool is_recorded =
      std::holds_alternative<Recording>(state_) && !message().admission.is_refused();
  end_message(ChargeFate::not_sent,
              is_recorded ? std::optional(RecordResponse{0, Outcome::not_sent, 0}) : std::nullopt,
              actions);
  next_message();
}

void WebSocket::next_message() {
  incoming_.text.release();
  message_.reset();
  if (!is_over()) {
    state_ = Reading{};
  }
}

bool WebSocket::awaits_charge(std::uint64_t number) const {
  return situation() == WebSocketSituation::charging && message().moment.number == number;
}

bool WebSocket::awaits_secrets() const {
  return situation() == WebSocketSituation::fetching_secrets;
}

bool WebSocket::awaits_record() const {
  return std::holds_alternative<Recording>(state_);
}

// While one is dealt with.
WebSocket::Message& WebSocket::message() {
  KS_ASSERT(message_.has_value());
  return *message_;
}

const WebSocket::Message& WebSocket::message() const {
  KS_ASSERT(message_.has_value());
  return *message_;
}

// --- replies ---

void WebSocket::note_reply(const MessagePiece& piece, WebSocketActions& actions) {
  if (!replies_.is_mid_reply) {
    replies_.is_read = piece.opcode == Opcode::text && !replies_.awaited.empty();
  }
  replies_.is_mid_reply = !piece.is_final;
  if (replies_.is_read) {
    read_reply(piece, actions);
  }
}

void WebSocket::read_reply(const MessagePiece& piece, WebSocketActions& actions) {
  replies_.bytes += piece.bytes.size();
  replies_.reader->feed(piece.bytes);
  if (!piece.is_final) {
    return;
  }
  if (const auto reply = replies_.reader->finish()) {
    end_replied(*reply, actions);
  }
  replies_.bytes = 0;
}

void WebSocket::end_replied(const bindings::Reply& reply, WebSocketActions& actions) {
  const auto found = replies_.awaited.find(reply.id);
  if (found == replies_.awaited.end()) {
    return;
  }
  actions.emplace_back(EndMessage{found->second.number,
                                  fate_by(found->second.venue, reply.status),
                                  RecordResponse{reply.status, Outcome::complete, replies_.bytes}});
  replies_.awaited.erase(found);
}

}  // namespace keyswap::flow
