// SPDX-License-Identifier: Apache-2.0
//
// What each state waits for, on the client's side; frames of the upstream are passed on in all of
// them but the last.
//
//  Reading          MessagePiece: passed on; or collected, and the last -> Charging,
//                   FetchingSecrets or Recording. TimedOut -> Over
//  Charging         Charged       -> FetchingSecrets or Recording; TimedOut -> Recording
//  FetchingSecrets  SecretsReady, SecretsUnavailable, TimedOut -> Recording
//  Recording        RecordDone    -> Reading (sent, or refused), or Over; TimedOut -> Over
//  Over             nothing
//
// From any of them SideGone, FrameError, GoingAway and the second Close frame -> Over. What no
// state waits for (fits()) -> Over, too: a second message of the client while one is dealt with, an
// answer that nobody asked for.
#include "proxy/flow/websocket.h"

#include <utility>

namespace keyswap::flow {

using audit::Outcome;
using http::Opcode;

namespace {

// RFC 6455 section 7.4.1, and the registry it made.
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kBadGateway = 1014;

// What a large message took is not kept for the pings that follow.
void make_empty(base::Buffer& buffer) {
  constexpr std::size_t kKeptBytesMax = 4096;
  if (buffer.size() > kKeptBytesMax) {
    buffer.release();
  } else {
    buffer.clear();
  }
}

Side other_side(Side side) {
  return side == Side::client ? Side::upstream : Side::client;
}

}  // namespace

WebSocket::WebSocket(Setup setup)
    : setup_(std::move(setup)),
      holder_(setup_.holdings, setup_.caller),
      scrubber_(setup_.form_cache, vault::Holder(setup_.holdings, setup_.caller)) {
  const auto* const signer =
      find_message_signer(*setup_.bindings, setup_.destination.authority, setup_.target);
  is_judged_ = signer != nullptr;
  if (is_judged_) {
    teller_ = signer;
    replies_ = signer->reply_reader();
  }
}

WebSocket::~WebSocket() {
  release_message();
}

void WebSocket::on(WebSocketEvent event, WebSocketActions& actions) {
  if (is_over()) {
    return;
  }
  if (fits(event)) {
    std::visit([&](auto& happened) { handle(happened, actions); }, event);
  } else {
    close(kGoingAway, kGoingAway, Outcome::unknown, actions);  // I10, I13: a mistake of ours
  }
  for (auto* const frames : {&to_upstream_, &to_client_}) {
    actions.insert(actions.end(), frames->begin(), frames->end());
    frames->clear();
  }
  if (is_over()) {
    actions.emplace_back(SetWait{Wait::none});
    actions.emplace_back(EndWebSocket{outcome_});
  }
}

void WebSocket::carried_out() {
  made_.clear();
  make_empty(scrubbed_);
  sent_.reset();  // I1
}

// The rest may come at any time.
bool WebSocket::fits(const WebSocketEvent& event) const {
  if (const auto* piece = std::get_if<MessagePiece>(&event); piece != nullptr) {
    const bool needs_moment = piece->from == Side::client && piece->is_final && is_judged_;
    return (piece->from == Side::upstream || wants_client()) &&
           (!needs_moment || piece->moment.has_value());
  }
  if (std::holds_alternative<Charged>(event)) {
    return std::holds_alternative<Charging>(state_);
  }
  if (std::holds_alternative<SecretsReady>(event) ||
      std::holds_alternative<SecretsUnavailable>(event)) {
    return std::holds_alternative<FetchingSecrets>(state_);
  }
  return !std::holds_alternative<RecordDone>(event) || std::holds_alternative<Recording>(state_);
}

void WebSocket::handle(MessagePiece& event, WebSocketActions& actions) {
  if (event.from == Side::client) {
    if (is_judged_) {
      collect(event, actions);
    } else {
      pass_piece(event);
    }
  } else if (!has_upstream_closed_) {
    if (is_judged_) {
      pass_reply(event, actions);
    } else {
      pass_piece(event);
    }
  }
}

void WebSocket::handle(const ControlFrame& event, WebSocketActions& actions) {
  bool& has_closed = event.from == Side::client ? has_client_closed_ : has_upstream_closed_;
  if (has_closed) {
    return;  // RFC 6455 section 5.5.1: nothing comes after a Close
  }
  send(other_side(event.from), event.opcode, true, event.payload);
  if (event.opcode != Opcode::close) {
    return;
  }
  has_closed = true;
  if (has_client_closed_ && has_upstream_closed_) {
    end(Outcome::complete, actions);
  } else {
    actions.emplace_back(SetWait{Wait::websocket_close});
  }
}

void WebSocket::handle(const FrameError& event, WebSocketActions& actions) {
  if (event.from == Side::client) {
    close(kProtocolError, kGoingAway, Outcome::unknown, actions);
  } else {
    close(kBadGateway, kProtocolError, Outcome::upstream_protocol_error, actions);
  }
}

void WebSocket::handle(const SideGone& event, WebSocketActions& actions) {
  if (has_client_closed_ || has_upstream_closed_) {
    close(kGoingAway, kGoingAway, Outcome::complete, actions);  // it had said so
  } else if (event.from == Side::client) {
    close(kGoingAway,
          kGoingAway,
          event.has_stalled ? Outcome::client_timeout : Outcome::client_gone,
          actions);
  } else {
    close(kBadGateway,
          kGoingAway,
          event.has_stalled ? Outcome::upstream_timeout : Outcome::truncated,
          actions);
  }
}

void WebSocket::handle(const GoingAway& /*event*/, WebSocketActions& actions) {
  close(kGoingAway, kGoingAway, Outcome::unknown, actions);
}

void WebSocket::handle(const TimedOut& /*event*/, WebSocketActions& actions) {
  if (std::holds_alternative<Charging>(state_)) {
    refuse(audit::Reason::limits_unavailable, actions);
    return;
  }
  if (std::holds_alternative<FetchingSecrets>(state_)) {
    refuse_secret(SecretFault::late, actions);
    return;
  }
  if (std::holds_alternative<Recording>(state_)) {
    // I10: a disk that hangs does not hold the client. Should the record become durable yet, what
    // follows it says that nothing was sent.
    tell_refusal(audit::Reason::audit_unavailable);
  }
  close(is_collecting_ ? kPolicyViolation : kGoingAway, kGoingAway, Outcome::unknown, actions);
}

// --- steps ---

void WebSocket::send(Side to, Opcode opcode, bool is_final, std::string_view payload) {
  (to == Side::client ? to_client_ : to_upstream_).push_back({to, opcode, is_final, payload});
}

// One whole message, or a control frame, of our own making.
void WebSocket::send_made(Side to, Opcode opcode, std::string payload) {
  send(to, opcode, true, made_.emplace_front(std::move(payload)));
}

void WebSocket::pass_piece(const MessagePiece& piece) {
  const Side to = other_side(piece.from);
  bool& is_mid_message =
      to == Side::client ? is_mid_message_to_client_ : is_mid_message_to_upstream_;
  if (piece.bytes.empty() && !piece.is_final) {
    return;
  }
  send(to, is_mid_message ? Opcode::continuation : piece.opcode, piece.is_final, piece.bytes);
  is_mid_message = !piece.is_final;
}

// Says the end to both sides that have not heard it, and ends.
void WebSocket::close(std::uint16_t client_code,
                      std::uint16_t upstream_code,
                      Outcome outcome,
                      WebSocketActions& actions) {
  // What one side said was passed on to the other.
  if (!has_upstream_closed_) {
    send_made(Side::client, Opcode::close, http::close_payload(client_code, ""));
  }
  if (!has_client_closed_) {
    send_made(Side::upstream, Opcode::close, http::close_payload(upstream_code, ""));
  }
  end(outcome, actions);
}

void WebSocket::end(Outcome outcome, WebSocketActions& actions) {
  if (is_over()) {
    return;
  }
  const Outcome of_messages = outcome == Outcome::complete ? Outcome::unknown : outcome;
  end_message_under_way(actions);
  for (const auto& [id, awaited] : awaited_) {
    // Whether it was acted on is not known.
    actions.emplace_back(
        EndMessage{awaited.number, ChargeFate::keep, RecordResponse{0, of_messages, 0}});
  }
  awaited_.clear();
  outcome_ = outcome;
  state_ = Over{};
}

}  // namespace keyswap::flow
