// SPDX-License-Identifier: Apache-2.0
//
// Where each event leads that a state takes. What it does not take is in tunnel_table.h.
//
//  AwaitingConnect  TunnelAsked -> Dialing
//  Dialing          Dialed -> Recording
//                   DialFailed, GoingAway, the client's SideEnded and SideBroken -> Over (refused)
//  Recording        RecordDone -> Listening, or Over (refused)
//                   TimedOut -> Over (refused, unrecorded)
//                   GoingAway, the client's SideEnded and SideBroken -> Over
//  Listening        BytesCame of the client: kept while it may yet be HTTP; HTTP -> Over (requests
//                   are read); anything else -> Relaying
//                   BytesCame of the upstream, SideEnded of the client -> Relaying
//                   SideEnded of the upstream: passed on
//                   TimedOut -> Relaying (bytes were kept), or Over
//  Relaying         BytesCame, SideEnded: passed on; SideEnded of both -> Closing
//                   TimedOut -> Over
//  Closing          ConnectionOver -> Over
//
// From Listening and Relaying the upstream's SideBroken -> Closing, the client's -> Over. From any
// of them ConnectionOver -> Over. What is refused before Recording, or because its record did not
// become durable, has the record of its refusal; everything else that was recorded has a closing
// record.
#include "proxy/flow/tunnel.h"

#include <utility>

#include "proxy/flow/destination.h"
#include "proxy/flow/tunnel_table.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;

void Tunnel::on(TunnelEvent event, TunnelActions& actions) {
  switch (fit_of(situation(), event)) {
    case Fit::taken:
      std::visit([&](auto& happened) { handle(happened, actions); }, event);
      return;
    case Fit::ignored:
      return;
    case Fit::misfit:
      protocol_violation(actions);
      return;
  }
}

// I10, I13: an event that nobody may hand in. What happened is not known, so nothing more passes
// and both connections are cut.
void Tunnel::protocol_violation(TunnelActions& actions) {
  if (std::holds_alternative<Recording>(state_)) {
    leave_unsent(actions);
  } else if (was_opened()) {
    actions.emplace_back(RecordResponse{0, Outcome::unknown, course_.bytes});
  }
  end(actions);
  actions.emplace_back(Finish{ClientFate::abort});
}

// --- before it is open ---

void Tunnel::handle(const TunnelAsked& /*event*/, TunnelActions& actions) {
  state_ = Dialing{};
  actions.emplace_back(Dial{});
}

void Tunnel::handle(const Dialed& /*event*/, TunnelActions& actions) {
  state_ = Recording{};
  actions.emplace_back(Record{.decision = audit::Decision::pass,
                              .reason = Reason::no_placeholder,
                              .rule = {},
                              .further = {},
                              .others = {},
                              .method = "CONNECT",
                              .path = {}});
  actions.emplace_back(SetWait{Wait::record});
}

void Tunnel::handle(DialFailed& event, TunnelActions& actions) {
  refuse(event.reason, std::move(event.failure), actions);
}

// I6: no byte of a tunnel leaves before its record is durable.
void Tunnel::handle(const RecordDone& event, TunnelActions& actions) {
  if (!event.is_durable) {
    refuse(Reason::audit_unavailable, {}, actions);
    return;
  }
  state_ = Listening{};
  actions.emplace_back(OpenTunnel{});
  actions.emplace_back(SetWait{Wait::tunnel_idle});
}

void Tunnel::handle(const GoingAway& /*event*/, TunnelActions& actions) {
  give_up(Reason::shutting_down, actions);
}

// What is recorded already is not refused by a second record.
void Tunnel::give_up(Reason reason, TunnelActions& actions) {
  if (std::holds_alternative<Dialing>(state_)) {
    refuse(reason, {}, actions);
    return;
  }
  leave_unsent(actions);
  end(actions);
  actions.emplace_back(Finish{ClientFate::abort});
}

void Tunnel::refuse(Reason reason, base::Failure failure, TunnelActions& actions) {
  end(actions);
  actions.emplace_back(RefuseTunnel{reason, std::move(failure)});
}

// It is recorded, or may yet be, and not opened.
void Tunnel::leave_unsent(TunnelActions& actions) {
  actions.emplace_back(RecordResponse{0, Outcome::not_sent, 0});
}

// --- bytes ---

void Tunnel::handle(const BytesCame& event, TunnelActions& actions) {
  if (event.from == Side::client && std::holds_alternative<Listening>(state_)) {
    listen(event.bytes, actions);
    return;
  }
  pass(event.from, event.bytes, actions);
  if (std::holds_alternative<Listening>(state_)) {
    relay(actions);  // an upstream that speaks first speaks something else than HTTP
  }
}

// The client's first bytes, before any byte passed.
void Tunnel::listen(std::string_view bytes, TunnelActions& actions) {
  auto& listening = std::get<Listening>(state_);
  switch (listen_where_opaque(bytes)) {
    case Speech::undecided:
      listening.kept_bytes = bytes.size();
      actions.emplace_back(SetWait{Wait::tunnel_speech});
      return;
    case Speech::http:
      read_requests(actions);
      return;
    case Speech::tls:
    case Speech::other:
      break;
  }
  const bool had_waited = std::exchange(listening.kept_bytes, 0) > 0;
  pass(Side::client, bytes, actions);  // with what was kept
  relay(actions);
  if (had_waited) {
    actions.emplace_back(SetWait{Wait::tunnel_idle});
  }
}

