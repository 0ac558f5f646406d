// SPDX-License-Identifier: Apache-2.0
//
// Where each event leads that a state takes, on the client's side; frames of the upstream are
// passed on in all of them but the last. What a state does not take is in websocket_table.h.
//
//  Reading    MessagePiece: passed on; or collected, and the last -> Admitting or Recording
//             TimedOut -> Over
//  Admitting  Charged, SecretsReady, SecretsUnavailable, TimedOut -> Admitting or Recording
//             (proxy/flow/admission.h)
//  Recording  RecordDone -> Reading (sent, or refused), or Over; TimedOut -> Over
//  Over       nothing
//
// From any of them SideGone, FrameError, GoingAway and the second Close frame -> Over.
#include "proxy/flow/websocket.h"

#include <utility>

#include "proxy/flow/websocket_table.h"

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
      incoming_{.text = CollectedBody(std::move(setup_.collected),
                                      base::bounds::kWebSocketMessageBytesMax)},
      answers_(std::move(setup_.begun.findings)) {
  answers_.scrubber.use(std::move(setup_.begun.search));
  const auto* const signer =
      find_message_signer(*setup_.bindings, setup_.destination.authority, setup_.target);
  is_judged_ = signer != nullptr ||
               swaps_texts(*setup_.bindings, setup_.destination.authority, setup_.target);
  if (signer != nullptr) {
    teller_ = signer;
    replies_.reader = signer->reply_reader();
  }
}

void WebSocket::on(WebSocketEvent event, WebSocketActions& actions) {
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
  for (auto* const side : {&upstream_, &client_}) {
    actions.insert(actions.end(), side->frames.begin(), side->frames.end());
    side->frames.clear();
  }
  if (const auto* const over = std::get_if<Over>(&state_)) {
    actions.emplace_back(SetWait{Wait::none});
    actions.emplace_back(EndWebSocket{over->outcome, answers_.findings.list()});
  }
}

// I10, I13: an event that nobody may hand in.
void WebSocket::protocol_violation(WebSocketActions& actions) {
  close(kGoingAway, kGoingAway, Outcome::unknown, actions);
}

void WebSocket::carried_out() {
  leaving_.made.clear();
  make_empty(leaving_.scrubbed);
  leaving_.sent.reset();  // I1
}

WebSocketSituation WebSocket::situation() const {
  if (std::holds_alternative<Reading>(state_)) {
    return client_.has_closed || !late_refusal_.empty() ? WebSocketSituation::holding
                                                        : WebSocketSituation::reading;
  }
  if (std::holds_alternative<Admitting>(state_)) {
    return message().admission.step() == Admission::Step::charging
               ? WebSocketSituation::charging
               : WebSocketSituation::fetching_secrets;
  }
  return std::holds_alternative<Recording>(state_) ? WebSocketSituation::recording
                                                   : WebSocketSituation::over;
}

void WebSocket::handle(MessagePiece& event, WebSocketActions& actions) {
  if (event.from == Side::client) {
    if (!is_judged(event.opcode)) {
      pass_piece(event);
    } else if (event.is_final && !event.moment) {
      protocol_violation(actions);
    } else {
      collect(event, actions);
    }
  } else if (!upstream_.has_closed) {
    if (signs()) {
      note_reply(event, actions);
    }
    pass_upstream_piece(event, actions);
  }
}

// The newest of what is known of the host.
void WebSocket::look_for_known() {
  if (setup_.known != nullptr && setup_.begun.is_scrubbed) {
    answers_.scrubber.use(
        setup_.known->find(setup_.destination.authority.host, answers_.scrubber.search()));
  }
}

// I8: a control frame that says a secret back goes on without what it says; of a Close the code
// stays.
std::string_view WebSocket::shown_payload(const ControlFrame& frame) {
  constexpr std::size_t kCodeBytes = 2;
  if (frame.from == Side::client) {
    return frame.payload;
  }
  look_for_known();
  if (!answers_.scrubber.is_in(frame.payload)) {
    return frame.payload;
  }
  base::Buffer unshown(base::bounds::kFilteredBytesMax);
  static_cast<void>(answers_.scrubber.scrub(frame.payload, FoundIn::message, unshown));  // counted
  return frame.opcode == Opcode::close ? frame.payload.substr(0, kCodeBytes) : std::string_view();
}

