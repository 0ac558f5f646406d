// SPDX-License-Identifier: Apache-2.0
//
// Whole sessions in a world of memory: clients, upstreams, a vault, an audit log and limits that
// are all told what to do, and when, by the input; three bytes a step. Whatever comes at whatever
// moment,
//
// - nothing crashes, and nothing that is dead is used (the sanitizers);
// - no secret is anywhere but in sealed bytes to an upstream (I1, I5);
// - nothing is sent before its record is durable (I6), and what was recorded has one end, which
//   says "not_sent" of nothing that was;
// - when nobody says anything more, everything ends: no session, no socket, no counted byte and no
//   locked byte is left (I10).
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/parse.h"
#include "ca/authority.h"
#include "ca/leaf_cache.h"
#include "proxy/loop_thread.h"
#include "proxy/strangers.h"
#include "proxy/telling.h"
#include "test/fuzz/session/around.h"
#include "test/fuzz/session/parties.h"
#include "test/fuzz/session/texts.h"
#include "test/fuzz/session/world.h"
#include "vault/arena.h"
#include "vault/holdings.h"

namespace keyswap::test {

namespace {

constexpr std::size_t kClientsMax = 4;
constexpr std::size_t kStepsMax = 400;
constexpr std::size_t kStepBytes = 3;
constexpr int kTimersMax = 3000;

// What is made once for all runs.
struct Fixed {
  std::shared_ptr<const bindings::Bindings> bindings = parsed(kBindings);
  std::shared_ptr<const bindings::Bindings> other = parsed(kOtherBindings);
  std::shared_ptr<const tls::ServerContext> client_tls;
  std::shared_ptr<const ca::Authority> authority;
  std::shared_ptr<const ca::LeafKey> key;

  Fixed() {
    must(vault::lock_memory().has_value(), "memory cannot be locked");
    must(tls::start_library().has_value(), "no TLS library");
    client_tls = tls::ServerContext::create().value();
    const WorldClock clock;
    auto made = ca::create_authority(clock.wall_us() / 1'000'000);
    must(made.has_value(), "no authority");
    authority =
        ca::Authority::open(made->key_der, made->certificate_pem, clock.wall_us() / 1'000'000)
            .value();
    key = ca::LeafKey::create().value();
  }

  static std::shared_ptr<const bindings::Bindings> parsed(const char* yaml) {
    auto read = bindings::parse(yaml, "/nowhere");
    must(read.errors.empty(), "the bindings are wrong");
    return std::make_shared<const bindings::Bindings>(std::move(read.bindings));
  }
};

const Fixed& fixed() {
  static const Fixed made;
  return made;
}

class Run {
 public:
  Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  Run(Run&&) = delete;
  Run& operator=(Run&&) = delete;
  ~Run();

  void step(std::uint8_t what, std::uint8_t which, std::uint8_t how);
  // Everybody answers, and says nothing more; all timers fire.
  void come_to_rest(std::uint8_t how);

 private:
  void client_step(std::uint8_t what, Client& client, std::uint8_t how);
  void server_step(std::uint8_t what, Server& server, std::uint8_t how);
  void around_step(std::uint8_t what, std::uint8_t how);
  void connect_client();
  void look();
  void turn(std::size_t first);
  void answer_all();
  void part(std::uint8_t how);
  void check_tunnels();

  [[nodiscard]] std::size_t session_count() const { return thread_->context().sessions->size(); }

