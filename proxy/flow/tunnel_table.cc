// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/tunnel_table.h"

#include <array>
#include <type_traits>
#include <variant>

namespace keyswap::flow {

namespace {

using Situation = TunnelSituation;

// t: taken; -: ignored; !: misfit. What is ignored, and why:
// - a wait that ran out where another bound holds: a dial has its own;
// - that the proxy stops: an open tunnel goes on until its sides end it, or it is cut;
// - everything once the tunnel is over.
//
// Bytes that come before the record is durable (I6), or of a side that said its end, are misfits,
// and so is an answer that nobody asked for. Until it is open, its upstream's connection is not
// read.
// clang-format off
constexpr std::array<FitRow<Situation>, 10> kTable = {{
    // of the client's request:   TunnelAsked
    // of the world around:       |   Dialed
    //                            |   | DialFailed
    //                            |   | | RecordDone
    // of our own side:           |   | | |   GoingAway
    //                            |   | | |   | TimedOut
    //                            |   | | |   | | ConnectionOver
    // of the client:             |   | | |   | | |   BytesCame
    //                            |   | | |   | | |   | SideEnded
    //                            |   | | |   | | |   | | SideBroken
    // of the upstream:           |   | | |   | | |   | | |   BytesCame
    //                            |   | | |   | | |   | | |   | SideEnded
    //                            |   | | |   | | |   | | |   | | SideBroken
    {Situation::awaiting_connect, "t   ! ! !   ! ! t   ! ! !   ! ! !"},
    {Situation::dialing,          "!   t t !   t - t   ! t t   ! ! !"},
    {Situation::recording,        "!   ! ! t   t t t   ! t t   ! ! !"},
    {Situation::listening,        "!   ! ! !   - t t   t t t   t t t"},
    {Situation::listening_alone,  "!   ! ! !   - t t   t t t   ! ! t"},
    {Situation::relaying,         "!   ! ! !   - t t   t t t   t t t"},
    {Situation::client_done,      "!   ! ! !   - t t   ! ! t   t t t"},
    {Situation::upstream_done,    "!   ! ! !   - t t   t t t   ! ! t"},
    {Situation::closing,          "!   ! ! !   - ! t   ! ! t   ! ! t"},
    {Situation::over,             "-   - - -   - - -   - - -   - - -"},
}};
// clang-format on

// What the two sides do is told apart. These events are the last of all, the upstream's columns
// behind the client's.
constexpr std::size_t kSideEvents = 3;
constexpr std::size_t kFirstOfSide = std::variant_size_v<TunnelEvent> - kSideEvents;
constexpr std::size_t kEvents = std::variant_size_v<TunnelEvent> + kSideEvents;
constexpr auto kFits = read_fits<kEvents>(kTable);
static_assert(kTable.back().situation == Situation::over);
static_assert(std::is_same_v<std::variant_alternative_t<kFirstOfSide, TunnelEvent>, BytesCame>);

bool is_of_upstream(const TunnelEvent& event) {
  if (const auto* const came = std::get_if<BytesCame>(&event)) {
    return came->from == Side::upstream;
  }
  if (const auto* const ended = std::get_if<SideEnded>(&event)) {
    return ended->from == Side::upstream;
  }
  const auto* const broken = std::get_if<SideBroken>(&event);
  return broken != nullptr && broken->from == Side::upstream;
}

std::size_t column_of(const TunnelEvent& event) {
  return event.index() + (is_of_upstream(event) ? kSideEvents : 0);
}

}  // namespace

Fit fit_of(TunnelSituation situation, const TunnelEvent& event) {
  return kFits[static_cast<std::size_t>(situation)][column_of(event)];
}

TunnelSituation Tunnel::situation() const {
  if (const auto* const relaying = std::get_if<Relaying>(&state_)) {
    return relaying->client_done     ? Situation::client_done
           : relaying->upstream_done ? Situation::upstream_done
                                     : Situation::relaying;
  }
  if (const auto* const listening = std::get_if<Listening>(&state_)) {
    return listening->upstream_done ? Situation::listening_alone : Situation::listening;
  }
  return std::holds_alternative<AwaitingConnect>(state_) ? Situation::awaiting_connect
         : std::holds_alternative<Dialing>(state_)       ? Situation::dialing
         : std::holds_alternative<Recording>(state_)     ? Situation::recording
         : std::holds_alternative<Closing>(state_)       ? Situation::closing
                                                         : Situation::over;
}

bool Tunnel::wants_client() const {
  switch (situation()) {
    case Situation::listening:
    case Situation::listening_alone:
    case Situation::relaying:
    case Situation::upstream_done:
      return true;
    case Situation::awaiting_connect:
    case Situation::dialing:
    case Situation::recording:
    case Situation::client_done:
    case Situation::closing:
    case Situation::over:
      return false;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
