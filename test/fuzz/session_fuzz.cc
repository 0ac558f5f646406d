// SPDX-License-Identifier: Apache-2.0
//
// Whole connections in a world of memory: clients, upstreams, a vault, an audit log and limits that
// are all told what to do, and when, by the input; three bytes a step. Whatever comes at whatever
// moment,
//
// - nothing crashes, and nothing that is dead is used (the sanitizers);
// - no secret is anywhere but in sealed bytes to an upstream (I1, I5);
// - nothing is sent before its record is durable (I6), and what was recorded has one end, which
//   says "not_sent" of nothing that was;
// - when nobody says anything more, and takes all that is said or nothing, everything ends: no
//   connection, no socket, no counted byte and no locked byte is left (I10).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "test/fuzz/session/around.h"
#include "test/fuzz/session/parties.h"
#include "test/fuzz/session/stage.h"
#include "test/fuzz/session/texts.h"
#include "test/fuzz/session/world.h"
#include "vault/arena.h"

namespace keyswap::test {

namespace {

constexpr std::size_t kClientsMax = 4;
constexpr std::size_t kStepsMax = 400;
constexpr std::size_t kStepBytes = 3;
// A pipeline of requests that nobody answers ends one by one, each after many timers.
constexpr int kTimersMax = 100'000;

class Run {
 public:
  void step(std::uint8_t what, std::uint8_t which, std::uint8_t how);
  // Everybody answers, and says nothing more; all timers fire.
  void come_to_rest(std::uint8_t how);

 private:
  void client_step(std::uint8_t what, Client& client, std::uint8_t how);
  void server_step(std::uint8_t what, Server& server, std::uint8_t how);
  void around_step(std::uint8_t what, std::uint8_t how);
  void secrets_step(std::uint8_t how);
  void answer_all();
  void part(std::uint8_t how);
  void check_tunnels();