  WorldClock clock_;
  ScriptedVault vault_;
  ScriptedLog log_;
  ScriptedMeter meter_;
  proxy::Telling telling_{clock_};
  proxy::Strangers strangers_;
  vault::Holdings holdings_{std::size_t{1} << 20U};
  std::atomic<std::size_t> upstreams_open_ = 0;
  std::vector<ca::LeafCache::Task> mints_;
  std::unique_ptr<ca::LeafCache> leaves_;
  std::unique_ptr<proxy::LoopThread> thread_;
  World* world_ = nullptr;
  std::vector<Client> clients_;
  std::vector<Server> servers_;
  int requests_ = 0;
};

Run::Run() {
  leaves_ = std::make_unique<ca::LeafCache>(
      fixed().authority, fixed().key, clock_, [this](ca::LeafCache::Task task) {
        mints_.push_back(std::move(task));
      });
  thread_ = proxy::LoopThread::create({.clock = &clock_,
                                       .vault = &vault_,
                                       .holdings = &holdings_,
                                       .log = &log_,
                                       .limiter = &meter_,
                                       .leaves = leaves_.get(),
                                       .client_tls = fixed().client_tls.get(),
                                       .strangers = &strangers_,
                                       .telling = &telling_,
                                       .policy = {fixed().bindings, nullptr, nullptr},
                                       .connection_ended = [] {},
                                       .upstreams_open = &upstreams_open_,
                                       .upstreams_max = 8})
                .value();
  thread_->set_listening({"127.0.0.1", 8472});
  world_ = &World::of(thread_->loop());
  clock_.world = world_;
}

Run::~Run() {
  for (auto& client : clients_) {
    client.reset();
  }
  thread_.reset();
  clock_.world = nullptr;
}

void Run::step(std::uint8_t what, std::uint8_t which, std::uint8_t how) {
  const std::uint8_t kind = what & 0x3fU;
  if (kind < 24) {
    if (kind == 0 && clients_.size() < kClientsMax) {
      connect_client();
    } else if (!clients_.empty()) {
      client_step(kind % 8, clients_[which % clients_.size()], how);
    }
  } else if (kind < 44) {
    if (!servers_.empty()) {
      server_step(kind % 8, servers_[servers_.size() - 1 - which % servers_.size()], how);
    }
  } else {
    around_step(kind, how);
  }
  // Several things may happen in one turn, in any order.
  if ((what & 0x40U) == 0) {
    turn(which);
  }
  if ((what & 0x80U) == 0) {
    turn(0);
  }
}

void Run::connect_client() {
  auto wire = std::make_shared<Wire>();
  wire->room = kRoomBytes;
  wire->remote = {"127.0.0.1", static_cast<std::uint16_t>(40'000 + clients_.size())};
  clients_.emplace_back(wire);
  thread_->post_client(world_->accept(wire));
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
    static_cast<void>(log_.answer(how != 0xff));
  } else if (what < 53) {
    static_cast<void>(meter_.answer(static_cast<limits::ChargeOutcome>(how % 8 < 5 ? how % 5 : 0)));
  } else if (what < 55) {
    if (!mints_.empty()) {
      const auto mint = std::move(mints_.back());
      mints_.pop_back();
      if (how % 4 != 0) {
        mint();  // else it never answers
      }
    }
  } else if (what < 58) {
    static_cast<void>(world_->wait_for_timer());
  } else if (what == 58) {
    world_->pass(how * 100);
  } else if (what == 59) {
    const auto& next = how % 2 == 0 ? fixed().other : fixed().bindings;
    thread_->post_policy({next, nullptr, nullptr});
  } else if (what == 60) {
    vault_.is_empty = how % 2 == 0;
    thread_->post_vault_refreshed();
  } else if (what == 61) {
    meter_.answers_at_once = how % 2 == 0;
  } else if (what == 62 && how % 4 == 0) {
    thread_->post_drain();
  }
}

void Run::turn(std::size_t first) {
  static_cast<void>(world_->turn(first));
  look();
}

void Run::look() {
  for (auto& wire : world_->take_dialled()) {
    servers_.emplace_back(std::move(wire), log_);
  }
  for (auto& client : clients_) {
    client.look();
  }
  for (auto& server : servers_) {
    server.look();
  }
}

void Run::answer_all() {
  for (auto& server : servers_) {
    server.meet(Server::Manner::good);
  }
  while (log_.answer(true)) {
  }
  while (meter_.answer(limits::ChargeOutcome::granted)) {
  }
  for (auto& mint : std::exchange(mints_, {})) {
    mint();
  }
  for (auto& client : clients_) {
    client.give_room(8 * kRoomBytes);
  }
  for (auto& server : servers_) {
    server.give_room(8 * kRoomBytes);
  }
}

// Back-pressure goes when its cause does: nothing that a client sent into a tunnel lies there.
void Run::check_tunnels() {
  const bool is_live = std::ranges::all_of(servers_, [](Server& server) {
    return server.is_live() || server.wire().remote.port != kOpaquePort;
  });
  for (auto& client : clients_) {
    if (is_live && client.is_opaque() && client.is_live()) {
      must(client.wire().to_proxy.empty(), "a direction of a tunnel hangs");
    }
  }
}

void Run::part(std::uint8_t how) {
  for (auto& client : clients_) {
    if (how == 1) {
      client.end();
    } else if (how == 2) {
      client.reset();
    }
  }
  for (auto& server : servers_) {
    if (how == 3) {
      server.end();
    } else if (how == 4) {
      server.reset();
    }
  }
  if (how == 5 || how == 6) {
    thread_->post_drain();
  }
  if (how == 6) {
    thread_->post_drain();
  }
}

void Run::come_to_rest(std::uint8_t how) {
  for (int i = 0; i < 100; ++i) {
    answer_all();
    must(world_->settle(), "the loop never comes to rest");
    look();
  }
  check_tunnels();
  part(how % 7);
  for (int i = 0; i < kTimersMax; ++i) {
    must(world_->settle(), "the loop never comes to rest");
    look();
    answer_all();
    const bool has_more = world_->turn();
    if (!has_more && !world_->wait_for_timer()) {
      break;
    }
  }
  must(session_count() == 0, "a session never ends");
  must(world_->socket_count() == 0, "a connection is left");
  must(thread_->context().collected_bytes == 0, "bytes of bodies are still counted");
  must(upstreams_open_ == 0, "connections to upstreams are still counted");
  must(holdings_.bytes() == 0, "somebody still holds locked memory");
  while (log_.answer(true)) {
  }
  log_.check_ends();
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
