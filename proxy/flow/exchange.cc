// SPDX-License-Identifier: Apache-2.0
//
// Where each event leads that a state takes. What it does not take is in exchange_table.h: nothing
// that comes from outside can reach a step that is not made for it.
//
//  AwaitingHead  ClientHead    -> Collecting, Holding, Admitting, Dialing or Recording
//                ClientRefused -> Recording; ClientGone -> Finished
//  Collecting    ClientBody; ClientEnd -> Holding, Admitting or Recording
//                ClientRefused, ClientGone, TimedOut -> Recording
//  Holding       Decided -> Admitting or Recording; TimedOut: what has become of it is asked for
//                ClientGone -> Recording (exchange_approval.cc)
//  Admitting     Charged -> Admitting or Recording; SecretsReady -> Dialing or Recording
//                SecretsUnavailable, ClientGone, TimedOut -> Recording
//  Dialing       Dialed, DialFailed, ClientGone -> Recording
//  Recording     RecordDone    -> Relaying, or an answer and Finished
//                DialFailed, TimedOut -> Finished; ClientGone: noted
//  Relaying      ClientBody, ClientEnd, Upstream*: passed on; the response's end -> Finished,
//                as is the 101 that grants a WebSocket
//                Charged, Secrets*, RecordDone: of a secret in the body (exchange_body.cc)
//                CaptureDone: of the answer, which goes on then -> Finished (exchange_capture.cc)
//                ClientGone, ClientRefused, UpstreamBroken, TimedOut -> Finished
//                UpstreamBroken of a connection that had rested, of a safe request ->
//                Admitting or Recording, once (exchange_resend.cc)
//
// In Recording there is a verdict; a refusal is answered once it is durable, everything else is
// sent. A connection that is lost in Dialing or Recording is the stream's affair (it gives
// DialFailed instead, or dials anew); in Relaying it ends in a 502 of ours, or, once the client has
// the head, in a visible cut. From the verdict to the secrets: exchange_admission.cc; the sending:
// exchange_send.cc; the response on its way to the client: exchange_response.cc; what is looked for
// in it: exchange_scrub.cc; what is looked for in the request: exchange_real_values.cc; what we
// answer ourselves: exchange_reply.cc.
#include "proxy/flow/exchange.h"

#include <utility>

#include "proxy/flow/connection_use.h"
#include "proxy/flow/honeytoken.h"
#include "proxy/flow/shown_path.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;
using http::Framing;

Exchange::Exchange(Setup setup)
    : setup_(std::move(setup)),
      admission_(setup_.bindings),
      body_(std::move(setup_.collected), base::bounds::kSignedBodyBytesMax) {}

void Exchange::on(Event event, Actions& actions) {
  switch (fit_of(situation(), event)) {
    case Fit::taken:
      std::visit([&](auto& happened) { handle(happened, actions); }, event);
      break;
    case Fit::ignored:
      return;
    case Fit::misfit:
      protocol_violation(actions);
      break;
  }
  if (!findings_.list().empty()) {
    tell_findings(actions);
  }
  if (spending_ != nullptr) {
    tell_spent(actions);
  }
}

// What it came to is told in the record of how it ended; what is sent again has not ended.
void Exchange::tell_spent(Actions& actions) const {
  for (Action& action : actions) {
    auto* const ended = std::get_if<RecordResponse>(&action);
    if (ended != nullptr && ended->outcome != Outcome::not_sent &&
        ended->outcome != Outcome::sent_again) {
      ended->spent = spending_->spent(ended->outcome == Outcome::complete);
    }
  }
}

// I10, I13: an event that nobody may hand in.
void Exchange::protocol_violation(Actions& actions) {
  cut(actions);
}

// What happened is not known, so nothing more is sent and both connections are cut.
void Exchange::cut(Actions& actions) {
  if (const auto* relaying = std::get_if<Relaying>(&state_)) {
    actions.emplace_back(RecordResponse{relaying->status, Outcome::unknown, relaying->body_bytes});
  } else {
    if (situation() == Situation::recording || is_sent_again_) {
      actions.emplace_back(RecordResponse{0, outcome_unsent(), 0});
    }
    settle(is_sent_again_ ? ChargeFate::keep : ChargeFate::not_sent, actions);
  }
  actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
  finish(ClientFate::abort, actions);
}

