// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_outcome.h"

#include <fstream>
#include <iterator>
#include <regex>

#include <catch2/catch.hpp>

#include "test/support/data.h"

namespace keyswap::cli {

namespace {

// The words of the table of docs/sources.md, "What a failure says".
std::vector<std::string> documented() {
  std::ifstream file(test::tree_path("docs/sources.md"));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(0, text.find("\n## What a failure says\n"));
  const std::regex cell("\n\\| (`[^|]*`) \\|");
  const std::regex word("`([a-z_]+)`");
  std::vector<std::string> words;
  for (std::sregex_iterator row(text.begin(), text.end(), cell), end; row != end; ++row) {
    const std::string cells = (*row)[1].str();
    for (std::sregex_iterator one(cells.begin(), cells.end(), word); one != end; ++one) {
      words.push_back((*one)[1].str());
    }
  }
  return words;
}

}  // namespace

TEST_CASE("whoever meets an outcome is told what to do about it, whichever it is") {
  const auto words = documented();
  REQUIRE(words.size() > 40);
  for (const std::string& word : words) {
    INFO(word);
    CHECK(advice_on(word) != word);
    CHECK_FALSE(advice_on(word).empty());
  }
}

TEST_CASE("a closer word behind a colon has the advice of the word before it") {
  CHECK(advice_on("token_endpoint_error:invalid_grant") == advice_on("token_endpoint_error"));
  CHECK(advice_on("token_endpoint_status:404").find("token_url") != std::string::npos);
}

TEST_CASE("whoever's clock is wrong is sent to the clock, not to the vendor for another key") {
  CHECK(advice_on("clock_differs").find("this machine's clock") != std::string::npos);
  CHECK(advice_on("clock_differs").find("rotate") == std::string::npos);
  CHECK(advice_on("unauthorized").find("rotate") != std::string::npos);
}

TEST_CASE("what is there needs no advice, and an unknown word is not swallowed") {
  CHECK(advice_on("ok").empty());
  CHECK(advice_on("something_new") == "something_new");
}

}  // namespace keyswap::cli
