// SPDX-License-Identifier: Apache-2.0
//
// Carrying out what a stream's machine asks for.
#include <algorithm>
#include <utility>

#include "proxy/net/approvals.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/capture_lane.h"
#include "proxy/net/clock_watch.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/host_secrets.h"
#include "proxy/net/strangers.h"
#include "proxy/net/stream.h"
#include "proxy/net/telling.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

}  // namespace

using audit::Reason;

// --- admission ---

void Stream::perform(const flow::Charge& action) {
  charge(*context_,
         setup_.policy,
         setup_.caller.name,
         action,
         [self = anchor_.handle()](limits::ChargeAnswer& answer) {
           Stream* const stream = self.get();
           return stream != nullptr && stream->charge_done(answer);
         });
}

bool Stream::charge_done(limits::ChargeAnswer& answer) {
  if (!exchange_ || !exchange_->awaits_charge()) {
    return false;
  }
  tell_passed_budget(*context_, {setup_.policy, request_id_, setup_.caller.name}, answer);
  tickets_.push_back(std::move(answer.ticket));
  on(charged_by(answer));
  return true;
}

void Stream::perform(const flow::Settle& action) {
  for (limits::Ticket& ticket : std::exchange(tickets_, {})) {
    settle(*context_, ticket, action.fate);
    if (ticket.spend && action.fate != flow::ChargeFate::not_sent) {
      tickets_.push_back(std::move(ticket));  // until it is known what it came to
    }
  }
}

// --- a person's decision ---

void Stream::perform(const flow::AskApproval& action) {
  if (context_->memory.approvals == nullptr) {
    on(flow::Decided{Reason::limits_unavailable, std::nullopt, 0});
    return;
  }
  record_.operation = context_->memory.approvals->ask(
      {request_id_, setup_.caller.name, exchange_->destination(), setup_.policy.bindings},
      action,
      [loop = context_->loop, approvals = context_->memory.approvals, self = anchor_.handle()](
          flow::Decided decision) {
        loop->post([approvals, self, decision = std::move(decision)] {
          if (Stream* const stream = self.get()) {
            stream->decided(decision);
          } else if (!decision.refusal && decision.operation) {
            approvals->finish(decision.operation->id, approvals::State::failed);  // never sent
          }
        });
      });
}

void Stream::decided(flow::Decided decision) {
  const bool is_granted = !decision.refusal && decision.operation;
  if (!exchange_ || !exchange_->awaits_decision()) {
    if (is_granted) {
      context_->memory.approvals->finish(decision.operation->id, approvals::State::failed);
    }
    return;
  }
  record_.operation = is_granted ? decision.operation->id : "";
  on(std::move(decision));
}

void Stream::perform(const flow::EndHold& action) {
  if (!record_.operation.empty()) {
    context_->memory.approvals->end_hold(record_.operation, action.why);
  }
  if (action.why == flow::HoldEnd::client_gone) {
    record_.operation.clear();
  }
}

// What became of what a person let through. Without an outcome: not a byte of it was sent.
void Stream::end_operation(int status, std::optional<audit::Outcome> outcome) {
  constexpr int kFirstFailure = 400;
  if (record_.operation.empty() || outcome == audit::Outcome::sent_again) {
    return;
  }
  auto state = approvals::State::failed;
  if (outcome && outcome != audit::Outcome::not_sent) {
    state = status == 0              ? approvals::State::unknown
            : status < kFirstFailure ? approvals::State::succeeded
                                     : approvals::State::failed;
  }
  context_->memory.approvals->finish(std::exchange(record_.operation, ""), state);
}

void Stream::perform(const flow::FetchSecrets& action) {
  learn_host_secrets(*context_->secrets,
                     *context_->memory.known,
                     exchange_->bindings(),
                     exchange_->destination().authority,
                     action.places);
  fetch_.begin(
      exchange_->bindings(), action.places, setup_.caller.name, [this](SecretFetch::Answer answer) {
        if (auto* const ready = std::get_if<flow::SecretsReady>(&answer)) {
          ready->clock_shift_us =
              clock_shift_us(*context_, setup_.policy, exchange_->destination());
        }
        std::visit([this](auto& fetched) { on(std::move(fetched)); }, answer);
      });
}

