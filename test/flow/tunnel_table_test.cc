// SPDX-License-Identifier: Apache-2.0
//
// Every event in every situation of a tunnel, whoever hands it in.
#include "proxy/flow/tunnel_table.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using Situation = TunnelSituation;
using Events = std::vector<TunnelEvent>;

// One of each kind and side, and the answers that lead elsewhere.
const Events kEach = {TunnelAsked{},
                      Dialed{},
                      DialFailed{audit::Reason::upstream_connect_failed, {}},
                      RecordDone{true},
                      RecordDone{false},
                      GoingAway{},
                      TimedOut{},
                      ConnectionOver{},
                      ConnectionOver{true},
                      BytesCame{Side::client, "GET"},  // it may be HTTP
                      BytesCame{Side::client, "GET / HTTP/1.1\r\n"},
                      BytesCame{Side::client, "\x16\x03"},
                      BytesCame{Side::upstream, "220 ready"},
                      SideEnded{Side::client},
                      SideEnded{Side::upstream},
                      SideBroken{Side::client, false, {}},
                      SideBroken{Side::client, true, {}},
                      SideBroken{Side::upstream, false, {}},
                      SideBroken{Side::upstream, true, {}}};

Events open_and(const Events& more) {
  Events events = {TunnelAsked{}, Dialed{}, RecordDone{true}};
  events.insert(events.end(), more.begin(), more.end());
  return events;
}

// What leads to each situation.
const std::vector<std::pair<Situation, Events>> kWays = {
    {Situation::awaiting_connect, {}},
    {Situation::dialing, {TunnelAsked{}}},
    {Situation::recording, {TunnelAsked{}, Dialed{}}},
    {Situation::listening, open_and({})},
    {Situation::listening, open_and({BytesCame{Side::client, "GET"}})},
    {Situation::listening_alone, open_and({SideEnded{Side::upstream}})},
    {Situation::relaying, open_and({BytesCame{Side::upstream, "220 ready"}})},
    {Situation::client_done, open_and({SideEnded{Side::client}})},
    {Situation::upstream_done,
     open_and({BytesCame{Side::client, "\x16"}, SideEnded{Side::upstream}})},
    {Situation::closing, open_and({SideEnded{Side::client}, SideEnded{Side::upstream}})},
    {Situation::over, {TunnelAsked{}, ConnectionOver{}}},
};

class Run {
 public:
  explicit Run(const Events& way) {
    for (const TunnelEvent& event : way) {
      on(event);
    }
  }

  Run& on(TunnelEvent event) {
    actions.clear();
    tunnel.on(std::move(event), actions);
    all.insert(all.end(), actions.begin(), actions.end());
    return *this;
  }

  template <typename Asked>
  static std::size_t count(const TunnelActions& among) {
    return static_cast<std::size_t>(
        std::count_if(among.begin(), among.end(), [](const TunnelAction& action) {
          return std::holds_alternative<Asked>(action);
        }));
  }

  template <typename Asked>
  [[nodiscard]] std::size_t asked() const {
    return count<Asked>(actions);
  }

  // Of the whole run.
  template <typename Asked>
  [[nodiscard]] std::size_t asked_ever() const {
    return count<Asked>(all);
  }

  [[nodiscard]] bool passes() const { return asked<PassBytes>() + asked<PassKept>() > 0; }

  Tunnel tunnel;
  TunnelActions actions;  // of the last event
  TunnelActions all;
};

bool is_open_in(Situation situation) {
  return situation != Situation::awaiting_connect && situation != Situation::dialing &&
         situation != Situation::recording && situation != Situation::over;
}

void check_cut(const Run& run, Situation before) {
  CHECK(run.tunnel.is_over());
  CHECK_FALSE(run.passes());
  CHECK(run.asked<OpenTunnel>() == 0);
  CHECK(run.asked<Record>() == 0);
  CHECK(run.asked<RefuseTunnel>() == 0);
  CHECK(run.asked<ReleaseUpstream>() == 1);
  REQUIRE(run.asked<Finish>() == 1);
  CHECK(std::get<Finish>(run.actions.back()).client == ClientFate::abort);
  // A decision that says "pass" does not stay without its end.
  const bool was_recorded = before == Situation::recording || is_open_in(before);
  REQUIRE(run.asked<RecordResponse>() == (was_recorded ? 1 : 0));
  if (was_recorded) {
    CHECK(std::get<RecordResponse>(run.actions.front()).outcome ==
          (is_open_in(before) ? audit::Outcome::unknown : audit::Outcome::not_sent));
  }
}

}  // namespace