// A response may let itself be waited for; what its request was made of does not wait with it.
void Exchange::carried_out() {
  leaving_.answer.reset();
  leaving_.whole.reset();
  leaving_.captured.reset();
  if (leaving_.request) {
    leaving_.request.reset();
    if (is_collected_) {
      body_.release();
      swapping_.reset();
      watch_.reset();
      real_watch_.reset();
    }
  }
  if (is_finished()) {
    swapping_.reset();   // I1: with what it held of secrets
    resigning_.reset();  // likewise
  } else if (swapping_ != nullptr && swapping_->is_streamed) {
    swapping_->swap.rest();
    static_cast<void>(body_.count_besides(swapping_->swap.size()));  // less than before
  } else if (resigning_ != nullptr) {
    // I10: what left is not held any longer, nor is anything once the body is over.
    resigning_->signed_bytes.release();
    static_cast<void>(body_.count_besides(resigning_->signer->held()));  // less than before
    const auto* const now = std::get_if<Relaying>(&state_);
    if (now != nullptr && now->client_done) {
      resigning_.reset();
    }
  }
}

void Exchange::handle(ClientHead& event, Actions& actions) {
  auto& asked = asked_.emplace(Asked{std::move(event.head), std::move(event.reverse), {}});
  asked.target = asked.reverse ? std::string_view(asked.reverse->target)
                               : origin_target(asked.head, asked.made_target);
  asked.opens_tunnel = event.opens_tunnel;
  admission_.fail(std::move(event.failure));
  is_login_ = carries_connection_login(asked.head);
  const auto refused = check_question(event.refusal);
  Verdict verdict = refused         ? refusal(*refused)
                    : asked.reverse ? decide_reverse(request(), *asked.reverse)
                                    : flow::decide(request());
  verdict.honeytokens = honeytokens_in(request());
  look_for_real_values(verdict);
  admission_.decide(std::move(verdict));
  if (admission_.is_refused()) {
    record(nullptr, actions);
    return;
  }
  begin_body();
  if (swapping_ != nullptr) {
    hold_body(actions);
  } else {
    go_on_with_head(actions);
  }
}

void Exchange::handle(const ClientRefused& event, Actions& actions) {
  flaw_ = event.flaw;
  speech_ = event.speech;
  if (event.failure.is_known()) {
    fail(event.failure);
  }
  if (auto* relaying = std::get_if<Relaying>(&state_)) {
    // The body broke its framing after the head was sent: the upload is cut, never completed.
    actions.emplace_back(RecordResponse{relaying->status, Outcome::unknown, relaying->body_bytes});
    actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
    if (has_begun(*relaying)) {
      finish(ClientFate::abort, actions);
    } else {
      answer(event.reason, actions);
    }
    return;
  }
  refuse(event.reason, actions);
}

void Exchange::handle(const Dialed& /*event*/, Actions& actions) {
  record(take_prepared(), actions);
}

void Exchange::handle(const DialFailed& event, Actions& actions) {
  admission_.fail(event.failure);
  if (situation() == Situation::recording) {
    cannot_send(event.reason, actions);  // the connection was lost, and there is no other
  } else {
    refuse(event.reason, actions);
  }
}

void Exchange::handle(const RecordDone& event, Actions& actions) {
  if (std::holds_alternative<Relaying>(state_)) {
    recorded_in_body(event, relaying(), actions);
  } else if (const auto refusal = admission_.take(event)) {
    cannot_send(*refusal, actions);
  } else {
    send_request(take_prepared(), actions);
  }
}

void Exchange::handle(const ClientBody& event, Actions& actions) {
  if (auto* collecting = std::get_if<Collecting>(&state_)) {
    if (swapping_ != nullptr) {
      hold_piece(event.bytes, *collecting, actions);
    } else {
      collect_body(event.bytes, *collecting, actions);
    }
  } else {
    forward_body(event.bytes, relaying(), actions);
  }
}

void Exchange::forward_body(std::string_view bytes, Relaying& relaying, Actions& actions) {
  relaying.pace.add(bytes.size());
  relaying.request_body_bytes += bytes.size();
  const auto bytes_max = body_bytes_max();
  if (bytes_max && relaying.request_body_bytes > *bytes_max) {
    cut_upload(Reason::body_too_large, relaying, actions);  // its length was not said beforehand
    return;
  }
  if (relaying.wait == Wait::response_head && !relaying.has_head) {
    set_wait(relaying, Wait::request_body, actions);  // it was waiting for "100 Continue" until now
  }
  if (swapping_ != nullptr) {
    if (!body_.count_besides(swapping_->swap.size() + bytes.size())) {
      cut_upload(Reason::too_busy, relaying, actions);
    } else if (swapping_->swap.feed(bytes)) {
      static_cast<void>(send_body(relaying, actions));
    } else {
      cut(actions);  // I10: more came than was asked for
    }
  } else if (look_at_body(bytes, relaying, actions)) {
    if (resigning_ != nullptr) {
      sign_body(bytes, relaying, actions);
    } else {
      actions.emplace_back(SendRequestBody{bytes});
    }
  }
}

