// SPDX-License-Identifier: Apache-2.0
#include "bindings/add_secret.h"

#include <catch2/catch.hpp>

#include "bindings/yaml_write.h"

namespace keyswap::bindings {

namespace {

YamlNode read(const std::string& text) {
  auto document = parse_yaml(text);
  INFO(text);
  REQUIRE(document.errors.empty());
  return std::move(document.root);
}

YamlNode entry() {
  return read("{ placeholder: \"p1\", stand_in: true }");
}

std::string added(const std::string& text, const std::string& comment = "") {
  const auto result = add_secret(text, "NEW", entry(), comment);
  INFO(text);
  REQUIRE(result.has_value());
  return *result;
}

const std::string kEntry = "  NEW:\n    placeholder: \"p1\"\n    stand_in: true\n";

// Every line that was there is there still, in its order.
bool keeps_lines(const std::string& before, const std::string& after) {
  std::size_t at = 0;
  for (std::size_t begin = 0; begin < before.size();) {
    const auto end = std::min(before.find('\n', begin), before.size() - 1) + 1;
    const auto line = before.substr(begin, end - begin);
    if (line.find("secrets:") == std::string::npos) {
      at = after.find(line, at);
      if (at == std::string::npos) {
        return false;
      }
      at += line.size();
    }
    begin = end;
  }
  return true;
}

}  // namespace

TEST_CASE("an entry goes into empty braces, with the comments behind them as they are") {
  CHECK(added("version: 1\nsecrets: {}\n# secrets:\n#   A:\n") ==
        "version: 1\nsecrets:\n" + kEntry + "# secrets:\n#   A:\n");
  CHECK(added("secrets: {}   # none yet\naudit: { path: a }\n") ==
        "secrets:    # none yet\n" + kEntry + "audit: { path: a }\n");
  CHECK(added("secrets:\naudit: { path: a }\n") == "secrets:\n" + kEntry + "audit: { path: a }\n");
}

TEST_CASE("an entry goes behind the last one, and before what follows") {
  const std::string text =
      "# mine\nsecrets:\n  A:\n    placeholder: x   # old\n\n  # about B\n  B: { a: 1 }\n"
      "    # still of B\n\n# the rest\naudit: { path: a }\n";
  CHECK(added(text, "Example: https://example.com") ==
        "# mine\nsecrets:\n  A:\n    placeholder: x   # old\n\n  # about B\n  B: { a: 1 }\n"
        "    # still of B\n  # Example: https://example.com\n" +
            kEntry + "\n# the rest\naudit: { path: a }\n");
}

TEST_CASE(
    "an entry takes over the indentation of the others, and comments further out are passed") {
  CHECK(added("secrets:\n    A: 1\n# between\n    B: 2\naudit: {}\n") ==
        "secrets:\n    A: 1\n# between\n    B: 2\n    NEW:\n      placeholder: \"p1\"\n"
        "      stand_in: true\naudit: {}\n");
}

TEST_CASE("a file without a line end, and one with CR LF, stays as it is") {
  CHECK(added("secrets:\n  A: 1") == "secrets:\n  A: 1\n" + kEntry);
  CHECK(added("secrets:\r\n  A: 1\r\naudit: {}\r\n") ==
        "secrets:\r\n  A: 1\r\n  NEW:\r\n    placeholder: \"p1\"\r\n    stand_in: true\r\n"
        "audit: {}\r\n");
  CHECK(added("\xEF\xBB\xBFsecrets: {}\n") == "\xEF\xBB\xBFsecrets:\n" + kEntry);
}

TEST_CASE("a file without secrets gets the key at its end") {
  CHECK(added("version: 1\ncustom: { a: 1 }") ==
        "version: 1\ncustom: { a: 1 }\nsecrets:\n" + kEntry);
}

TEST_CASE("an entry goes into braces that have others, whatever is quoted in them") {
  const std::string flow = "NEW: { placeholder: \"p1\", stand_in: true }";
  CHECK(added("secrets: { A: 1 }\n") == "secrets: { A: 1, " + flow + " }\n");
  CHECK(added("secrets: { A: \"}\", B: ['}', 'it''s'] }\n") ==
        "secrets: { A: \"}\", B: ['}', 'it''s'], " + flow + " }\n");
  CHECK(added("secrets: {\n  \"A\": 1,\n}\naudit: {}\n") ==
        "secrets: {\n  \"A\": 1, " + flow + " }\naudit: {}\n");
  CHECK(added("{\"version\": 1, \"secrets\": {\"A\": {\"b\": \"\\\"}\"}}}\n") ==
        "{\"version\": 1, \"secrets\": {\"A\": {\"b\": \"\\\"}\"}, " + flow + " }}\n");
  CHECK(added("{\"secrets\": {}}\n") == "{\"secrets\": { " + flow + " }}\n");
  CHECK(added("{\"version\": 1}\n") == "{\"version\": 1, \"secrets\": { " + flow + " } }\n");
}

TEST_CASE("whatever file it is, all else says what it said, and every line stays") {
  for (const std::string text :
       {"version: 1\nsecrets:\n  A:\n    note: |\n      text\n     # no comment\n"
        "  B:\n    c: \"two\n      lines\"\ncustom: {}\n",
        "secrets:\n\n\n  A: 1\n\n\n\nversion: 1\n\n",
        "---\nsecrets:\n  A: 1\n...\n",
        "secrets:\n  'A': 1\n  \"B\": 2\n",
        "# only this\nsecrets:   \n   # nothing\nversion: 1\n"}) {
    const auto result = add_secret(text, "NEW", entry(), "a comment");
    INFO(text);
    REQUIRE(result.has_value());
    CHECK(keeps_lines(text, *result));
    const auto before = read(text);
    const auto after = read(*result);
    for (std::size_t i = 0; i < before.keys.size(); ++i) {
      if (before.keys[i].text != "secrets") {
        CHECK(is_same(before.items[i], after.items[i]));
      } else if (before.items[i].kind == YamlNode::Kind::mapping) {
        REQUIRE(after.items[i].keys.size() == before.items[i].keys.size() + 1);
        CHECK(after.items[i].keys.back().text == "NEW");
        CHECK(is_same(after.items[i].items.back(), entry()));
      }
    }
  }
}

TEST_CASE("a name that is there, and a file that cannot be read, change nothing") {
  CHECK(add_secret("secrets:\n  NEW: 1\n", "NEW", entry(), "").error().code ==
        base::Errc::already_exists);
  for (const char* text :
       {"", "# nothing\n", "secrets: [\n", "secrets: 5\n", "- a\n", "secrets: &a {}\n"}) {
    INFO(text);
    CHECK(add_secret(text, "NEW", entry(), "").error().code == base::Errc::invalid_input);
  }
}

}  // namespace keyswap::bindings
