// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command_line.h"

#include <catch2/catch.hpp>

#include "proxy/cli/argument_mistake.h"

namespace keyswap::cli {

namespace {

using Words = std::vector<std::string>;
using Kind = ParseEnd::Kind;

// A value of each type that commands have.
struct Example {
  std::string format = "sh";
  int descriptor = -1;
  unsigned threads = 0;
  std::size_t lines = 10;
  std::uint16_t port = 443;
  Words hosts;
  Words words;
  bool is_off = false;
  CommandLine app{"Shows what there is.", "keyswap example"};

  Example() {
    app.add_option("WORD", words, "what to show")->suggests({"all", "none"});
    auto* format_option = app.add_option("-f,--format", format, "how it looks")
                              ->type_name("FORMAT")
                              ->one_of({"sh", "json"})
                              ->capture_default_str();
    app.add_option("--descriptor", descriptor, "read it")->type_name("N")->check([](const auto& n) {
      return std::string(n == "7" ? "it is shut" : "");
    });
    app.add_option("--threads", threads, "so many")->type_name("N")->in_range(1, 256);
    app.add_option("--lines", lines, "so many")->type_name("N")->capture_default_str();
    app.add_option("--port", port, "there")->type_name("PORT");
    app.add_option("--host", hosts, "where")->type_name("HOST")->allow_extra_args(false);
    app.add_flag("--off", is_off, "not")->excludes(format_option);
    app.add_flag("-q,--quiet", "less");
    app.set_help_flag("-h,--help", "this");
  }

  ParseEnd parse(const Words& arguments) { return app.parse(arguments); }
};

std::string mistake(const Words& arguments) {
  const ParseEnd end = Example().parse(arguments);
  CHECK(end.kind == Kind::mistake);
  return without_value(end.said);
}

}  // namespace

TEST_CASE("what stands on the command line gets into the values") {
  Example example;
  const ParseEnd end = example.parse({"one",
                                      "--format=json",
                                      "--descriptor",
                                      "3",
                                      "--threads",
                                      "256",
                                      "--lines",
                                      "20",
                                      "--port",
                                      "8443",
                                      "--host",
                                      "a",
                                      "two",
                                      "--host",
                                      "b",
                                      "-q"});
  CHECK(end.kind == Kind::good);
  CHECK(example.format == "json");
  CHECK(example.descriptor == 3);
  CHECK(example.threads == 256);
  CHECK(example.lines == 20);
  CHECK(example.port == 8443);
  CHECK(example.hosts == Words{"a", "b"});
  CHECK(example.words == Words{"one", "two"});
  CHECK_FALSE(example.is_off);
  CHECK(example.app.was_given("--quiet"));
  CHECK(example.app.was_given("--format"));
  CHECK_FALSE(example.app.was_given("--off"));
}

TEST_CASE("what is not on the command line stays as it is") {
  Example example;
  CHECK(example.parse({"--off"}).kind == Kind::good);
  CHECK(example.is_off);
  CHECK(example.format == "sh");
  CHECK(example.lines == 10);
  CHECK(example.words.empty());
}

TEST_CASE("each mistake on the command line is told in words that name the option") {
  CHECK(mistake({"--format", "xml"}) == "--format: that is none of sh, json");
  CHECK(mistake({"--threads", "0"}) == "--threads: that is no number from 1 to 256");
  CHECK(mistake({"--threads", "257"}) == "--threads: that is no number from 1 to 256");
  CHECK(mistake({"--threads", "4294967297"}) == "--threads: that is no number from 1 to 256");
  CHECK(mistake({"--threads", "-1"}) == "--threads: that is no number from 1 to 256");
  CHECK(mistake({"--descriptor", "7"}) == "--descriptor: it is shut");
  CHECK(mistake({"--port", "65536"}).starts_with("--port does not take that value"));
  CHECK(mistake({"--off", "--format", "sh"}).find("excludes") != std::string::npos);
}

TEST_CASE("help is asked for before anything is wrong, and a word too many is given back") {
  CHECK(Example().parse({"--help"}).kind == Kind::help);
  const ParseEnd end = Example().parse({"--unknown=1"});
  CHECK(end.kind == Kind::extra_word);
  CHECK(end.extra == Words{"--unknown=1"});
}

TEST_CASE("an option says what it takes, what it may be and what it is without") {
  const auto options = Example().app.options();
  REQUIRE(options.size() == 10);
  CHECK(options[0].name == "WORD");
  CHECK(options[0].is_word);
  CHECK(options[0].choices == Words{"all", "none"});
  CHECK(options[1].name == "--format");
  CHECK(options[1].letter == "-f");
  CHECK(options[1].value == "FORMAT");
  CHECK(options[1].text == "how it looks");
  CHECK(options[1].usual == "sh");
  CHECK(options[1].choices == Words{"sh", "json"});
  CHECK(options[3].value == "N");  // without the range
  CHECK(options[3].usual.empty());
  CHECK(options[4].usual == "10");
  CHECK(options[7].is_flag);
  CHECK(options[9].name == "--help");
  CHECK(options[9].letter == "-h");
}

}  // namespace keyswap::cli
