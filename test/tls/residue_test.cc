// SPDX-License-Identifier: Apache-2.0
//
// I1: what was sent to an upstream, and what came from it, is nowhere in the process's memory once
// its owner has wiped it: OpenSSL keeps no copy in what it holds or has freed. (proxy/tls/engine.cc
// says how.)
#include <cstdio>
#include <fstream>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "proxy/base/sanitizers.h"
#include "test/tls/engine_pair.h"

namespace keyswap {
namespace {

using test::drain;
using test::feed_copy;
using test::Pair;
using test::PairMaker;
using test::RawPeer;

#if defined(KS_ADDRESS_SANITIZER) || defined(KS_THREAD_SANITIZER)
constexpr bool kHasShadowMemory = true;  // of terabytes, and freed memory is kept
#else
constexpr bool kHasShadowMemory = false;
#endif

// Never in memory as it is: each byte is told by its exclusive or with kMask.
constexpr std::size_t kCanaryBytes = 64;
constexpr unsigned char kMask = 0x5a;
using Masked = std::array<unsigned char, kCanaryBytes>;

Masked new_canary() {
  Masked masked{};
  base::random_bytes(masked);
  return masked;
}

void unmask(const Masked& masked, char* out) {
  for (std::size_t i = 0; i < masked.size(); ++i) {
    out[i] = static_cast<char>(masked[i] ^ kMask);
  }
}

// Does `half` of the canary stand here? Halves, so that a copy that was partly overwritten counts
// too.
bool is_half(const unsigned char* at, const unsigned char* half) {
  for (std::size_t i = 0; i < kCanaryBytes / 2; ++i) {
    if ((at[i] ^ kMask) != half[i]) {
      return false;
    }
  }
  return true;
}

int count_in(const unsigned char* begin, const unsigned char* end, const Masked& canary) {
  int found = 0;
  const std::size_t half = kCanaryBytes / 2;
  for (const unsigned char* at = begin; at + half <= end; ++at) {
    found += is_half(at, canary.data()) || is_half(at, canary.data() + half) ? 1 : 0;
  }
  return found;
}

// How often halves of the canary stand in writable memory.
int count_in_memory(const Masked& canary) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  int found = 0;
  while (std::getline(maps, line)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    std::array<char, 5> modes{};
    // NOLINTNEXTLINE(cert-err34-c): the kernel writes these numbers
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, modes.data()) == 3 &&
        modes[0] == 'r' && modes[1] == 'w' && line.find("[v") == std::string::npos) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of this process
      const auto* from = reinterpret_cast<const unsigned char*>(begin);
      found += count_in(from, from + (end - begin), canary);
    }
  }
  return found;
}

// Memory that holds the canary as long as it is not wiped.
struct Plaintext {
  explicit Plaintext(const Masked& canary) : bytes(4096, '.') {
    unmask(canary, bytes.data() + 100);
  }

  void wipe() { base::wipe(bytes.data(), bytes.size()); }

  [[nodiscard]] std::string_view view() const { return {bytes.data(), bytes.size()}; }

  std::vector<char> bytes;
};

TEST_CASE("the search finds what is there, and nothing when it is gone") {
  if (kHasShadowMemory) {
    return;
  }
  const Masked canary = new_canary();
  CHECK(count_in_memory(canary) == 0);
  Plaintext plaintext(canary);
  CHECK(count_in_memory(canary) == 2);
  plaintext.wipe();
  CHECK(count_in_memory(canary) == 0);
}

TEST_CASE("no plaintext that was written stays in memory [I1]", "[I1]") {
  if (kHasShadowMemory) {
    return;
  }
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  const Masked canary = new_canary();
  Plaintext plaintext(canary);
  REQUIRE(pair.client.write(plaintext.view()));
  plaintext.wipe();
  CHECK(count_in_memory(canary) == 0);
}

TEST_CASE("no plaintext that was read from an upstream stays in memory [I1]", "[I1]") {
  if (kHasShadowMemory) {
    return;
  }
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  const Masked canary = new_canary();
  Plaintext plaintext(canary);
  REQUIRE(pair.server.write(plaintext.view()));
  REQUIRE(feed_copy(pair.client, drain(pair.server)));
  REQUIRE(pair.client.read(plaintext.bytes.data(), plaintext.bytes.size())->size == 4096);
  CHECK(count_in_memory(canary) == 2);
  plaintext.wipe();
  CHECK(count_in_memory(canary) == 0);
}

TEST_CASE("no plaintext stays in memory with TLS 1.2 either [I1]", "[I1]") {
  if (kHasShadowMemory) {
    return;
  }
  const test::Identity root = test::make_root();
  const auto server_context = test::weak_server_context(test::make_server(root, "a.test"));
  REQUIRE(SSL_CTX_set_max_proto_version(server_context.get(), TLS1_2_VERSION) == 1);
  SSL_CTX_set_options(server_context.get(), SSL_OP_CLEANSE_PLAINTEXT);
  RawPeer server(server_context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(test::trusting({root}), "a.test");
  REQUIRE(*shake(engine, server));
  const Masked canary = new_canary();
  Plaintext plaintext(canary);
  REQUIRE(engine.write(plaintext.view()));
  server.write(plaintext.view());
  REQUIRE(feed_copy(engine, server.take_output()));
  REQUIRE(engine.read(plaintext.bytes.data(), plaintext.bytes.size())->size == 4096);
  plaintext.wipe();
  CHECK(count_in_memory(canary) == 0);
}

}  // namespace
}  // namespace keyswap
