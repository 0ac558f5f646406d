// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/env_file.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

// What is made of a file; it lives as long as the values.
struct Parsed {
  explicit Parsed(std::string given)
      : text(std::make_unique<std::string>(std::move(given))), file(parse_env_file(*text)) {}

  std::unique_ptr<std::string> text;
  EnvFile file;
};

// A line, what python-dotenv and node's dotenv make of it (their documentation, and the tests that
// they publish), and what we do: the value, or nothing where the line is a mistake.
struct Row {
  const char* line;
  std::optional<std::string> value;
  const char* why;
};

const std::vector<Row> kRows = {
    // What everybody agrees on.
    {"KEY=sk-1234", "sk-1234", "plain"},
    {"export KEY=sk-1234", "sk-1234", "export"},
    {"export\tKEY=sk-1234", "sk-1234", "export and a tab"},
    {"  KEY=sk-1234", "sk-1234", "indented"},
    {"KEY = sk-1234", "sk-1234", "blanks around the equals sign"},
    {"KEY=sk-1234  ", "sk-1234", "blanks behind"},
    {"KEY=sk-1234\r", "sk-1234", "CRLF"},
    {"KEY=two words", "two words", "blanks inside need no quotes"},
    {"KEY=sk-1234 # the key", "sk-1234", "a comment behind"},
    {"KEY='sk-1234'", "sk-1234", "single quotes"},
    {"KEY=\"sk-1234\"", "sk-1234", "double quotes"},
    {"KEY='sk-1234' # the key", "sk-1234", "a comment behind quotes"},
    {"KEY=\"sk-1234\"\r", "sk-1234", "quotes and CRLF"},
    {"KEY='a # b'", "a # b", "no comment between quotes"},
    {"KEY=\"a # b\"", "a # b", "no comment between quotes"},
    {"KEY=", "", "empty"},
    {"KEY=''", "", "empty quotes"},
    {"KEY= # nothing yet", "", "a comment alone"},
    {"KEY=a=b==", "a=b==", "base64"},
    {"URL=https://h/x?a=b&c=d", "https://h/x?a=b&c=d", "a URL"},
    {"URL=postgres://u:p@h:5432/db?sslmode=require",
     "postgres://u:p@h:5432/db?sslmode=require",
     ""},
    {"KEY='pa$$word'", "pa$$word", "dollars in single quotes"},
    {"KEY=pa$$word", "pa$$word", "dollars that name nothing"},
    {"KEY=x;y&z|(w)<v>", "x;y&z|(w)<v>", "what a shell would trip over"},
    {"KEY=it's", "it's", "a quote inside of a word"},
    {"KEY=\"it's\"", "it's", "another quote between quotes"},
    {"KEY='say \"x\"'", "say \"x\"", "another quote between quotes"},
    {"KEY={\"a\":\"b\"}", "{\"a\":\"b\"}", "JSON"},
    {"my.key-1=x", "x", "a key with dots and dashes"},
    {"KEY=\"a\\tb\"", "a\tb", "an escape"},
    {"KEY=\"a\\\\nb\"", "a\\nb", "python-dotenv and shells; node keeps both backslashes"},
    {"KEY=\"a\\\"b\"", "a\"b", "python-dotenv and shells; node keeps the backslash"},
    {"KEY=\"C:\\dir\"", "C:\\dir", "no escape: both characters stay"},
    {"KEY='a\\nb'", "a\\nb", "nothing is worked out in single quotes"},
    {"KEY='it\\'s'", "it's", "python-dotenv and compose; node keeps the backslash"},
    {"KEY=a\\nb", "a\\nb", "nothing is worked out without quotes"},
    {"KEY=\"a\\$b\"", "a$b", "shells and compose"},
    // Where they differ, nothing is cut and nothing is guessed.
    {"KEY=a#b", "a#b", "python-dotenv, compose, shells; node cuts the value"},
    {"KEY=#b", std::nullopt, "node: a comment; python-dotenv: the value"},
    {"KEY=`a 'b' \"c\"`", "a 'b' \"c\"", "node's quotes; python-dotenv keeps the marks"},
    {"KEY: sk-1234", "sk-1234", "node and Ruby's dotenv; python-dotenv: no line of its kind"},
    {"KEY=${OTHER}", std::nullopt, "python-dotenv works it out, node does not"},
    {"KEY=\"x${OTHER}\"", std::nullopt, "likewise"},
    {"KEY='${OTHER}'", "${OTHER}", "as it stands"},
    {"KEY=$(id)", std::nullopt, "a command, which Ruby's dotenv and shells would run"},
    {"1KEY=x", "x", "node; no variable of a shell, but a name for a secret"},
    // What none of them takes.
    {"KEY", std::nullopt, "no value"},
    {"unset KEY", std::nullopt, "a command of a shell"},
    {"=x", std::nullopt, "no key"},
    {"KEY+X=x", std::nullopt, "no key for a secret"},
    {"KEY='a'b", std::nullopt, "something behind the quotes"},
    {"KEY='open", std::nullopt, "a quote that is not closed"},
    {"KEY=\"open\\\"", std::nullopt, "a quote that is not closed"},
};

}  // namespace

