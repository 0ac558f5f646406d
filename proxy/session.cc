// SPDX-License-Identifier: Apache-2.0
//
// Reading the client's bytes, and the end of a session. Where a request goes is in
// session_requests.cc, CONNECT in session_tunnel.cc, what an exchange asks for in
// session_actions.cc.
#include "proxy/session.h"

#include <utility>

#include "proxy/connector.h"
#include "proxy/flow/decode_refusal.h"
#include "proxy/flow/reply.h"

namespace keyswap::proxy {

using audit::Reason;
using http::Step;

namespace {
constexpr std::size_t kUnreadPauseBytes = base::bounds::kLegUnreadBytesMax / 2;
}  // namespace

Session::Session(Context& context, std::uint64_t id, std::function<void(std::uint64_t)> ended)
    : context_(&context),
      id_(id),
      ended_(std::move(ended)),
      leg_(context, *this),
      bound_(context),
      fetch_(*context.secrets),
      timer_(*context.loop, [this] { on_time_out(); }) {}

void Session::start(int socket) {
  client_user_ = context_->users->user_of(socket);
  if (!leg_.adopt(socket)) {
    end();
    return;
  }
  client_address_ = uv::to_string(leg_.remote());
  leg_.set_patience(base::bounds::kResponseBodyIdleMs);
  policy_ = context_->policy;
  timer_.set(base::bounds::kConnectRequestMs);
  leg_.start_reading();
}

// --- reading ---

bool Session::wants_bytes() const {
  if (phase_ == Phase::websocket) {
    return websocket_->wants_client();
  }
  return (phase_ == Phase::listener || phase_ == Phase::requests) &&
         (!exchange_ || exchange_->wants_body());
}

void Session::on_leg_bytes(std::string_view bytes) {
  switch (phase_) {
    case Phase::listener:
    case Phase::requests:
    case Phase::websocket:
      awaits_trust_ = false;
      take(bytes);
      return;
    case Phase::minting:
    case Phase::dialing:
    case Phase::handshake:
      put_aside(bytes);
      return;
    case Phase::first_byte:
      put_aside(bytes);
      listen_to_client();
      return;
    case Phase::tunnel:
      opaque_bytes(bytes);
      return;
    case Phase::closing:
    case Phase::ended:
      return;
  }
}

void Session::take(std::string_view bytes) {
  if (!unread_.empty() || !wants_bytes()) {
    put_aside(bytes);
    if (wants_bytes()) {
      read_on();
    }
    return;
  }
  const std::string_view rest = decode(bytes);
  if (!rest.empty()) {
    put_aside(rest);
  }
}

void Session::put_aside(std::string_view bytes) {
  if (phase_ == Phase::closing || phase_ == Phase::ended) {
    return;
  }
  if (!unread_.append(bytes)) {
    cut();  // I10; cannot happen while a full buffer holds back the reading
    return;
  }
  if (unread_.size() >= kUnreadPauseBytes) {
    leg_.hold(Leg::Hold::unread_full);
  }
}

// What was put aside, for another reader than the decoder. It is in nobody's way any more.
base::Buffer Session::take_unread() {
  leg_.release(Leg::Hold::unread_full);
  return std::move(unread_);
}

void Session::read_on_later() {
  if (!will_read_on_) {
    will_read_on_ = true;
    context_->defer([this] {
      will_read_on_ = false;
      read_on();
    });
  }
}

void Session::read_on() {
  if (phase_ == Phase::first_byte) {
    listen_to_client();
    return;
  }
  if (!wants_bytes()) {
    return;
  }
  if (!unread_.empty()) {
    base::Buffer input = std::move(unread_);  // what is decoded must not move under the decoder
    const std::size_t rest = decode(input.view()).size();
    input.consume(input.size() - rest);
    if (rest > 0 && phase_ != Phase::closing && phase_ != Phase::ended) {
      unread_ = std::move(input);
    }
  }
  if (unread_.size() < kUnreadPauseBytes) {
    leg_.release(Leg::Hold::unread_full);
  }
  if (is_client_ended_) {
    after_client_end();
  }
}

// Gives what it did not use.
std::string_view Session::decode(std::string_view bytes) {
  if (websocket_) {
    return websocket_->on_client_bytes(bytes);
  }
  is_in_read_ = true;
  const std::string_view rest = decode_steps(bytes);
  is_in_read_ = false;
  if (phase_ != Phase::closing && phase_ != Phase::ended) {
    flush_legs();
    balance();
  }
  return rest;
}

std::string_view Session::decode_steps(std::string_view bytes) {
  while (wants_bytes()) {
    const Step step = decoder_.next(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.kind) {
      case Step::Kind::need_more:
        if (!exchange_ && decoder_.is_mid_message() && !is_head_timed_) {
          is_head_timed_ = true;
          timer_.set(base::bounds::kRequestHeadMs);
        }
        return bytes;
      case Step::Kind::head:
        begin_request(decoder_.take_request());
        break;
      case Step::Kind::body:
        if (exchange_) {
          drive(flow::ClientBody{step.body});
        }
        break;
      case Step::Kind::end:
        if (exchange_) {
          drive(flow::ClientEnd{});
        }
        break;
      case Step::Kind::error:
        if (exchange_) {
          drive(flow::ClientRefused{flow::reason_of(step.error), step.note});
        } else {
          policy_ = context_->policy;
          refuse_request(flow::reason_of(step.error), step.note);
        }
        return bytes;
    }
  }
  return bytes;
}

void Session::on_leg_secured() {
  tunnel_.server_name = leg_.engine().server_name();
  begin_requests();
}

// --- the end ---

void Session::on_leg_end(bool is_clean) {
  is_client_ended_ = true;
  // A client that says its end after the handshake was only looking.
  if (awaits_trust_ && !(is_clean && phase_ == Phase::requests)) {
    tls_failed("closed", audit::AlertBy::nobody);
  }
  switch (phase_) {
    case Phase::tunnel:
      pass_first_bytes();
      opaque_->on_client_end();
      return;
    case Phase::websocket:
      websocket_->on_client_gone();
      return;
    case Phase::closing:
      if (leg_.pending_bytes() == 0) {
        end();
      }
      return;
    case Phase::listener:
    case Phase::requests:
      if (unread_.empty()) {
        after_client_end();
      }
      return;
    case Phase::dialing:
    case Phase::minting:
    case Phase::first_byte:
    case Phase::handshake:
    case Phase::ended:
      after_client_end();
      return;
  }
}

// The client will send no more, and all it sent is decoded as far as it may be. What was decoded
// last may be a CONNECT.
void Session::after_client_end() {
  switch (phase_) {
    case Phase::listener:
    case Phase::requests:
      if (!exchange_) {
        close_politely(Leg::Ending::said);
      } else if (exchange_->wants_body()) {
        drive(flow::ClientGone{});  // an upload cut short is never completed
      } else if (is_sent_) {
        timer_.set(base::bounds::kHalfClosedMs);
      }
      return;
    case Phase::dialing:
      give_up_dialing(Reason::client_timeout);
      return;
    case Phase::minting:
    case Phase::first_byte:
    case Phase::handshake:
      if (awaits_trust_) {
        tls_failed("closed", audit::AlertBy::nobody);
      }
      end();
      return;
    case Phase::tunnel:
    case Phase::websocket:
    case Phase::closing:
    case Phase::ended:
      return;
  }
}

void Session::on_leg_broken(base::Errc /*why*/) {
  is_broken_ = true;
  if (awaits_trust_) {
    tls_broke();
  }
  if (exchange_) {
    drive(flow::ClientGone{leg_.has_stalled()});  // its end ends the session
  } else if (phase_ == Phase::websocket) {
    websocket_->on_client_gone();
  } else if (phase_ == Phase::dialing) {
    give_up_dialing(Reason::client_timeout);
  } else {
    end();
  }
}

void Session::on_leg_drained() {
  if (phase_ == Phase::tunnel) {
    opaque_->on_client_drained();
  } else if (phase_ == Phase::websocket) {
    websocket_->on_client_drained();
  } else if (phase_ == Phase::closing) {
    if (is_client_ended_) {
      end();
    } else {
      timer_.set(base::bounds::kLingerMs);
    }
  } else if (upstream_) {
    upstream_->leg().release(Leg::Hold::other_side_full);
  }
}

// Says goodbye and lets what was written arrive; a client that still sends does not get a reset
// that would destroy the answer on its way.
void Session::close_politely(Leg::Ending ending) {
  if (phase_ == Phase::ended || phase_ == Phase::closing) {
    return;
  }
  if (is_broken_) {
    end();
    return;
  }
  phase_ = Phase::closing;
  unread_.release();
  leg_.finish_writing(ending);
  if (is_client_ended_ && leg_.pending_bytes() == 0) {
    end();
    return;
  }
  leg_.release(Leg::Hold::unread_full);
  leg_.release(Leg::Hold::other_side_full);
  leg_.release(Leg::Hold::not_ready);
  if (leg_.pending_bytes() > 0) {
    leg_.set_patience(base::bounds::kWriteStallMs);
    timer_.clear();  // it is drained, or breaks
  } else {
    timer_.set(base::bounds::kLingerMs);
  }
}

void Session::drop_upstream() {
  if (dial_) {
    dial_->cancel();
    context_->bury(std::move(dial_));
  }
  if (upstream_) {
    lose_upstream();
  }
}

void Session::end() {
  if (phase_ == Phase::ended) {
    return;
  }
  if (opaque_) {
    record_tunnel_end();
  } else if (phase_ == Phase::dialing && awaits_record_) {
    record_tunnel_unsent();
  }
  phase_ = Phase::ended;
  timer_.clear();
  leg_.silence();
  drop_upstream();
  ended_(id_);
}

void Session::cut() {
  is_broken_ = true;
  leg_.silence();
  if (exchange_) {
    drive(flow::ClientGone{});
  } else if (phase_ == Phase::websocket) {
    websocket_->on_client_gone();
  } else {
    end();
  }
}

void Session::drain() {
  if (exchange_) {
    exchange_->drain();
  } else if (phase_ == Phase::websocket) {
    websocket_->drain();
  } else if (phase_ == Phase::listener || phase_ == Phase::requests) {
    close_politely(Leg::Ending::said);
  } else if (phase_ == Phase::dialing) {
    give_up_dialing(Reason::shutting_down);
  } else if (phase_ != Phase::tunnel && phase_ != Phase::closing) {
    timer_.set(base::bounds::kHalfClosedMs);  // CONNECT was granted: its request may come yet
  }
}

void Session::on_time_out() {
  if (exchange_) {
    on_wait_over();
    return;
  }
  switch (phase_) {
    case Phase::listener:
    case Phase::requests:
      if (decoder_.is_mid_message()) {
        refuse_request(Reason::client_timeout);
      } else {
        close_politely(Leg::Ending::said);
      }
      return;
    case Phase::tunnel:
      pass_first_bytes();  // I10: who may yet say more does not hold them longer
      if (const std::int64_t left_ms = opaque_->idle_left_ms(); left_ms > 0) {
        timer_.set(left_ms);
      } else {
        end();
      }
      return;
    case Phase::websocket:
      return;  // it has its own timer
    case Phase::dialing:
      give_up_tunnel();
      return;
    case Phase::minting:
      refuse_leaf({base::Errc::timed_out, "a certificate was not made in time"});
      return;
    case Phase::first_byte:
    case Phase::handshake:
      tls_failed("timed_out", audit::AlertBy::nobody);
      end();
      return;
    case Phase::closing:
    case Phase::ended:
      end();
      return;
  }
}

void Session::on_wait_over() {
  // An upstream that is not read cannot say more. How long its client may take is the leg's affair.
  if (upstream_ && upstream_->leg().is_held()) {
    timer_.set(wait_ms_);
    return;
  }
  if (is_client_ended_ && is_sent_) {
    drive(flow::ClientGone{});
    return;
  }
  drive(flow::TimedOut{leg_.is_held()});
}

// --- the table ---

Session* SessionTable::find(std::uint64_t id) {
  const auto entry = sessions_.find(id);
  return entry == sessions_.end() ? nullptr : entry->second.get();
}

Session& SessionTable::add() {
  const std::uint64_t id = ++ids_given_;
  auto session = std::make_unique<Session>(*context_, id, [this](std::uint64_t ended) {
    const auto entry = sessions_.find(ended);
    if (entry != sessions_.end()) {
      context_->bury(std::move(entry->second));
      sessions_.erase(entry);
      on_ended();
    }
  });
  return *sessions_.emplace(id, std::move(session)).first->second;
}

std::vector<Session*> SessionTable::all() {
  std::vector<Session*> found;
  found.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) {
    found.push_back(session.get());
  }
  return found;
}

void SessionTable::policy_changed() {
  for (const auto& [id, session] : sessions_) {
    session->policy_changed();
  }
}

void SessionTable::drain_all() {
  for (Session* session : all()) {
    session->drain();
  }
}

void SessionTable::cut_all() {
  for (Session* session : all()) {
    session->cut();
  }
}

}  // namespace keyswap::proxy
