// SPDX-License-Identifier: Apache-2.0
//
// One loop of the program in the world of memory, with all that stands around it: whole sessions,
// between clients and upstreams that are played. Whoever drives it says what happens, and lets
// turns go by.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "bindings/binding.h"
#include "ca/leaf_cache.h"
#include "proxy/loop_thread.h"
#include "proxy/strangers.h"
#include "proxy/telling.h"
#include "test/fuzz/session/around.h"
#include "test/fuzz/session/parties.h"
#include "test/fuzz/session/world.h"
#include "vault/holdings.h"

namespace keyswap::test {

// Bindings without an error.
std::shared_ptr<const bindings::Bindings> parse_all(const char* yaml);

// Locks the memory and makes the CA, once for all stages.
void prepare_stages();

class Stage {
 public:
  explicit Stage(std::shared_ptr<const bindings::Bindings> bindings);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage(Stage&&) = delete;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  // A client's connection. Every third one is of the same user (uv::LocalUsers in world.cc).
  std::shared_ptr<Wire> connect();

  // A turn of the loop, beginning with the `first`th socket; what was dialled in it are servers.
  // False: nothing happened.
  bool turn(std::size_t first = 0);
  // Turns until nothing happens any more.
  void settle();

  [[nodiscard]] std::size_t session_count() const { return thread_->context().sessions->size(); }

  [[nodiscard]] proxy::LoopThread& thread() { return *thread_; }

  [[nodiscard]] World& world() { return *world_; }

  // All that a session took is given back.
  void check_nothing_is_left();

  ScriptedVault vault;
  ScriptedLog log;
  ScriptedMeter meter;
  std::vector<ca::LeafCache::Task> mints;  // asked for, and not begun
  std::vector<Server> servers;             // in the order in which they were dialled

 private:
  void look();

  WorldClock clock_;
  proxy::Telling telling_{clock_};
  proxy::Strangers strangers_;
  vault::Holdings holdings_{std::size_t{1} << 20U};
  std::atomic<std::size_t> upstreams_open_ = 0;
  std::unique_ptr<ca::LeafCache> leaves_;
  std::unique_ptr<proxy::LoopThread> thread_;
  World* world_ = nullptr;
  std::size_t clients_ = 0;
};

}  // namespace keyswap::test
