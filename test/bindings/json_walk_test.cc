// SPDX-License-Identifier: Apache-2.0
#include "bindings/json_walk.h"

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

using Kind = JsonWalk::Kind;

// Writes down what it is told: "a/0=s:text" for a string, "n", "b", "z" for the other scalars, "{",
// "}", "[", "]" for what begins and ends.
class Log final : public JsonWalk::Visitor {
 public:
  std::string text;

  void on_scalar(const JsonWalk& walk,
                 Kind kind,
                 std::string_view said,
                 std::size_t bytes) override {
    add_path(walk);
    text += std::string(1, "zbns"[static_cast<std::size_t>(kind)]) + ":" + std::string(said);
    text += bytes == said.size() ? " " : "+" + std::to_string(bytes - said.size()) + " ";
  }

  void on_begin(const JsonWalk& walk, Kind kind) override {
    add_path(walk);
    text += kind == Kind::object ? "{ " : "[ ";
  }

  void on_end(const JsonWalk& /*walk*/, Kind kind) override {
    text += kind == Kind::object ? "} " : "] ";
  }

 private:
  void add_path(const JsonWalk& walk) {
    for (std::size_t level = 0; level < walk.depth(); ++level) {
      text += (walk.is_in_object(level) ? walk.name(level) : "*") + "/";
    }
  }
};

std::string walked_in_pieces(std::string_view json, std::size_t piece) {
  Log log;
  JsonWalk walk(log);
  for (std::size_t at = 0; at < json.size(); at += piece) {
    if (!walk.feed(json.substr(at, piece))) {
      return log.text + "broken";
    }
  }
  return log.text + (walk.end() ? "whole" : "cut");
}

// The same however it is cut.
std::string walked(std::string_view json) {
  auto whole = walked_in_pieces(json, std::max<std::size_t>(json.size(), 1));
  for (std::size_t piece = 1; piece < 9; ++piece) {
    CHECK(walked_in_pieces(json, piece) == whole);
  }
  return whole;
}

bool is_broken(std::string_view json) {
  const auto text = walked(json);
  return text.ends_with("broken") || text.ends_with("cut");
}

}  // namespace

TEST_CASE("a walk over JSON tells of each value where it stands", "[I15]") {
  CHECK(walked(R"( {"a":[1,-2.5e3,{"b":true}],"c":null , "d":{}, "e":[] } )") ==
        "{ a/[ a/*/n:1 a/*/n:-2.5e3 a/*/{ a/*/b/b:true } ] c/z:null d/{ } e/[ ] } whole");
  CHECK(walked("12") == "n:12 whole");
  CHECK(walked(R"("x")") == "s:x whole");
}

TEST_CASE("names and strings are as they are meant, whatever their escapes", "[I15]") {
  CHECK(walked(R"({"\u006dodel":"a\"\\\/\b\n\u00e9"})") == "{ model/s:a\"\\/\b\n\xc3\xa9 } whole");
  CHECK(walked(R"(["\ud83d\ude00"])") == "[ */s:\xf0\x9f\x98\x80 ] whole");
  // Halves of a pair are what most readers make of them.
  CHECK(walked(R"(["\ud83dx","\ude00","\ud83d\ud83d\ude00"])") ==
        "[ */s:\xef\xbf\xbdx */s:\xef\xbf\xbd */s:\xef\xbf\xbd\xf0\x9f\x98\x80 ] whole");
}

TEST_CASE("of a long value the beginning is kept, and how long it is", "[I10]") {
  const std::string text(bounds::kWalkTextBytesMax + 7, 'x');
  CHECK(walked("[\"" + text + "\"]") ==
        "[ */s:" + text.substr(0, bounds::kWalkTextBytesMax) + "+7 ] whole");
  CHECK(is_broken("[" + std::string(bounds::kWalkTextBytesMax + 1, '1') + "]"));
}

TEST_CASE("what is no JSON text is broken, and stays so until it begins anew") {
  for (const std::string_view json : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "]",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{1:1}",
                                      "[1}",
                                      "{\"a\":1]",
                                      "[01]",
                                      "[+1]",
                                      "[.5]",
                                      "[1.]",
                                      "[1e]",
                                      "[-]",
                                      "[NaN]",
                                      "[True]",
                                      "[nul]",
                                      "'a'",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"a\nb\"",
                                      "[1] 2",
                                      "{} {}",
                                      "/**/ {}",
                                      "\xef\xbb\xbf{}"}) {
    INFO(json);
    CHECK(is_broken(json));
  }
  Log log;
  JsonWalk walk(log);
  CHECK_FALSE(walk.feed("[1}"));
  CHECK_FALSE(walk.feed("]"));
  walk.restart();
  CHECK(walk.feed("[2]"));
  CHECK(walk.end());
}

TEST_CASE("JSON is walked so deep and no deeper", "[I10]") {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK_FALSE(is_broken(nested(bounds::kWalkDepthMax)));
  CHECK(is_broken(nested(bounds::kWalkDepthMax + 1)));
}

}  // namespace keyswap::bindings
