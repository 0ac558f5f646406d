// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/body_pace.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

// Six windows of 20 s are the 120 s that a body may pause.
constexpr int kWindows = 6;

// How many windows end until the pace is too slow, each bringing `bytes`; `most` if it never is.
int windows_of(std::size_t bytes, int most = 1000) {
  BodyPace pace;
  for (int i = 1; i <= most; ++i) {
    pace.add(bytes);
    if (pace.end_window()) {
      return i;
    }
  }
  return most;
}

}  // namespace

TEST_CASE("HF-11 a body that brings nothing is waited for as long as it may pause", "[I10]") {
  CHECK(windows_of(0) == kWindows);
}

TEST_CASE("HF-11 a body that trickles is waited for no longer than one that pauses", "[I10]") {
  CHECK(windows_of(1) == kWindows);
  CHECK(windows_of(20) == kWindows);
  CHECK(windows_of(999) == kWindows);
  CHECK(windows_of(1000) == 1000);
}

TEST_CASE("a body may pause more than once, if only a little comes in between") {
  BodyPace pace;
  for (int pause = 0; pause < 3; ++pause) {
    pace.add(1);
    CHECK_FALSE(pace.end_window());
    for (int i = 0; i < kWindows - 1; ++i) {
      CHECK_FALSE(pace.end_window());
    }
  }
}

TEST_CASE("HF-11 pauses with a byte between them come to an end, too", "[I10]") {
  BodyPace pace;
  int windows = 0;
  for (bool is_over = false; !is_over && windows < 1000; ++windows) {
    pace.add(windows % 5 == 0 ? 1 : 0);
    is_over = pace.end_window();
  }
  CHECK(windows == 5 * (kWindows - 1) + 1);
}

TEST_CASE("a good window makes up for slow ones") {
  BodyPace pace;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < kWindows - 1; ++i) {
      pace.add(10);
      CHECK_FALSE(pace.end_window());
    }
    pace.add(1000);
    CHECK_FALSE(pace.end_window());
  }
}

}  // namespace keyswap::flow
