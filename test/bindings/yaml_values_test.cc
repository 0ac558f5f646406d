// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_values.h"

#include <array>

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 4> kWords = {"placeholder", "inject", "paths", "port"};

YamlNode value_of(const std::string& text) {
  auto document = parse_yaml("k: " + text + "\n");
  REQUIRE(document.errors.empty());
  return std::move(document.root.items[0]);
}

}  // namespace

TEST_CASE("the nearest word is suggested when it is near") {
  CHECK(nearest_word("placeholdr", kWords) == "placeholder");
  CHECK(nearest_word("Inject", kWords) == "inject");
  CHECK(nearest_word("path", kWords) == "paths");
  CHECK(nearest_word("prot", kWords) == "port");
  CHECK(nearest_word("banana", kWords).empty());
  // Two letters that changed places are one mistake, and nearer than two of the others.
  constexpr std::array<std::string_view, 2> kOthers = {"slot", "host"};
  CHECK(nearest_word("hsot", kOthers) == "host");
  CHECK(nearest_word("", kWords).empty());
  CHECK(nearest_word(std::string(1000, 'p'), kWords).empty());
}

TEST_CASE("numbers are plain decimal within their range") {
  ConfigIssues issues;
  CHECK(read_number(value_of("443"), "port", {1, 65535}, issues) == 443);
  CHECK(read_number(value_of("-3"), "x", {-5, 5}, issues) == -3);
  CHECK(issues.take_errors().empty());
  const auto* const text = GENERATE("0",
                                    "65536",
                                    "0x50",
                                    "1_000",
                                    "+5",
                                    "5.0",
                                    "\"5\"",
                                    "007",
                                    "99999999999999999999",
                                    "a",
                                    "[1]",
                                    "~");
  INFO(text);
  CHECK_FALSE(read_number(value_of(text), "port", {1, 65535}, issues));
  CHECK_FALSE(issues.take_errors().empty());
}

TEST_CASE("text is any scalar that is not empty") {
  ConfigIssues issues;
  CHECK(read_text(value_of("yes"), "x", issues) == "yes");
  CHECK(read_text(value_of("0x50"), "x", issues) == "0x50");
  CHECK(read_text(value_of("\"~\""), "x", issues) == "~");
  CHECK(issues.take_errors().empty());
  const auto* const text = GENERATE("", "~", "null", "\"\"", "[a]", "{a: b}");
  INFO(text);
  CHECK_FALSE(read_text(value_of(text), "x", issues));
}

TEST_CASE("a section gives what is there and asks for what is not") {
  ConfigIssues issues;
  const auto node = value_of("{ port: 1, prot: 2 }");
  const YamlSection section(node, "thing", kWords, issues);
  CHECK(section.find("port") != nullptr);
  CHECK(section.find("paths") == nullptr);
  CHECK(section.require("inject", issues) == nullptr);
  const auto text = test::listed(issues.take_errors());
  CHECK(text.find("'prot' is no key of `thing` | did you mean 'port'?") != std::string::npos);
  CHECK(text.find("`inject` is missing in `thing`") != std::string::npos);
}

}  // namespace keyswap::bindings