// --- the connection to the upstream ---

void Stream::perform(const flow::Dial& /*action*/) {
  if (context_->audit->is_dead()) {
    on(flow::DialFailed{Reason::audit_unavailable});  // I13: it could not be sent anyway
    return;
  }
  get_upstream();
  if (lease_.upstream() != nullptr) {
    on(flow::Dialed{});
  }
}

void Stream::perform(const flow::DialAnew& /*action*/) {
  record_.is_durable = false;  // I6: what was durable allowed the first sending
  record_.is_again = true;
  wait_for_record();
  get_upstream();
}

void Stream::get_upstream() {
  Lease::Wanted wanted{exchange_->destination(),
                       setup_.policy,
                       setup_.client->owner(setup_.caller.name),
                       exchange_->answer_to()};
  if (record_.is_again) {
    lease_.get_anew(std::move(wanted));
  } else {
    lease_.get(std::move(wanted));
  }
}

void Stream::perform(const flow::ReleaseUpstream& action) {
  lease_.release(action);
}

// --- records ---

void Stream::perform(const flow::Record& action) {
  if (is_counted_stranger(action)) {
    on(flow::RecordDone{true});
    return;
  }
  note(action);
  wait_for_record();
}

void Stream::perform(const flow::NoteDecision& action) {
  note(action.record);
}

void Stream::perform(const flow::NoteRealValues& action) {
  add_real_values(*context_, decision_of(), action.record);
}

DecisionOf Stream::decision_of() const {
  return {request_id_,
          setup_.client->address,
          setup_.client->user,
          setup_.caller.name,
          exchange_->destination(),
          *setup_.policy.bindings};
}

void Stream::note(const flow::Record& decision) {
  add_decision(*context_, decision_of(), decision);
}

void Stream::wait_for_record() {
  record_.is_awaited = true;
  context_->audit->wait_for([self = anchor_.handle()](bool is_durable) {
    if (Stream* const stream = self.get()) {
      stream->record_done(is_durable);
    }
  });
}

void Stream::record_done(bool is_durable) {
  if (!std::exchange(record_.is_awaited, false) || !exchange_) {
    return;
  }
  // The connection closed while the record was made. Nothing was sent yet, so another one will do.
  if (is_durable && lease_.upstream() == nullptr && exchange_->is_about_to_send()) {
    record_.is_durable = true;
    if (!lease_.is_dialing()) {
      get_upstream();
    }
    if (lease_.upstream() == nullptr) {
      return;
    }
  }
  on(flow::RecordDone{is_durable});
}

// A refusal that is told with others of its kind. A dead log refuses it for that instead.
bool Stream::is_counted_stranger(const flow::Record& action) const {
  const std::string& caller = setup_.caller.name;
  const bool is_unknown = caller.empty() || action.reason == Reason::caller_not_allowed;
  if (action.decision != audit::Decision::refused || setup_.place != Place::listener ||
      !is_unknown || !action.honeytokens.empty() || !action.real_values.empty() ||
      context_->audit->is_dead()) {
    return false;
  }
  if (action.reason == Reason::user_not_allowed) {
    context_->telling->user_not_allowed(setup_.client->user);
  }
  const http::Authority& authority = exchange_->destination().authority;
  return !context_->strangers->add({.request_id = request_id_,
                                    .reason = action.reason,
                                    .address = setup_.client->address,
                                    .user = setup_.client->user,
                                    .caller = caller,
                                    .host = authority.host,
                                    .port = authority.port,
                                    .method = std::string(action.method),
                                    .path = action.path,
                                    .bindings_sha256 = setup_.policy.bindings->sha256},
                                   context_->clock->steady_us());
}

void Stream::perform(const flow::RecordResponse& action) {
  end_operation(action.status, action.outcome);
  add_response(
      *context_, request_id_, exchange_->destination(), action, sent_us_, lease_.upstream());
  if (action.spent) {
    for (const limits::Ticket& ticket : std::exchange(tickets_, {})) {
      if (ticket.spend) {
        spend(*context_, {setup_.policy, request_id_, setup_.caller.name}, ticket, *action.spent);
      }
    }
  }
  constexpr int kUnauthorized = 401;
  if (action.status == kUnauthorized) {
    fetch_.tell_refused();  // before the client has the whole answer, and may ask again
  }
}

