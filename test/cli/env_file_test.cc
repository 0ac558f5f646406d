// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/env_file.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

TEST_CASE("an env file's plain, exported and quoted lines are taken") {
  const EnvFile file = parse_env_file(
      "# a comment\n"
      "\n"
      "PLAIN=sk-1234\n"
      "export EXPORTED='with blank and $'\n"
      "  DOUBLE=\"quoted\"  # why\n"
      "EMPTY=\r\n"
      "EQUALS=a=b==\n"
      "LAST=end");
  REQUIRE(file.mistakes.empty());
  REQUIRE(file.entries.size() == 6);
  CHECK(file.entries[0].key == "PLAIN");
  CHECK(file.entries[0].value == "sk-1234");
  CHECK(file.entries[0].line == 3);
  CHECK(file.entries[1].value == "with blank and $");
  CHECK(file.entries[2].value == "quoted");
  CHECK(file.entries[3].value.empty());
  CHECK(file.entries[4].value == "a=b==");
  CHECK(file.entries[5].value == "end");
}

TEST_CASE("O03 a line that a shell would have to work out is a mistake, with its number") {
  const std::string line = GENERATE("NOEQUALS",
                                    "1KEY=x",
                                    "A-B=x",
                                    " =x",
                                    "A=b c",
                                    "A=$(id)",
                                    "A=`id`",
                                    "A=x;id",
                                    "A=\"$HOME\"",
                                    "A=\"a\\nb\"",
                                    "A='open",
                                    "A='a'b",
                                    "unset A",
                                    "A =x");
  const EnvFile file = parse_env_file("GOOD=1\n" + line + "\nALSO=2\n");
  REQUIRE(file.mistakes.size() == 1);
  CHECK(file.mistakes[0].line == 2);
  CHECK(file.entries.size() == 2);
}

TEST_CASE("all mistakes of an env file are found, a repeated key among them") {
  const EnvFile file = parse_env_file("A=1\nbad\nA=2\n=x\n");
  REQUIRE(file.mistakes.size() == 3);
  CHECK(file.mistakes[0].line == 2);
  CHECK(file.mistakes[1].line == 3);
  CHECK(file.mistakes[2].line == 4);
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
