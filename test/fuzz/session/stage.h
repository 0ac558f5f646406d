// SPDX-License-Identifier: Apache-2.0
//
// A loop of the program with its connections, in the world of memory, and all who deal with them:
// clients, the upstreams that were dialled, a source of secrets, an audit log, limits. It does
// nothing by itself; the fuzzer and the tests say what happens, and when.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bindings/binding.h"
#include "ca/authority.h"
#include "ca/leaf_cache.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_values.h"
#include "proxy/net/loop_thread.h"
#include "proxy/net/strangers.h"
#include "proxy/net/telling.h"
#include "test/fuzz/session/around.h"
#include "test/fuzz/session/parties.h"
#include "test/fuzz/session/world.h"
#include "test/support/fake_source.h"
#include "vault/holdings.h"

namespace keyswap::test {

// What is made once for all stages.
struct Fixed {
  std::shared_ptr<const bindings::Bindings> bindings;  // kBindings
  std::shared_ptr<const bindings::Bindings> other;     // kOtherBindings
  std::shared_ptr<const tls::ServerContext> client_tls;
  std::shared_ptr<const ca::Authority> authority;
  std::shared_ptr<const ca::LeafKey> key;
};

const Fixed& fixed();

// Bindings without an error.
std::shared_ptr<const bindings::Bindings> parse_all(const char* yaml);

class Stage {
 public:
  Stage();  // with kBindings
  // `looks_for_real`: real values are looked for in what clients send; each is asked of `secrets`.
  explicit Stage(std::shared_ptr<const bindings::Bindings> bindings, bool looks_for_real = false);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage(Stage&&) = delete;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  // A client's connection that nobody plays. Every third one is of the same user (uv::LocalUsers in
  // world.cc).
  std::shared_ptr<Wire> connect();
  Client& connect_client();

  // One turn of the loop, beginning with the `first`th socket; then all look at what came. False:
  // nothing happened.
  bool turn(std::size_t first = 0);
  void look();
  // Turns until nothing happens any more.
  void settle();
  // So much time goes by; each timer fires when it is due.
  void pass(std::int64_t milliseconds);

  // The log, the limits and the mint give every answer that somebody waits for.
  void answer_what_waits();

  [[nodiscard]] std::size_t session_count() const { return thread_->connection_count(); }

  [[nodiscard]] net::LoopThread& thread() { return *thread_; }

  [[nodiscard]] World& world() { return *world_; }

  // All that connections took is given back.
  void check_nothing_is_left();

  FakeSource secrets{all_secrets()};
  ScriptedLog log;
  ScriptedMeter meter;
  std::vector<ca::LeafCache::Task> mints;
  std::deque<Client> clients;
  std::deque<Server> servers;
  flow::KnownSecrets known;  // not counted: it keeps what it knows
  flow::RealValues real;     // likewise

 private:
  [[nodiscard]] std::optional<std::int64_t> next_due_ms();

  NoCallers callers_;
  WorldClock clock_;
  net::Telling telling_{clock_};
  net::Strangers strangers_;
  vault::Holdings holdings_{std::size_t{1} << 20U};
  std::atomic<std::size_t> upstreams_open_ = 0;
  std::unique_ptr<ca::LeafCache> leaves_;
  std::unique_ptr<net::LoopThread> thread_;
  World* world_ = nullptr;
  std::size_t connected_ = 0;
};

}  // namespace keyswap::test
