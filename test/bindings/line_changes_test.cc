// SPDX-License-Identifier: Apache-2.0
#include "bindings/line_changes.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

using Lines = std::vector<std::string>;

std::string many(const std::string& mark, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += mark + std::to_string(i) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("equal texts have no changes") {
  CHECK(line_changes("", "").empty());
  CHECK(line_changes("a\nb\n", "a\nb\n").empty());
}

TEST_CASE("lines that came and went are told with their numbers, and where they stand", "[I17]") {
  const std::string before = "one:\n  - a\ntwo:\n\n  - a\n  - b\n";
  CHECK(line_changes(before, "one:\n  - a\ntwo:\n\n  - a\n  - c\n  - b\n") ==
        Lines{"    3: two:", "  + 6:   - c"});
  CHECK(line_changes(before, "one:\ntwo:\n\n  - a\n  - b\n") ==
        Lines{"    1: one:", "  - 2:   - a"});
  CHECK(line_changes("", "a\n") == Lines{"  + 1: a"});
  CHECK(line_changes("a\n", "") == Lines{"  - 1: a"});
  CHECK(line_changes("a\n", "a") == Lines{"  - 1: a", "  + 1: a (without a line feed at its end)"});
}

TEST_CASE("lines that change places are changes", "[I17]") {
  CHECK(line_changes("A:\n  1\n  x\nB:\n  2\n", "A:\n  2\n  x\nB:\n  1\n") ==
        Lines{"    1: A:", "  - 2:   1", "  + 2:   2", "    4: B:", "  - 5:   2", "  + 5:   1"});
}

TEST_CASE("texts that are too long to compare are told whole", "[I10][I17]") {
  const Lines said = line_changes(many("a", 1500), many("b", 1500));
  CHECK(said.size() == 3000);
  CHECK(said.front() == "  - 1: a0");
  CHECK(said.back() == "  + 1500: b1499");
}

}  // namespace keyswap::bindings