void Exchange::handle(const ClientEnd& /*event*/, Actions& actions) {
  if (std::holds_alternative<Collecting>(state_)) {
    if (swapping_ != nullptr) {
      judge_with_body(actions);
    } else {
      judge(actions);
    }
    return;
  }
  if (swapping_ == nullptr) {
    if (end_signed_body(relaying(), actions)) {
      end_upload(relaying(), actions);
    }
    return;
  }
  swapping_->swap.end();
  swapping_->has_ended = true;
  go_on_with_body(relaying(), actions);
}

void Exchange::handle(const ClientGone& event, Actions& actions) {
  is_client_gone_ = true;
  if (const auto* relaying = std::get_if<Relaying>(&state_)) {
    const Outcome outcome = event.has_stalled ? Outcome::client_timeout : Outcome::client_gone;
    actions.emplace_back(RecordResponse{relaying->status, outcome, relaying->body_bytes});
    actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
    finish(ClientFate::abort, actions);
  } else if (std::holds_alternative<AwaitingHead>(state_)) {
    finish(ClientFate::abort, actions);
  } else if (auto* recording = std::get_if<Recording>(&state_)) {
    recording->prepared.reset();  // the record is made, and nothing is sent
  } else {
    if (std::holds_alternative<Holding>(state_)) {
      actions.emplace_back(EndHold{HoldEnd::client_gone});
    }
    // Nothing was sent and nobody waits; that it was asked for is still recorded.
    actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
    refuse(Reason::client_timeout, actions);
  }
}

void Exchange::handle(const UpstreamBroken& event, Actions& actions) {
  if (is_behind_answer()) {
    return;
  }
  if (may_be_sent_again(event, relaying())) {
    send_again(actions);
    return;
  }
  fail(event.failure);
  const base::Cause cause = event.failure.cause;
  const bool has_stalled = cause == base::Cause::takes_nothing;
  if (relaying().has_head) {
    abort_response(
        relaying(), has_stalled ? Outcome::upstream_timeout : Outcome::truncated, actions);
  } else if (has_stalled) {
    fail_sent(Reason::upstream_timeout, Outcome::upstream_timeout, actions);
  } else if (base::is_of_tls(cause)) {
    // In TLS 1.3 an upstream may refuse us when the handshake is over on our side.
    fail_sent(Reason::upstream_tls_failed, Outcome::upstream_tls_failed, actions);
  } else {
    fail_sent(Reason::upstream_protocol_error, Outcome::upstream_protocol_error, actions);
  }
}

void Exchange::handle(const TimedOut& event, Actions& actions) {
  auto* relaying = std::get_if<Relaying>(&state_);
  if (relaying == nullptr) {
    give_up_waiting(event, actions);
    return;
  }
  switch (relaying->wait) {
    case Wait::none:
    case Wait::record:
    case Wait::approval:
    case Wait::websocket_close:
    case Wait::tunnel_speech:
    case Wait::tunnel_idle:
      return;
    case Wait::secrets:
      time_out_in_body(*relaying, actions);
      return;
    case Wait::capture:
      lose_captured(actions);
      return;
    case Wait::request_body:
      if (event.client_was_held) {
        set_wait(*relaying, Wait::request_body, actions);
      } else if (!relaying->pace.end_window()) {
        actions.emplace_back(SetWait{Wait::request_body});
      } else if (relaying->has_head) {
        abort_response(*relaying, Outcome::unknown, actions);
      } else {
        fail_sent(Reason::client_timeout, Outcome::unknown, actions);
      }
      return;
    case Wait::response_head:
      fail({base::Cause::answer_timed_out, {}});
      fail_sent(Reason::upstream_timeout, Outcome::upstream_timeout, actions);
      return;
    case Wait::response_body:
      fail({base::Cause::body_timed_out, {}});
      abort_response(*relaying, Outcome::upstream_timeout, actions);
      return;
  }
}

