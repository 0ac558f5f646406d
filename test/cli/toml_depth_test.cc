// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/toml_depth.h"

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

}  // namespace

TEST_CASE("a key is as deep as its dots, in a header, before a value and inside of one") {
  const std::string around = GENERATE("@ = 1", "[@]", "[[@]]", "x = {@ = 1}", "x = [\n {@ = 1}]");
  const auto with = [&around](std::size_t dots) {
    std::string text = around;
    return text.replace(text.find('@'), 1, dotted(dots));
  };
  CHECK_FALSE(find_deep_line(with(kMost)));
  CHECK(find_deep_line(with(kMost + 1)));
  CHECK(find_deep_line("ok = 1\n\n" + with(kMost + 1)) >= 3U);
}

TEST_CASE("keys that are inside of each other count together, and those of other lines do not") {
  const std::string half = dotted(kMost / 2 + 1);
  CHECK(find_deep_line("x = [\n{" + half + " = [\n{" + half + " = 1}]}]"));
  CHECK_FALSE(find_deep_line(half + " = 1\n" + half + " = 2\n"));
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
  CHECK_FALSE(find_deep_line(text));
  CHECK(find_deep_line(text + "\n" + dotted(kMost + 1) + " = 1"));
}

TEST_CASE("a text that does not end is no key, and what follows a broken one is") {
  CHECK_FALSE(find_deep_line("x = \"\"\"" + std::string(2 * kMost, '.')));
  CHECK_FALSE(find_deep_line("x = \"\\"));
  CHECK(find_deep_line("x = \"\n" + dotted(kMost + 1)) == 2U);
}

}  // namespace keyswap::cli