  Stage stage_{fixed().bindings, /*looks_for_real=*/true};
  int requests_ = 0;
  std::size_t room_ = 0;  // that everybody has at the end
};

void Run::step(std::uint8_t what, std::uint8_t which, std::uint8_t how) {
  const std::uint8_t kind = what & 0x3fU;
  if (kind < 24) {
    if (kind == 0 && stage_.clients.size() < kClientsMax) {
      static_cast<void>(stage_.connect_client());
    } else if (!stage_.clients.empty()) {
      client_step(kind % 8, stage_.clients[which % stage_.clients.size()], how);
    }
  } else if (kind < 44) {
    if (!stage_.servers.empty()) {
      const std::size_t before_last = which % stage_.servers.size();
      server_step(kind % 8, stage_.servers[stage_.servers.size() - 1 - before_last], how);
    }
  } else {
    around_step(kind, how);
  }
  // Several things may happen in one turn, in any order.
  if ((what & 0x40U) == 0) {
    stage_.turn(which);
  }
  if ((what & 0x80U) == 0) {
    stage_.turn();
  }
}

void Run::client_step(std::uint8_t what, Client& client, std::uint8_t how) {
  constexpr std::array<std::size_t, 6> kPieces = {1, 7, 100, 3000, 66'000, 1'000'000};
  switch (what) {
    case 0:
    case 1:
    case 2:
      client.say(static_cast<Say>(how % static_cast<int>(Say::count_)), ++requests_);
      client.send_all();
      return;
    case 3:
      client.say(static_cast<Say>(how % static_cast<int>(Say::count_)), ++requests_);
      return;
    case 4:
      client.send(kPieces.at(how % kPieces.size()));
      return;
    case 5:
      client.end();
      return;
    case 6:
      client.reset();
      return;
    default:
      client.give_room(how % 2 == 0 ? 0 : how * kRoomBytes);
      return;
  }
}

void Run::server_step(std::uint8_t what, Server& server, std::uint8_t how) {
  if (!server.is_met()) {
    server.meet(static_cast<Server::Manner>(how % 8 < 5 ? how % 5 : 0));
    return;
  }
  switch (what) {
    case 0:
    case 1:
    case 2:
      server.say(static_cast<Answer>(how % static_cast<int>(Answer::count_)));
      server.send_all();
      return;
    case 3:
      server.say(static_cast<Answer>(how % static_cast<int>(Answer::count_)));
      server.send(how);
      return;
    case 4:
      server.send_all();
      return;
    case 5:
      server.end();
      return;
    case 6:
      server.reset();
      return;
    default:
      server.give_room(how % 2 == 0 ? 0 : how * kRoomBytes);
      server.wire().is_host_gone = how % 16 == 14;
      return;
  }
}

void Run::around_step(std::uint8_t what, std::uint8_t how) {
  if (what < 50) {
    static_cast<void>(stage_.log.answer(how != 0xff));
  } else if (what < 53) {
    static_cast<void>(
        stage_.meter.answer(static_cast<limits::ChargeOutcome>(how % 8 < 5 ? how % 5 : 0)));
  } else if (what < 55) {
    if (!stage_.mints.empty()) {
      const auto mint = std::move(stage_.mints.back());
      stage_.mints.pop_back();
      if (how % 4 != 0) {
        mint();  // else it never answers
      }
    }
  } else if (what < 58) {
    static_cast<void>(stage_.world().wait_for_timer());
  } else if (what == 58) {
    stage_.world().pass(how * 100);
  } else if (what == 59) {
    const auto& next = how % 2 == 0 ? fixed().other : fixed().bindings;
    stage_.thread().post_policy({next, nullptr, nullptr});
  } else if (what == 60) {
    stage_.secrets.is_empty = how % 2 == 0;
    stage_.known.renew();
    stage_.real.renew();
  } else if (what == 61) {
    stage_.meter.answers_at_once = how % 2 == 0;
  } else if (what == 62) {
    if (how % 4 == 0) {
      stage_.thread().post_drain();
    }
  } else if (what == 63) {
    secrets_step(how);
  }
}

// The source of secrets is slow from now on, or not any more; or it answers.
void Run::secrets_step(std::uint8_t how) {
  constexpr std::int64_t kSlowMs = 2000;
  const std::string name = how / 8 % 2 == 0 ? "K" : "BS";
  switch (how % 4) {
    case 0:
      stage_.secrets.delays_ms.clear();
      return;
    case 1:
      stage_.secrets.delays_ms[name] = how / 4 % 2 == 0 ? kSlowMs : FakeSource::kNever;
      return;
    default:
      static_cast<void>(stage_.secrets.answer());
      return;
  }
}

void Run::answer_all() {
  for (auto& server : stage_.servers) {
    server.meet(Server::Manner::good);
  }
  stage_.answer_what_waits();
  for (auto& client : stage_.clients) {
    client.give_room(room_);
  }
  for (auto& server : stage_.servers) {
    server.give_room(room_);
  }
}

// Back-pressure goes when its cause does: nothing that a client sent into a tunnel lies there.
void Run::check_tunnels() {
  const bool is_live = std::ranges::all_of(stage_.servers, [](Server& server) {
    return server.is_live() || server.wire().remote.port != kOpaquePort;
  });
  for (auto& client : stage_.clients) {
    if (is_live && client.is_opaque() && client.is_live()) {
      must(client.wire().to_proxy.empty(), "a direction of a tunnel hangs");
    }
  }
}

void Run::part(std::uint8_t how) {
  for (auto& client : stage_.clients) {
    if (how == 1) {
      client.end();
    } else if (how == 2) {
      client.reset();
    }
  }
  for (auto& server : stage_.servers) {
    if (how == 3) {
      server.end();
    } else if (how == 4) {
      server.reset();
    }
  }
  if (how == 5 || how == 6) {
    stage_.thread().post_drain();
  }
  if (how == 6) {
    stage_.thread().post_drain();
  }
}

void Run::come_to_rest(std::uint8_t how) {
  const bool is_deaf = how / 7 % 2 == 1;  // nobody takes anything any more
  room_ = is_deaf ? 0 : 8 * kRoomBytes;
  for (int i = 0; i < 100; ++i) {
    answer_all();
    stage_.settle();
  }
  if (!is_deaf) {
    check_tunnels();
  }
  part(how % 7);
  for (int i = 0; i < kTimersMax; ++i) {
    stage_.settle();
    answer_all();
    const bool has_more = stage_.turn();
    if (!has_more && !stage_.world().wait_for_timer()) {
      break;
    }
  }
  stage_.check_nothing_is_left();
  while (stage_.log.answer(true)) {
  }
  stage_.log.check_ends();
}

}  // namespace

}  // namespace keyswap::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace test = keyswap::test;
  if (size < 1) {
    return 0;
  }
  static_cast<void>(test::fixed());
  const std::size_t free_before = keyswap::vault::arena::free_bytes();
  {
    test::Run run;
    const std::size_t steps = std::min((size - 1) / test::kStepBytes, test::kStepsMax);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::uint8_t* const at = data + 1 + i * test::kStepBytes;
      run.step(at[0], at[1], at[2]);
    }
    if (data[0] < 0xf8) {
      run.come_to_rest(data[0]);
    }  // else all of it is torn down as it is
  }
  test::must(keyswap::vault::arena::free_bytes() == free_before, "locked memory is left");
  return 0;
}
