// SPDX-License-Identifier: Apache-2.0
//
// All that the connections of a loop need, in memory: a loop without sockets and real time; a
// source of secrets, a log and limits that answer as they are told; certificates, bindings. And
// Peers, who are on the other side of a connection, with TLS or without.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ca/leaf_cache.h"
#include "proxy/base/clock.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/client_tls_watch.h"
#include "proxy/net/connections.h"
#include "proxy/net/connector.h"
#include "proxy/net/context.h"
#include "proxy/net/leg.h"
#include "proxy/net/secret_lane.h"
#include "proxy/net/strangers.h"
#include "proxy/net/telling.h"
#include "proxy/services/health.h"
#include "test/fuzz/session/around.h"
#include "test/fuzz/session/world.h"
#include "test/support/fake_source.h"
#include "test/support/memory_pipe.h"

namespace keyswap::test {

// Who is on the other side.
class Peer final : public net::LegEvents {
 public:
  Peer(net::Context& context, int socket);

  void say(std::string_view bytes);
  // As the server for `host`, or as a client that wants to reach it and trusts our authority.
  void serve_tls(const std::string& host);
  void begin_tls(const std::string& host);

  void finish() { leg.finish_writing(net::Leg::Ending::said); }

  // What was heard since this was asked last.
  std::string take_heard();

  void on_leg_connected() override {}

  void on_leg_secured() override { is_secured = true; }

  void on_leg_bytes(std::string_view bytes) override { heard += bytes; }

  void on_leg_end(bool is_clean) override;

  void on_leg_broken(base::Errc /*why*/) override { is_broken = true; }

  void on_leg_drained() override {}

  net::Leg leg;
  std::string heard;
  bool is_secured = false;
  bool has_ended = false;
  bool was_clean = false;
  bool is_broken = false;
};

// The world's time, which begins now: certificates are held against the time of day.
class NetClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return began_us_ + steady_us(); }

  [[nodiscard]] std::int64_t steady_us() const override {
    return world == nullptr ? 0 : world->now_ms * 1000;
  }

  const World* world = nullptr;

 private:
  std::int64_t began_us_ = base::SystemClock().wall_us();
};

class MemoryNet {
 public:
  MemoryNet();
  MemoryNet(const MemoryNet&) = delete;
  MemoryNet& operator=(const MemoryNet&) = delete;
  MemoryNet(MemoryNet&&) = delete;
  MemoryNet& operator=(MemoryNet&&) = delete;
  ~MemoryNet();

  // A connection between a Peer and a socket that somebody else adopts.
  struct Joined {
    Peer* peer;
    int socket;
  };

  Joined join(const std::string& from = "127.0.0.1");
  // A client that comes to the listener, from that address.
  Peer& connect(const std::string& from = "127.0.0.1");
  // The other side of what was dialled last; REQUIREs that there is such a dial.
  Peer& answer_dial();
  void refuse_dial();

  // Turns until nothing happens any more.
  void settle();
  // The same, and the log answers.
  void settle_durably();
  // So much time goes by, timer by timer.
  void pass(std::int64_t milliseconds);

  MemoryPipe& last_pipe() { return pipes_.back(); }

  [[nodiscard]] World& world() { return World::of(*loop_); }

  [[nodiscard]] std::size_t upstreams_open() const { return upstreams_open_; }

  // Certificates are minted at once, unless this is false.
  bool mints_at_once = true;
  std::vector<ca::LeafCache::Task> mints;

  FakeSource secrets{all_secrets()};
  ScriptedLog log;
  ScriptedMeter meter;
  flow::RealValues real;  // looked for in what clients send; no record shows one

 private:
  std::unique_ptr<uv::Loop> loop_;
  NoCallers callers_;
  NetClock clock_;
  net::Telling telling_{clock_};
  net::Strangers strangers_;
  vault::Holdings holdings_{std::size_t{1} << 20U};
  flow::KnownSecrets known_{&holdings_};
  uv::LocalUsers users_;
  services::Health health_{[] { return std::nullopt; },
                           [] {
                             return false;
                           }};
  std::atomic<std::size_t> upstreams_open_ = 0;
  std::unique_ptr<uv::Resolver> resolver_;
  std::unique_ptr<ca::LeafCache> leaves_;

 public:
  net::Context context;

 private:
  std::unique_ptr<net::AuditLane> lane_;
  std::unique_ptr<net::SecretLane> secret_lane_;
  std::unique_ptr<net::ClientTlsWatch> tls_watch_;
  std::unique_ptr<net::Connector> connector_;

 public:
  std::unique_ptr<net::Connections> connections;

 private:
  std::deque<Peer> peers_;
  std::deque<MemoryPipe> pipes_;
};

}  // namespace keyswap::test