// Before anything was sent.
void Exchange::give_up_waiting(const TimedOut& event, Actions& actions) {
  if (auto* collecting = std::get_if<Collecting>(&state_)) {
    if (event.client_was_held || !collecting->pace.end_window()) {
      actions.emplace_back(SetWait{Wait::request_body});
    } else {
      refuse(Reason::client_timeout, actions);
    }
  } else if (std::holds_alternative<Holding>(state_)) {
    time_out_hold(actions);
  } else if (std::holds_alternative<Admitting>(state_)) {
    go_on(admission_.time_out(), actions);
  } else if (std::holds_alternative<Recording>(state_)) {
    // I10: a disk that hangs does not hold the client. Should the record become durable yet, what
    // follows it says that nothing was sent.
    is_record_late_ = true;
    cannot_send(Reason::audit_unavailable, actions);
  }
}

// --- steps ---

void Exchange::record(std::unique_ptr<Prepared> prepared, Actions& actions) {
  state_ = Recording{std::move(prepared)};
  admission_.record(shown(), Asks(actions));
}

// What records show of it.
Admission::Shown Exchange::shown() const {
  Admission::Shown what;
  if (asked_) {
    what.method = asked_->head.method;
    if (asked_->head.method != "CONNECT") {
      what.path =
          asked_->is_target_masked
              ? shown_path(mask_real_values(*real_values_, asked_->target), *setup_.bindings)
              : shown_path(asked_->target, *setup_.bindings);
    }
  }
  return what;
}

void Exchange::refuse(Reason reason, Actions& actions) {
  if (is_sent_again_) {
    // It was decided and sent already, and is not sent once more after all.
    cannot_send(reason, actions);
    return;
  }
  settle(ChargeFate::not_sent, actions);
  admission_.refuse(reason);
  record(nullptr, actions);
}

// The request was sent, and no response of the upstream reached the client.
void Exchange::fail_sent(Reason reason, Outcome outcome, Actions& actions) {
  // Not sent again; whether it was acted on is unknown.
  actions.emplace_back(RecordResponse{0, outcome, 0, told().failure()});
  actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
  answer(reason, actions);
}

// What the upstream answered cannot be passed on.
void Exchange::refuse_response(base::Failure failure, Actions& actions) {
  fail(std::move(failure));
  fail_sent(Reason::upstream_protocol_error, Outcome::upstream_protocol_error, actions);
}

void Exchange::abort_response(Relaying& relaying, Outcome outcome, Actions& actions) {
  if (relaying.capture != nullptr) {
    fail_sent(outcome == Outcome::upstream_timeout ? Reason::upstream_timeout
                                                   : Reason::upstream_protocol_error,
              outcome,
              actions);
    return;
  }
  if (relaying.held != nullptr && !let_go(relaying, actions)) {
    return;
  }
  actions.emplace_back(
      RecordResponse{relaying.status, outcome, relaying.body_bytes, admission_.failure()});
  actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
  finish(ClientFate::abort, actions);  // the client sees that the response is cut
}

void Exchange::set_wait(Relaying& relaying, Wait wait, Actions& actions) {
  relaying.wait = wait;
  relaying.pace = {};
  const bool is_bound = wait == Wait::response_head;
  actions.emplace_back(SetWait{wait, is_bound ? response_timeout_ms().value_or(0) : 0});
}

void Exchange::finish(ClientFate client, Actions& actions) {
  settle(ChargeFate::keep, actions);
  state_ = Finished{};  // I1: with what it held of secrets
  actions.emplace_back(SetWait{Wait::none});
  actions.emplace_back(Finish{client});
}

// For events that are taken in the situations of this state alone.
Exchange::Relaying& Exchange::relaying() {
  auto* const relaying = std::get_if<Relaying>(&state_);
  KS_ASSERT(relaying != nullptr);
  return *relaying;
}

// What it made of its secrets goes on to its next state.
std::unique_ptr<Exchange::Prepared> Exchange::take_prepared() {
  if (auto* const dialing = std::get_if<Dialing>(&state_)) {
    return std::move(dialing->prepared);
  }
  auto* const recording = std::get_if<Recording>(&state_);
  KS_ASSERT(recording != nullptr);
  return std::move(recording->prepared);
}

bool Exchange::has_request_body() const {
  const Framing& framing = asked_->head.framing;
  return framing.kind == Framing::Kind::chunked ||
         (framing.kind == Framing::Kind::length && framing.length > 0);
}

}  // namespace keyswap::flow
