// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/toml_check.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kMost = base::bounds::kImportDotsMax;

std::string dotted(std::size_t dots) {
  std::string key = "a";
  for (std::size_t i = 0; i < dots; ++i) {
    key += ".a";
  }
  return key;
}

// The line of the first mistake; 0 if there is none.
std::size_t line_of(std::string_view toml) {
  const auto mistake = check_toml(toml);
  return mistake ? mistake->line : 0;
}

}  // namespace

TEST_CASE("a key is as deep as its dots, in a header, before a value and inside of one") {
  const std::string around = GENERATE("@ = 1", "[@]", "[[@]]", "x = {@ = 1}", "x = [\n {@ = 1}]");
  const auto with = [&around](std::size_t dots) {
    std::string text = around;
    return text.replace(text.find('@'), 1, dotted(dots));
  };
  CHECK(line_of(with(kMost)) == 0);
  CHECK(line_of(with(kMost + 1)) != 0);
  CHECK(line_of("ok = 1\n\n" + with(kMost + 1)) >= 3);
}

TEST_CASE("keys that are inside of each other count together, and those of other lines do not") {
  const std::string half = dotted(kMost / 2 + 1);
  CHECK(line_of("x = [\n{" + half + " = [\n{" + half + " = 1}]}]") != 0);
  CHECK(line_of(half + " = 1\n" + half + " = 2\n") == 0);
}

TEST_CASE("dots of texts and comments do not count, whatever quotes stand in them") {
  const std::string dots(2 * kMost, '.');
  const std::string text =
      GENERATE_REF("# " + dots,
                   "x = \"" + dots + "\"",
                   "x = '" + dots + "'",
                   "x = \"\\\"" + dots + "\"",
                   "x = '\\' # " + dots,
                   "x = \"\"\"a \"\" ]\n" + dots + "\\\"\"\"" + dots + "\"\"\"",
                   "x = '''\n" + dots + "''''' # " + dots,
                   "x = \"\" # " + dots);
  CHECK(line_of(text) == 0);
  CHECK(line_of(text + "\n" + dotted(kMost + 1) + " = 1") != 0);
}

TEST_CASE("a text that does not end is no key, and what follows a broken one is") {
  CHECK(line_of("x = \"\"\"" + std::string(2 * kMost, '.')) == 0);
  CHECK(line_of("x = \"\\") == 0);
  CHECK(line_of("x = \"\n" + dotted(kMost + 1)) == 2);
}

TEST_CASE("letters beyond ASCII stand in comments alone") {
  CHECK(line_of("\xEF\xBB\xBFx = 1 # \xC3\xA9\n# \xC3\xA9") == 0);
  CHECK(line_of("x = 1\n\xD2\x96 = 2") == 2);
  CHECK(line_of("x = 'a\xC3\xA9'") == 1);
  CHECK(line_of("x = \"\\\xC3\xA9\"") == 1);
  CHECK(line_of("x = \"\"\"a \\  \n \xD2\x96\"\"\"") != 0);
}

TEST_CASE("a header that begins with no key is a mistake, and a value that begins so is none") {
  const std::string header =
      GENERATE("[`a]", "[[\\]]", "[ .a]", "[\n]", "[[ \n", "\t[=]", "[\x01]");
  CHECK(line_of(header) == 1);
  CHECK(line_of("\xEF\xBB\xBF" + header) == 1);
  CHECK(line_of("x = 1 # [`\n" + header) == 2);
  CHECK(line_of("[a]\n[[b]]\n[ \"c\" ]\n['d']\n[]\nx = [\n[\n1]]\ny = \"\"\"\n[`\"\"\"") == 0);
}

}  // namespace keyswap::cli