// --- what is captured ---

void Stream::perform(const flow::KeepCaptured& action) {
  if (context_->memory.captures == nullptr) {
    captured(false);
    return;
  }
  const std::int64_t now_s = context_->clock->wall_us() / kUsPerSecond;
  std::vector<vault::CapturedEntry> entries;
  for (const flow::CapturedValue& one : action.values) {
    entries.push_back({exchange_->bindings().rules[one.rule].name,
                       one.value.share(),
                       one.life_s ? std::optional(now_s + *one.life_s) : std::nullopt});
  }
  context_->memory.captures->keep(std::move(entries), [self = anchor_.handle()](bool is_kept) {
    if (Stream* const stream = self.get()) {
      stream->captured(is_kept);
    }
  });
}

void Stream::captured(bool is_kept) {
  if (exchange_ && exchange_->awaits_capture()) {
    on(flow::CaptureDone{is_kept});
  }
}

// --- heads, pieces of bodies, ends ---

void Stream::perform(const flow::SendRequestHead& action) {
  if (lease_.upstream() != nullptr) {
    sent_us_ = context_->clock->steady_us();
  }
  if (!lease_.send_head(action.head)) {
    on(flow::NotWritten{.is_request_head = true});
  }
}

void Stream::perform(const flow::SendRequestBody& action) {
  if (!lease_.send_body(action.bytes)) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::SendRequestSecret& action) {
  if (!lease_.send_secret(action.bytes)) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::EndRequest& /*action*/) {
  if (!lease_.end_request()) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::SendPartingWords& action) {
  setup_.codec->leg().write(action.words);
}

void Stream::perform(const flow::SendResponseHead& action) {
  if (!setup_.codec->send_head(action.head)) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::SendResponseBody& action) {
  if (!setup_.codec->send_body(action.bytes)) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::EndResponse& /*action*/) {
  if (!setup_.codec->end_response()) {
    on(flow::NotWritten{});
  }
}

void Stream::perform(const flow::RefuseInTunnel& action) {
  run_.refused = RefusedTunnel{exchange_->destination(), action.reply};
}

void Stream::perform(const flow::ReadClient& /*action*/) {
  setup_.owner->on_stream_wants_bytes();
}

// --- waits and ends ---

void Stream::perform(const flow::SetWait& action) {
  wait_ms_ = wait_ms(action);
  if (wait_ms_ > 0) {
    timer_.set(wait_ms_);
  } else {
    timer_.clear();
  }
}

// 0: nothing is waited for.
std::int64_t Stream::wait_ms(const flow::SetWait& action) const {
  switch (action.wait) {
    case flow::Wait::request_body:
      return base::bounds::kRequestBodyWindowMs;
    case flow::Wait::record:
      return base::bounds::kRecordMs;
    case flow::Wait::approval:
      return action.ms;
    case flow::Wait::secrets:
      return base::bounds::kSecretFetchMs;
    case flow::Wait::response_head:
      return response_wait_ms(action.ms > 0 ? action.ms : base::bounds::kResponseHeadMs);
    case flow::Wait::response_body:
      return response_wait_ms(base::bounds::kResponseBodyIdleMs);
    case flow::Wait::capture:
      return base::bounds::kCaptureMs;
    case flow::Wait::none:
    case flow::Wait::websocket_close:  // proxy/net/websocket_relay.h
    case flow::Wait::tunnel_speech:    // proxy/net/tunnel.h
    case flow::Wait::tunnel_idle:      // likewise
      return 0;
  }
  KS_UNREACHABLE();
}

std::int64_t Stream::response_wait_ms(std::int64_t usual_ms) const {
  return setup_.owner->is_client_done() ? std::min(usual_ms, base::bounds::kHalfClosedMs)
                                        : usual_ms;
}

void Stream::perform(const flow::BeginWebSocket& action) {
  run_.begun = action;
  run_.is_upgraded = true;
  run_.fate = flow::ClientFate::keep;
}

void Stream::perform(const flow::Finish& action) {
  run_.fate = action.client;
}

}  // namespace keyswap::net