void Tunnel::read_requests(TunnelActions& actions) {
  actions.emplace_back(closing_record());
  end(actions);
  actions.emplace_back(ReadRequests{});
}

void Tunnel::pass(Side from, std::string_view bytes, TunnelActions& actions) {
  course_.bytes += bytes.size();
  actions.emplace_back(PassBytes{from, bytes});
}

// It is not HTTP, or not known to be until now: what was kept of it goes on as it is.
Tunnel::Relaying& Tunnel::relay(TunnelActions& actions) {
  const Listening listening = std::get<Listening>(state_);
  if (listening.kept_bytes > 0) {
    course_.bytes += listening.kept_bytes;
    actions.emplace_back(PassKept{});
    actions.emplace_back(SetWait{Wait::tunnel_idle});
  }
  return state_.emplace<Relaying>(Relaying{false, listening.upstream_done});
}

// --- ends ---

void Tunnel::handle(const SideEnded& event, TunnelActions& actions) {
  if (auto* const listening = std::get_if<Listening>(&state_)) {
    if (event.from == Side::upstream) {
      listening->upstream_done = true;
      actions.emplace_back(EndSide{Side::client});
    } else {
      end_direction(event.from, relay(actions), actions);
    }
  } else if (auto* const relaying = std::get_if<Relaying>(&state_)) {
    end_direction(event.from, *relaying, actions);
  } else {
    give_up(Reason::client_timeout, actions);
  }
}

void Tunnel::end_direction(Side from, Relaying& relaying, TunnelActions& actions) {
  const bool is_client = from == Side::client;
  (is_client ? relaying.client_done : relaying.upstream_done) = true;
  actions.emplace_back(EndSide{is_client ? Side::upstream : Side::client});
  if (relaying.client_done && relaying.upstream_done) {
    close(actions);
  }
}

void Tunnel::handle(SideBroken& event, TunnelActions& actions) {
  if (std::holds_alternative<Dialing>(state_) || std::holds_alternative<Recording>(state_)) {
    give_up(Reason::client_timeout, actions);
    return;
  }
  const bool is_client = event.from == Side::client;
  note_stall(event);
  if (std::holds_alternative<Closing>(state_)) {
    return;
  }
  if (is_client) {
    cut(actions);
  } else {
    close(actions);  // it takes no more bytes either
  }
}

void Tunnel::note_stall(SideBroken& event) {
  if (!event.has_stalled) {
    return;
  }
  if (event.from == Side::client) {
    course_.has_client_stalled = true;
  } else {
    course_.upstream_stall = std::move(event.failure);
  }
}

// I10.
void Tunnel::handle(const TimedOut& /*event*/, TunnelActions& actions) {
  if (std::holds_alternative<Recording>(state_)) {
    // A disk that hangs does not hold the client. Another record would hang likewise.
    leave_unsent(actions);
    end(actions);
    actions.emplace_back(RefuseUnrecorded{Reason::audit_unavailable});
    actions.emplace_back(Finish{ClientFate::close});
    return;
  }
  const auto* const listening = std::get_if<Listening>(&state_);
  if (listening != nullptr && listening->kept_bytes > 0) {
    relay(actions);  // who may yet say more does not hold them longer
  } else {
    cut(actions);
  }
}

void Tunnel::handle(const ConnectionOver& event, TunnelActions& actions) {
  course_.has_client_stalled = course_.has_client_stalled || event.has_stalled;
  if (std::holds_alternative<Recording>(state_)) {
    leave_unsent(actions);
  } else if (was_opened()) {
    actions.emplace_back(closing_record());
  }
  end(actions);
}

// What was passed to the client arrives. Its record waits for that: the client may yet stall.
void Tunnel::close(TunnelActions& actions) {
  state_ = Closing{};
  actions.emplace_back(Finish{ClientFate::close});
}

void Tunnel::cut(TunnelActions& actions) {
  actions.emplace_back(closing_record());
  end(actions);
  actions.emplace_back(Finish{ClientFate::abort});
}

bool Tunnel::was_opened() const {
  return std::holds_alternative<Listening>(state_) || std::holds_alternative<Relaying>(state_) ||
         std::holds_alternative<Closing>(state_);
}

void Tunnel::end(TunnelActions& actions) {
  state_ = Over{};
  actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
}

// Of a side that took nothing more it says so.
RecordResponse Tunnel::closing_record() const {
  if (course_.has_client_stalled) {
    return {0, Outcome::client_timeout, course_.bytes, {}};
  }
  if (course_.upstream_stall) {
    return {0, Outcome::upstream_timeout, course_.bytes, *course_.upstream_stall};
  }
  return {0, Outcome::complete, course_.bytes, {}};
}

}  // namespace keyswap::flow
