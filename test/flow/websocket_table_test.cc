// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/websocket_table.h"

#include <set>

#include "test/support/alone.h"

namespace keyswap::flow {

namespace {

using test::Alone;

constexpr int kStates = 8;

// The one event that its kind and side do not make out: a message that comes without its moment.
constexpr int kWithoutMoment = 1;

}  // namespace

TEST_CASE("every event in every situation of a WebSocket is taken, changes nothing, or ends it",
          "[I6][I10]") {
  std::set<WebSocketSituation> seen;
  for (int state = 0; state < kStates; ++state) {
    for (int number = 0; Alone(state).event(number); ++number) {
      CAPTURE(state, number);
      Alone alone(state);
      const WebSocketSituation before = alone.machine().situation();
      seen.insert(before);
      auto event = *alone.event(number);
      const Fit fit = fit_of(before, event);
      alone.on(std::move(event));
      if (fit == Fit::ignored) {
        CHECK(before == WebSocketSituation::over);
        CHECK(alone.actions.empty());
      } else if (fit == Fit::misfit || (fit == Fit::taken && number == kWithoutMoment)) {
        CHECK(alone.machine().is_over());
        CHECK(alone.asked<EndWebSocket>() == 1);
        CHECK(alone.asked<Record>() == 0);
        CHECK(alone.asked<Charge>() == 0);
        CHECK(alone.asked<FetchSecrets>() == 0);
        CHECK_FALSE(alone.has_sent_a_secret());
      }
    }
  }
  CHECK(seen.size() == static_cast<std::size_t>(WebSocketSituation::over) + 1);
}

TEST_CASE("an answer is taken where it was asked for, and nowhere else", "[I6]") {
  const auto taken_in = [](const WebSocketEvent& event) {
    std::set<WebSocketSituation> found;
    for (int i = 0; i <= static_cast<int>(WebSocketSituation::over); ++i) {
      const auto situation = static_cast<WebSocketSituation>(i);
      if (fit_of(situation, event) == Fit::taken) {
        found.insert(situation);
      }
    }
    return found;
  };
  using Set = std::set<WebSocketSituation>;
  CHECK(taken_in(Charged{}) == Set{WebSocketSituation::charging});
  CHECK(taken_in(SecretsReady{}) == Set{WebSocketSituation::fetching_secrets});
  CHECK(taken_in(SecretsUnavailable{}) == Set{WebSocketSituation::fetching_secrets});
  CHECK(taken_in(RecordDone{true}) == Set{WebSocketSituation::recording});
  CHECK(taken_in(MessagePiece{Side::client, http::Opcode::text, "", true, {}}) ==
        Set{WebSocketSituation::reading});
}

}  // namespace keyswap::flow