void WebSocket::handle(const ControlFrame& event, WebSocketActions& actions) {
  Party& from = party(event.from);
  if (from.has_closed) {
    return;  // RFC 6455 section 5.5.1: nothing comes after a Close
  }
  send(other_side(event.from), event.opcode, true, shown_payload(event));
  if (event.opcode != Opcode::close) {
    return;
  }
  from.has_closed = true;
  if (client_.has_closed && upstream_.has_closed) {
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
  if (client_.has_closed || upstream_.has_closed) {
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
  // After the upstream's Close nothing can be sent: then it is the end that was waited for.
  if (std::holds_alternative<Admitting>(state_) && !upstream_.has_closed) {
    go_on(message().admission.time_out(), actions);
    return;
  }
  if (std::holds_alternative<Recording>(state_)) {
    // I10: a disk that hangs does not hold the client. Should the record become durable yet, what
    // follows it says that nothing was sent.
    tell_refusal(audit::Reason::audit_unavailable);
  }
  close(incoming_.has_begun ? kPolicyViolation : kGoingAway, kGoingAway, Outcome::unknown, actions);
}

// --- steps ---

void WebSocket::send(Side to, Opcode opcode, bool is_final, std::string_view payload) {
  party(to).frames.push_back({to, opcode, is_final, payload});
}

// One whole message, or a control frame, of our own making.
void WebSocket::send_made(Side to, Opcode opcode, std::string payload) {
  send(to, opcode, true, leaving_.made.emplace_front(std::move(payload)));
}

void WebSocket::pass_upstream_piece(const MessagePiece& piece, WebSocketActions& actions) {
  look_for_known();
  if (answers_.scrubber.search() == nullptr) {
    pass_piece(piece);
  } else {
    pass_scrubbed(piece, actions);
  }
  if (piece.is_final && !late_refusal_.empty()) {
    send_made(Side::client, Opcode::text, std::exchange(late_refusal_, ""));
  }
}

void WebSocket::pass_scrubbed(const MessagePiece& piece, WebSocketActions& actions) {
  base::Buffer& scrubbed = leaving_.scrubbed;
  if (!answers_.scrubber.feed(piece.bytes, piece.is_final, scrubbed)) {
    end(Outcome::unknown, actions);  // I10; a piece is never larger than one read
    return;
  }
  pass_piece({piece.from, piece.opcode, scrubbed.view(), piece.is_final, std::nullopt});
}

void WebSocket::pass_piece(const MessagePiece& piece) {
  const Side to = other_side(piece.from);
  bool& is_mid_message = party(to).is_mid_message;
  if (piece.bytes.empty() && !piece.is_final) {
    return;
  }
  send(to, is_mid_message ? Opcode::continuation : piece.opcode, piece.is_final, piece.bytes);
  is_mid_message = !piece.is_final;
}

// Says the end to both sides that have not heard it, `reason` to the client, and ends.
void WebSocket::close(std::uint16_t client_code,
                      std::uint16_t upstream_code,
                      Outcome outcome,
                      WebSocketActions& actions,
                      std::string_view reason) {
  // What one side said was passed on to the other.
  if (!upstream_.has_closed) {
    send_made(Side::client, Opcode::close, http::close_payload(client_code, reason));
  }
  if (!client_.has_closed) {
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
  for (const auto& [id, awaited] : replies_.awaited) {
    // Whether it was acted on is not known.
    actions.emplace_back(
        EndMessage{awaited.number, ChargeFate::keep, RecordResponse{0, of_messages, 0}});
  }
  replies_.awaited.clear();
  state_ = Over{outcome};
}

}  // namespace keyswap::flow
