// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/websocket_table.h"

#include <array>
#include <variant>

namespace keyswap::flow {

namespace {

using Situation = WebSocketSituation;

// t: taken; -: ignored; !: misfit. A second message of the client while one is dealt with would
// pass the other, and an answer that nobody asked for would be taken for one that is still to come.
// clang-format off
constexpr std::array<FitRow<Situation>, 6> kTable = {{
    // of the two sides:         a piece of the client's message
    //                           | of the upstream's
    //                           | | ControlFrame
    //                           | | | FrameError
    //                           | | | | SideGone
    // of our own side:          | | | | |   GoingAway
    // of the world around:      | | | | |   |   Charged
    //                           | | | | |   |   | SecretsReady
    //                           | | | | |   |   | | SecretsUnavailable
    //                           | | | | |   |   | | | RecordDone
    //                           | | | | |   |   | | | | TimedOut
    {Situation::reading,          "t t t t t   t   ! ! ! ! t"},
    {Situation::holding,          "! t t t t   t   ! ! ! ! t"},
    {Situation::charging,         "! t t t t   t   t ! ! ! t"},
    {Situation::fetching_secrets, "! t t t t   t   ! t t ! t"},
    {Situation::recording,        "! t t t t   t   ! ! ! t t"},
    {Situation::over,             "- - - - -   -   - - - - -"},
}};
// clang-format on

// Pieces of the two sides are told apart.
constexpr std::size_t kEvents = std::variant_size_v<WebSocketEvent> + 1;
constexpr auto kFits = read_fits<kEvents>(kTable);
static_assert(kTable.back().situation == Situation::over);

std::size_t column_of(const WebSocketEvent& event) {
  const auto* const piece = std::get_if<MessagePiece>(&event);
  return piece != nullptr && piece->from == Side::client ? 0 : event.index() + 1;
}

}  // namespace

Fit fit_of(WebSocketSituation situation, const WebSocketEvent& event) {
  return kFits[static_cast<std::size_t>(situation)][column_of(event)];
}

}  // namespace keyswap::flow