TEST_CASE("F43 the lines of .env files are taken as dotenv implementations take them") {
  REQUIRE(kRows.size() >= 30);
  for (const Row& row : kRows) {
    INFO(row.line << "   " << row.why);
    const Parsed parsed("BEFORE=1\n" + std::string(row.line) + "\nAFTER=2\n");
    const auto& [entries, mistakes, repeats] = parsed.file;
    REQUIRE(entries.size() == (row.value ? 3U : 2U));
    CHECK(entries.front().key == "BEFORE");
    CHECK(entries.back().key == "AFTER");
    CHECK(entries.back().value == "2");
    CHECK(entries.back().line == 3);
    CHECK(repeats.empty());
    if (row.value) {
      CHECK(entries[1].value == *row.value);
      CHECK(entries[1].line == 2);
      CHECK(mistakes.empty());
    } else {
      REQUIRE(mistakes.size() == 1);
      CHECK(mistakes[0].line == 2);
    }
  }
}

TEST_CASE("F43 a value in quotes may go over lines, and what follows keeps its numbers") {
  const std::string quote = GENERATE("'", "\"", "`");
  const std::string end = GENERATE("\n", "\r\n");
  const Parsed parsed("A=" + quote + "one" + end + "TWO=2" + end + "three" + quote + " # x" + end +
                      "B=4" + end + "nonsense" + end);
  REQUIRE(parsed.file.entries.size() == 2);
  CHECK(parsed.file.entries[0].value == "one" + end + "TWO=2" + end + "three");
  CHECK(parsed.file.entries[0].line == 1);
  CHECK(parsed.file.entries[1].value == "4");
  CHECK(parsed.file.entries[1].line == 4);
  REQUIRE(parsed.file.mistakes.size() == 1);
  CHECK(parsed.file.mistakes[0].line == 5);
}

TEST_CASE("F43 a byte order mark is no part of the first key, and UTF-16 is told") {
  const Parsed marked(
      "\xef\xbb\xbf"
      "A=1\n");
  REQUIRE(marked.file.entries.size() == 1);
  CHECK(marked.file.entries[0].key == "A");
  const Parsed wide(
      std::string("\xff\xfe"
                  "A\0=\0"
                  "1\0",
                  8));
  CHECK(wide.file.entries.empty());
  REQUIRE(wide.file.mistakes.size() == 1);
}

TEST_CASE("of a key that stands there twice the last line counts, as for programs") {
  const Parsed parsed("A=1\nB=2\nA=3\n");
  REQUIRE(parsed.file.entries.size() == 2);
  CHECK(parsed.file.entries[0].value == "3");
  CHECK(parsed.file.entries[0].line == 3);
  REQUIRE(parsed.file.repeats.size() == 1);
  CHECK(parsed.file.repeats[0].line == 3);
}

TEST_CASE("O03 bad lines are mistakes with their numbers, and the others are taken") {
  const Parsed parsed("A=1\nbad\n# comment\n\n=x\nB=$(id)\nC=3");
  REQUIRE(parsed.file.mistakes.size() == 3);
  CHECK(parsed.file.mistakes[0].line == 2);
  CHECK(parsed.file.mistakes[1].line == 5);
  CHECK(parsed.file.mistakes[2].line == 6);
  REQUIRE(parsed.file.entries.size() == 2);
  CHECK(parsed.file.entries[1].value == "3");
}

TEST_CASE("what a quote that is not closed leaves of a key is not taken for names") {
  const Parsed parsed(
      "A=\"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIDwQ==\n-----END PRIVATE "
      "KEY-----\nB=2\n");
  REQUIRE(parsed.file.entries.size() == 1);
  CHECK(parsed.file.entries[0].key == "B");
  REQUIRE(parsed.file.mistakes.size() == 1);
  CHECK(parsed.file.mistakes[0].line == 1);
}

TEST_CASE("a value that could change a message's framing is described without being shown") {
  CHECK(describe_bad_value("sk-good value\x80\xff").empty());
  CHECK(describe_bad_value("") == "the value is empty");
  CHECK(describe_bad_value("ab\nc") == "the value has a line break at byte 3");
  CHECK(describe_bad_value(std::string_view("a\0b", 3)) ==
        "the value has a control character at byte 2");
  CHECK(describe_bad_value("\x7f") == "the value has a control character at byte 1");
  CHECK(describe_bad_value("a\tb") == "the value has a control character at byte 2");
  const std::string longest(base::bounds::kSecretBytesMax, 'x');
  CHECK(describe_bad_value(longest).empty());
  CHECK(describe_bad_value(longest + "x") == "the value is longer than 65536 bytes");
}

TEST_CASE(
    "a value that could never be used is refused, and one that a paste made so can be mended") {
  for (const std::string_view value : {" x", "x ", "x\t", "x\r", "x\n", "\nx", "x \r\n", " "}) {
    INFO(value.size());
    CHECK(describe_bad_value(value) ==
          "the value begins or ends with blanks or a line break, which no header can carry");
  }
  CHECK(without_blanks(" \t a b\r\n") == "a b");
  CHECK(without_blanks(" \r\n").empty());
  CHECK(describe_bad_value(without_blanks(" sk-x \n")).empty());
  CHECK(describe_bad_value("\xef\xbb\xbfsk-x").find("byte order mark") != std::string::npos);
}

}  // namespace keyswap::cli
