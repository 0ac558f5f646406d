// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/known_secrets.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/flow/searches.h"
#include "vault/arena.h"

namespace keyswap::flow {

namespace {

namespace bounds = base::bounds;

struct Texts {
  explicit Texts(const std::vector<std::string>& texts, std::string the_name = "K")
      : name(std::move(the_name)) {
    for (const std::string& text : texts) {
      secrets.push_back(test::secret_of(text));
    }
    for (const vault::Secret& secret : secrets) {
      wanted.push_back(wanted_secret(secret, name, "<P>"));
    }
  }

  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  std::string name;
  std::vector<vault::Secret> secrets;
  std::vector<WantedSecret> wanted;  // views of the two
};

SharedSearch add(KnownSecrets& known,
                 const std::string& host,
                 const std::vector<std::string>& texts,
                 const SharedSearch& kept = nullptr,
                 const std::string& name = "K") {
  auto search = known.add(host, Texts(texts, name).wanted, kept);
  return search ? *search : nullptr;
}

bool finds(const SharedSearch& search, const std::string& secret) {
  return search != nullptr && test::scrubbed(search, secret) == "<P>";
}

}  // namespace

TEST_CASE("P08 what a host received is looked for in all that comes from it later", "[I8]") {
  KnownSecrets known;
  CHECK(known.find("a.test") == nullptr);
  const auto first = add(known, "a.test", {"real-key-0001"});
  CHECK(finds(first, "real-key-0001"));
  CHECK(known.find("a.test") == first);
  CHECK(known.find("b.test") == nullptr);
  CHECK(add(known, "a.test", {"real-key-0001"}) == first);
  const auto both = add(known, "a.test", {"real-key-0002"}, nullptr, "K2");
  CHECK(finds(both, "real-key-0001"));
  CHECK(finds(both, "real-key-0002"));
  CHECK(known.find("a.test", first) == both);
}

TEST_CASE("whoever reads the same version twice is told the same", "[I8]") {
  KnownSecrets known;
  const auto empty = known.version();
  const auto first = add(known, "a.test", {"real-key-0001"});
  const auto version = known.version();
  CHECK(version != empty);
  CHECK(add(known, "a.test", {"real-key-0001"}) == first);
  CHECK(known.find("a.test") == first);
  CHECK(known.find("b.test") == nullptr);
  CHECK(known.version() == version);
  // Another value, another host, and a host that is forgotten.
  REQUIRE(add(known, "a.test", {"real-key-0002"}) != first);
  const auto second = known.version();
  CHECK(second != version);
  REQUIRE(add(known, "b.test", {"real-key-0003"}) != nullptr);
  CHECK(known.version() != second);
  for (std::size_t i = 0; i < bounds::kKnownHostsMax - 2; ++i) {
    static_cast<void>(known.should_learn("h" + std::to_string(i) + ".test", 443, 0));
  }
  const auto full = known.version();
  CHECK(known.find("b.test") != nullptr);
  static_cast<void>(known.should_learn("one-more.test", 443, 0));
  CHECK(known.version() != full);
}

TEST_CASE("of the values of one entry the last few stay known, until there are more", "[I8][I10]") {
  KnownSecrets known;
  for (int i = 0; i < 10; ++i) {
    add(known, "a.test", {"real-key-000" + std::to_string(i)});
  }
  const auto last = known.find("a.test");
  CHECK(finds(last, "real-key-0009"));
  CHECK(finds(last, "real-key-0007"));
  CHECK_FALSE(finds(last, "real-key-0000"));
  CHECK(last->secrets().size() <= bounds::kValuesPerSecretMax + 1);
}

TEST_CASE("what is made of a secret again and again does not push the secret out", "[I8]") {
  KnownSecrets known;
  add(known, "a.test", {"real-key-0001"});
  for (int i = 0; i < 10; ++i) {
    Texts signature({"a-signature-000" + std::to_string(i)});
    signature.wanted[0].is_derived = true;
    REQUIRE(known.add("a.test", signature.wanted));
  }
  CHECK(finds(known.find("a.test"), "real-key-0001"));
  CHECK(finds(known.find("a.test"), "a-signature-0009"));
}

TEST_CASE("who looked for a secret goes on to do so, whatever else becomes known", "[I8]") {
  KnownSecrets known;
  const auto first = add(known, "a.test", {"real-key-0000"});
  for (int i = 1; i < 10; ++i) {
    add(known, "a.test", {"real-key-000" + std::to_string(i)});
  }
  const auto mine = known.find("a.test", first);
  CHECK(finds(mine, "real-key-0000"));
  CHECK(finds(mine, "real-key-0009"));
  CHECK(known.find("b.test", first) == first);
}

TEST_CASE("of too many secrets the first is not forgotten, but the last refused", "[I8][I10]") {
  KnownSecrets known;
  SharedSearch kept;
  for (std::size_t i = 0; i < bounds::kScrubbedSecretsMax; ++i) {
    kept = add(known, "a.test", {"a-real-key-" + std::to_string(i)}, kept);
    REQUIRE(kept != nullptr);
  }
  const auto more = known.add("a.test", Texts({"one-key-more"}).wanted, kept);
  REQUIRE_FALSE(more);
  CHECK(more.error().code == base::Errc::limit_exceeded);
  CHECK(finds(known.find("a.test", kept), "a-real-key-0"));
  // Another request holds on to none of them, and is served.
  CHECK(finds(add(known, "a.test", {"one-key-more"}), "one-key-more"));
}

TEST_CASE("hosts and their memory are bounded: the one not used for longest is forgotten",
          "[I10]") {
  REQUIRE(vault::lock_memory());
  const std::size_t free_before = vault::arena::free_bytes();
  {
    KnownSecrets known;
    constexpr std::size_t kForgotten = 16;
    constexpr std::size_t kHosts = bounds::kKnownHostsMax + kForgotten;
    for (std::size_t i = 0; i < kHosts; ++i) {
      add(known, "h" + std::to_string(i) + ".test", {"real-key-" + std::to_string(i)});
    }
    // What the last of those that were forgotten knew is not. (Memory may bound them, too.)
    bool is_found = false;
    for (std::size_t i = kForgotten - 1; i < kHosts; ++i) {
      is_found = is_found || finds(known.find("h0.test"), "real-key-" + std::to_string(i));
    }
    CHECK(is_found);
    CHECK_FALSE(finds(known.find("h0.test"), "real-key-0"));
    CHECK(known.find("h" + std::to_string(kHosts - 1) + ".test") != nullptr);
    for (std::size_t i = 0; i < 30; ++i) {
      add(known,
          "l" + std::to_string(i) + ".test",
          {std::string(4000, static_cast<char>('a' + i % 26)) + std::to_string(i)});
      CHECK(free_before - vault::arena::free_bytes() <= 3 * bounds::kKnownSecretsBytesMax);
    }
  }
  CHECK(vault::arena::free_bytes() == free_before);
}

TEST_CASE("P08 nobody drives a host out, so that what it holds comes back in clear", "[I8]") {
  REQUIRE(vault::lock_memory());
  KnownSecrets known;
  add(known, "a.test", {"the-stored-key-0001"});
  for (std::size_t i = 0; i <= bounds::kKnownHostsMax; ++i) {
    add(known, "x" + std::to_string(i) + ".test", {"a-wildcard-key"}, nullptr, "W");
  }
  CHECK(finds(known.find("a.test"), "the-stored-key-0001"));
  // Also once something else is known of it again.
  const auto again = add(known, "a.test", {"another-key-0001"}, nullptr, "W");
  CHECK(finds(again, "the-stored-key-0001"));
  CHECK(finds(again, "another-key-0001"));
  for (std::size_t i = 0; i <= bounds::kKnownHostsMax; ++i) {
    known.should_learn("y" + std::to_string(i) + ".test", 443, 0);
  }
  CHECK(finds(known.find("a.test"), "the-stored-key-0001"));
}

TEST_CASE("where there is no room for a secret nobody is forgotten for it", "[I8][I10]") {
  REQUIRE(vault::lock_memory());
  vault::Holdings holdings(64 * 1024);
  KnownSecrets known(&holdings);
  const auto search = add(known, "a.test", {"real-key-0001"});
  CHECK(add(known, "b.test", {std::string(16'000, 'k')}) == nullptr);
  CHECK(known.find("a.test") == search);
}

TEST_CASE("an old stream does not push the newest value out, nor make the same anew", "[I8]") {
  KnownSecrets known;
  SharedSearch old;
  for (int i = 0; i < 4; ++i) {
    old = add(known, "a.test", {"real-key-000" + std::to_string(i)}, old);
  }
  for (int i = 4; i < 9; ++i) {
    add(known, "a.test", {"real-key-000" + std::to_string(i)});
  }
  const auto newest = known.find("a.test");
  const auto mine = known.find("a.test", old);
  CHECK(finds(mine, "real-key-0000"));
  CHECK(finds(mine, "real-key-0008"));
  CHECK(known.find("a.test", mine) == mine);
  CHECK(known.find("a.test") == newest);
  CHECK(finds(newest, "real-key-0008"));
}

TEST_CASE("what is known is counted, and no more is known than there is room for", "[I10]") {
  REQUIRE(vault::lock_memory());
  vault::Holdings holdings(64 * 1024);
  {
    KnownSecrets known(&holdings);
    const auto search = add(known, "a.test", {"real-key-0001"});
    CHECK(holdings.bytes() >= search->block().size());
    CHECK(add(known, "b.test", {std::string(16'000, 'k')}) == nullptr);
    CHECK(add(known, "c.test", {"real-key-0002"}) != nullptr);
  }
  CHECK(holdings.bytes() == 0);
}

TEST_CASE("a host's rules are asked for once, until something may have changed", "[I8]") {
  KnownSecrets known;
  CHECK(known.should_learn("a.test", 443, 0));
  CHECK_FALSE(known.should_learn("a.test", 443, 0));
  CHECK(known.should_learn("a.test", 8443, 0));
  CHECK(known.should_learn("b.test", 443, 0));
  known.renew();
  CHECK(known.should_learn("a.test", 443, 0));
  CHECK(known.find("a.test") == nullptr);
}

TEST_CASE("loops add and find at the same time") {
  REQUIRE(vault::lock_memory());
  KnownSecrets known;
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 4; ++loop) {
    loops.emplace_back([&known, loop] {
      SharedSearch mine;
      for (int i = 0; i < 50; ++i) {
        const auto secret =
            vault::Secret::copy_of("key-" + std::to_string(loop) + "-" + std::to_string(i));
        const WantedSecret wanted = wanted_secret(*secret, "K", "<P>");
        static_cast<void>(known.add("a.test", std::span(&wanted, 1)));
        mine = known.find("a.test");
      }
    });
  }
  for (std::thread& loop : loops) {
    loop.join();
  }
  CHECK(known.find("a.test") != nullptr);
}

}  // namespace keyswap::flow
