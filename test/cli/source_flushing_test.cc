// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_flushing.h"

#include <thread>

#include <catch2/catch.hpp>

#include "proxy/cli/serve_lock.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

std::optional<ServeLock> run_proxy(const Home& home) {
  auto lock = ServeLock::take(
      home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  REQUIRE(lock);
  return std::move(lock).value();
}

}  // namespace

TEST_CASE("without a proxy nobody is asked to drop values, and nothing is left behind") {
  const test::TempHome place;
  auto done = ask_to_flush(place.home(), "company");
  REQUIRE(done);
  CHECK_FALSE(done.value());
  CHECK_FALSE(asked_to_flush(place.home()));
}

TEST_CASE("a command goes on when the values are dropped, and names whose they are") {
  const test::TempHome place;
  const Home home = place.home();
  const auto proxy = run_proxy(home);
  REQUIRE(proxy);
  for (const std::string id : {"company", ""}) {
    std::optional<std::string> asked;
    std::thread serving([&home, &asked] {
      while (!(asked = asked_to_flush(home))) {
        std::this_thread::yield();
      }
      flushed(home);
    });
    auto done = ask_to_flush(home, id);
    serving.join();
    REQUIRE(done);
    CHECK(done.value());
    CHECK(asked == id);
    CHECK_FALSE(asked_to_flush(home));
  }
}

TEST_CASE("two commands at once: neither takes the other's request for its own") {
  const test::TempHome place;
  const Home home = place.home();
  const auto proxy = run_proxy(home);
  REQUIRE(proxy);
  std::string seen;
  std::thread serving([&home, &seen] {
    while (seen.size() < 2) {
      if (const auto id = asked_to_flush(home)) {
        seen += *id;
        flushed(home);
      }
      std::this_thread::yield();
    }
  });
  bool is_other_done = false;
  std::thread other([&home, &is_other_done] {
    auto done = ask_to_flush(home, "a");
    is_other_done = done && done.value();
  });
  auto done = ask_to_flush(home, "b");
  other.join();
  serving.join();
  CHECK(is_other_done);
  REQUIRE(done);
  CHECK(done.value());
  CHECK((seen == "ab" || seen == "ba"));
}

}  // namespace keyswap::cli
