// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_rotation.h"

#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "audit/segment.h"
#include "proxy/cli/serve_lock.h"
#include "test/audit/support.h"
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

TEST_CASE("without a proxy nobody is asked, and nothing is left behind") {
  const test::TempHome place;
  auto done = ask_for_rotation(place.home(), place.path(), 1);
  REQUIRE(done);
  CHECK_FALSE(done.value());
  CHECK_FALSE(take_rotation_request(place.home()));
}

TEST_CASE("the proxy is asked once, and a segment that is there says that it is done") {
  const test::TempHome place;
  const audit::test::TempFolder folder;
  const Home home = place.home();
  const auto proxy = run_proxy(home);
  REQUIRE(proxy);
  std::thread serving([&home, &folder] {
    while (!take_rotation_request(home)) {
      std::this_thread::yield();
    }
    std::ofstream(folder.file(audit::segment_name(2))) << "";
  });
  auto done = ask_for_rotation(home, folder.path(), 1);
  serving.join();
  REQUIRE(done);
  CHECK(done.value());
  CHECK_FALSE(take_rotation_request(home));
}

}  // namespace keyswap::cli