TEST_CASE("every event in every situation of a tunnel is taken, changes nothing, or cuts it",
          "[I6][I10]") {
  std::set<Situation> seen;
  for (const auto& [situation, way] : kWays) {
    seen.insert(situation);
    for (std::size_t i = 0; i < kEach.size(); ++i) {
      CAPTURE(static_cast<int>(situation), i);
      Run run(way);
      REQUIRE(run.tunnel.situation() == situation);
      const Fit fit = fit_of(situation, kEach[i]);
      run.on(kEach[i]);
      if (fit == Fit::ignored) {
        CHECK(run.actions.empty());
        CHECK(run.tunnel.situation() == situation);
      } else if (fit == Fit::misfit) {
        check_cut(run, situation);
      } else {
        // I6: opened by a record that became durable, and nothing passes before.
        const auto* const done = std::get_if<RecordDone>(&kEach[i]);
        CHECK(run.asked<OpenTunnel>() == (done != nullptr && done->is_durable ? 1 : 0));
        CHECK((is_open_in(situation) || !run.passes()));
      }
    }
  }
  CHECK(seen.size() == static_cast<std::size_t>(Situation::over) + 1);
}

TEST_CASE("an answer to a tunnel is taken where it was asked for, and nowhere else", "[I6]") {
  const auto taken_in = [](const TunnelEvent& event) {
    std::set<Situation> found;
    for (int i = 0; i <= static_cast<int>(Situation::over); ++i) {
      if (fit_of(static_cast<Situation>(i), event) == Fit::taken) {
        found.insert(static_cast<Situation>(i));
      }
    }
    return found;
  };
  using Set = std::set<Situation>;
  CHECK(taken_in(TunnelAsked{}) == Set{Situation::awaiting_connect});
  CHECK(taken_in(Dialed{}) == Set{Situation::dialing});
  CHECK(taken_in(DialFailed{}) == Set{Situation::dialing});
  CHECK(taken_in(RecordDone{true}) == Set{Situation::recording});
}

TEST_CASE("a tunnel's client is asked for bytes when they may be handed in, and at no other time") {
  for (const auto& [situation, way] : kWays) {
    CAPTURE(static_cast<int>(situation));
    const Run run(way);
    CHECK(run.tunnel.wants_client() ==
          (fit_of(situation, BytesCame{Side::client, "x"}) == Fit::taken));
  }
}

TEST_CASE("whatever three events come, a tunnel ends with its connection, and is recorded once",
          "[I6][I10]") {
  for (const auto& [situation, way] : kWays) {
    for (const TunnelEvent& one : kEach) {
      for (const TunnelEvent& another : kEach) {
        for (const TunnelEvent& third : kEach) {
          Run run(way);
          run.on(one).on(another).on(third).on(ConnectionOver{});
          REQUIRE(run.tunnel.is_over());
          REQUIRE(run.asked_ever<ReleaseUpstream>() == 1);
          REQUIRE(run.asked_ever<Record>() <= 1);
          REQUIRE(run.asked_ever<OpenTunnel>() <= run.asked_ever<Record>());
          // Its connection goes on with requests, or ends.
          const std::size_t goes_on =
              run.asked_ever<ReadRequests>() + run.asked_ever<RefuseTunnel>();
          REQUIRE(goes_on <= 1);
          REQUIRE((goes_on == 0 || run.asked_ever<Finish>() == 0));
          // What is recorded has one closing record, or a refusal where it was not made durable.
          const std::size_t closing = run.asked_ever<RecordResponse>();
          REQUIRE(closing <= run.asked_ever<Record>());
          REQUIRE(closing >= run.asked_ever<OpenTunnel>());
          REQUIRE(closing + run.asked_ever<RefuseTunnel>() >= run.asked_ever<Record>());
          if (run.asked_ever<OpenTunnel>() == 0) {
            REQUIRE(run.asked_ever<PassBytes>() + run.asked_ever<PassKept>() == 0);
          }
        }
      }
    }
  }
}

}  // namespace keyswap::flow
