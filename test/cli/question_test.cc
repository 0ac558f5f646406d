// SPDX-License-Identifier: Apache-2.0
//
// What stands beside the question. (The question itself: test/cli/hidden_input_test.cc.)
#include "proxy/cli/question.h"

#include <catch2/catch.hpp>

#include "bindings/policy_changes.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

using Lines = std::vector<std::string>;

std::size_t height_of(const Lines& lines) {
  std::size_t height = 0;
  for (const std::string& line : lines) {
    const std::string shown = wrap_hanging("  " + line);
    for (const std::string_view part : lines_of(shown)) {
      height += part.size() / kColumns + 1;
    }
  }
  return height;
}

Lines many(const std::string& begin, std::size_t count) {
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back(begin + std::to_string(i));
  }
  return lines;
}

// As bindings::policy_changes() has it, behind its words.
void add_text(std::size_t count, Lines& changes) {
  changes.emplace_back(bindings::kLinesOfText);
  const Lines text = many("  + ", count);
  changes.insert(changes.end(), text.begin(), text.end());
}

}  // namespace

TEST_CASE("what a small terminal shows at once is not said twice", "[I17]") {
  CHECK(in_short({}).empty());
  CHECK(in_short(many("now also: K may go to host ", 18)).empty());
}

TEST_CASE("below a long list stands where secrets may go, and how much else there is", "[I17]") {
  Lines changes = many("now also: K stands in header ", 30);
  changes.push_back("no longer: K may go to a.example.test");
  changes.push_back("now also: K may go to b.example.test");
  add_text(100, changes);
  const Lines lines = in_short(changes);
  REQUIRE(lines.size() > 3);
  CHECK(lines[0] == "no longer: K may go to a.example.test");
  CHECK(lines[1] == "now also: K may go to b.example.test");
  CHECK(lines.back() ==
        "and " + std::to_string(changes.size() - (lines.size() - 1)) + " lines more, above");
  // With the question, and what is said before it, on 24 lines.
  CHECK(height_of(lines) <= 16);
  const Lines wide = many("now also: K is meant by " + std::string(170, 'x'), 30);
  CHECK(height_of(in_short(wide)) <= 16);
}

TEST_CASE("other roots are no change of words alone, and neither is one permission of many lines") {
  Lines changes = {"other roots: roots.pem has the SHA-256 0123"};
  add_text(100, changes);
  CHECK(in_short(changes).front() == changes.front());
  CHECK(in_short({"now also: K may go to " + std::string(2000, 'x')}) ==
        Lines{"and 1 lines more, above"});
}

TEST_CASE("where the text alone changed, that is said", "[I17]") {
  Lines changes;
  add_text(100, changes);
  CHECK(in_short(changes) == Lines{"only lines of the file differ: they stand above"});
}

}  // namespace keyswap::cli
