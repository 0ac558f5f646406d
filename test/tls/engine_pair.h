// SPDX-License-Identifier: Apache-2.0
//
// Two engines that talk to each other in memory, the client's side trusting the server's authority.
#pragma once

#include <array>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "ca/authority.h"
#include "ca/leaf.h"
#include "proxy/tls/engine.h"
#include "test/support/temp_file.h"
#include "test/support/tls_peer.h"
#include "vault/secret.h"

namespace keyswap::test {

// Everything needed to make pairs; made once, because keys and root bundles are slow.
struct PairMaker {
  std::shared_ptr<const ca::Authority> authority;
  std::shared_ptr<const ca::LeafKey> key;
  std::shared_ptr<const tls::ServerContext> server_context;
  std::shared_ptr<const tls::ClientContext> client_context;

  static const PairMaker& instance() {
    static const PairMaker kMaker = make();
    return kMaker;
  }

  [[nodiscard]] std::shared_ptr<const ca::Leaf> leaf(const std::string& host,
                                                     bool is_ip = false) const {
    auto minted = ca::mint_leaf(*authority, key, host, is_ip, std::time(nullptr));
    REQUIRE(minted);
    return *minted;
  }

  [[nodiscard]] tls::Engine server(const std::string& host, bool is_ip = false) const {
    auto engine = tls::Engine::accept(*server_context, leaf(host, is_ip));
    REQUIRE(engine);
    return std::move(*engine);
  }

 private:
  static PairMaker make() {
    REQUIRE(tls::start_library());
    REQUIRE(vault::lock_memory());
    const std::int64_t now = std::time(nullptr);
    auto made = ca::create_authority(now);
    REQUIRE(made);
    auto opened = ca::Authority::open(made->key_der, made->certificate_pem, now);
    auto leaf_key = ca::LeafKey::create();
    auto server = tls::ServerContext::create();
    const TempFile root(made->certificate_pem);
    auto client = tls::ClientContext::create({root.path()}, "");
    REQUIRE(opened);
    REQUIRE(leaf_key);
    REQUIRE(server);
    REQUIRE(client);
    return {*opened, *leaf_key, *server, *client};
  }
};

// How many of the bytes at hand to deliver next; at least one.
using Cut = std::function<std::size_t(std::size_t)>;

inline Cut whole() {
  return [](std::size_t size) {
    return size;
  };
}

inline Cut byte_by_byte() {
  return [](std::size_t) {
    return std::size_t{1};
  };
}

inline Cut random_cuts(unsigned seed) {
  return [random = std::minstd_rand(seed)](std::size_t size) mutable {
    return std::uniform_int_distribution<std::size_t>(1, std::min<std::size_t>(size, 700))(random);
  };
}

struct Pair {
  tls::Engine client;
  tls::Engine server;

  static Pair of(const std::string& host = "api.example.test") {
    const PairMaker& maker = PairMaker::instance();
    return {connect_to(maker.client_context, host), maker.server(host)};
  }

  // Delivers what one side has to say to the other, in pieces; `after` runs after each.
  template <typename After>
  static void deliver(tls::Engine& from, tls::Engine& to, const Cut& cut, const After& after) {
    const std::string bytes = drain(from);
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const std::size_t count = cut(rest.size());
      REQUIRE(feed_copy(to, rest.substr(0, count)));
      rest.remove_prefix(count);
      after();
    }
  }

  // True when both have finished.
  bool shake(const Cut& cut = whole()) {
    base::Result<bool> client_done = client.handshake();
    base::Result<bool> server_done = false;
    for (int round = 0; round < 10; ++round) {
      deliver(client, server, cut, [&] { server_done = server.handshake(); });
      deliver(server, client, cut, [&] { client_done = client.handshake(); });
    }
    return client_done && *client_done && server_done && *server_done;
  }
};

struct Reading {
  std::string bytes;
  bool is_closed = false;
  bool has_failed = false;
};

// All that can be read now.
inline void read_all(tls::Engine& engine, Reading& into, std::size_t capacity = 4096) {
  std::string room(capacity, '\0');
  while (!into.is_closed && !into.has_failed) {
    const auto read = engine.read(room.data(), room.size());
    if (!read) {
      into.has_failed = true;
      return;
    }
    into.bytes.append(room.data(), read->size);
    into.is_closed = read->is_closed;
    if (read->size < room.size()) {
      return;
    }
  }
}

}  // namespace keyswap::test
