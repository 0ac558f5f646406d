// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_loops.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/cli/serve_parts.h"

namespace keyswap::cli {

namespace {

namespace bounds = base::bounds;

constexpr std::size_t kOrdinaryBytes = std::size_t{7040} * 1024;  // of a limit of 8 MiB

}  // namespace

TEST_CASE("there is a loop at least, and never more than the bound", "[I10]") {
  CHECK(wish_loops(0).count >= 1);
  CHECK_FALSE(wish_loops(0).is_said);
  CHECK(wish_loops(64).count == 64);
  CHECK(wish_loops(64).is_said);
  CHECK(wish_loops(100'000).count == bounds::kLoopsMax);
}

TEST_CASE("as many loops as may be wanted find the memory that is asked for them", "[I10]") {
  const unsigned count = GENERATE(1U, 31U, 32U, 33U, 64U, bounds::kLoopsMax);
  const LoopWish wish{count, true};
  const std::size_t bytes = locked_bytes_wanted(wish);
  CHECK(bytes <= bounds::kLockedArenaBytesMax);
  auto loops = fit_into_memory(wish, bytes);
  REQUIRE(loops);
  CHECK(loops.value() == count);
}

TEST_CASE("loops that nobody asked for are left out, and what waits keeps its part", "[I10]") {
  auto loops = fit_into_memory({64, false}, kOrdinaryBytes);
  REQUIRE(loops);
  CHECK(loops.value() >= 8);
  const std::size_t taken = locked_bytes_wanted({loops.value(), false}) - bounds::kHeldBytesWanted -
                            bounds::kCallsLockedBytes - bounds::kSourceCacheBytesMax;
  CHECK(kOrdinaryBytes - taken >= bounds::kHeldBytesWanted / 4);
  CHECK(fit_into_memory({2, false}, bounds::kLockedArenaBytesMin).value() == 2);
}

TEST_CASE("loops that were asked for and do not fit are refused, with what would", "[I13]") {
  auto loops = fit_into_memory({64, true}, kOrdinaryBytes);
  REQUIRE_FALSE(loops);
  CHECK(loops.failure().exit == Exit::cannot);
  CHECK(loops.failure().what == "7040 KiB of locked memory suffice for 15 event loops");
  CHECK(loops.failure().hint.find("--threads 15") != std::string::npos);
  auto files = fit_into_files({64, true}, kOpenFilesMin);
  REQUIRE_FALSE(files);
  CHECK(files.failure().what == "256 open files suffice for 20 event loops");
  CHECK(files.failure().hint.find("ulimit -n") != std::string::npos);
}

TEST_CASE("open files suffice for as many loops as have room besides clients", "[I10]") {
  CHECK(fit_into_files({64, false}, kOpenFilesMin).value() == 20);
  CHECK(fit_into_files({64, true}, 1024).value() == 64);
  CHECK(fit_into_files({2, true}, kOpenFilesMin).value() == 2);
}

}  // namespace keyswap::cli
