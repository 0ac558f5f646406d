// SPDX-License-Identifier: Apache-2.0
#include "bindings/strict_yaml.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

std::string errors_in(const std::string& text) {
  return test::listed(parse_yaml(text).errors);
}

}  // namespace

TEST_CASE("a document becomes a tree with places") {
  const auto document =
      parse_yaml("# comment\na: 1\nb:\n  - \"x\"\n  - {c: y}\nd:\ne: |\n  two\n  lines\n");
  REQUIRE(document.errors.empty());
  REQUIRE(document.is_complete);
  const auto& root = document.root;
  REQUIRE(root.kind == YamlNode::Kind::mapping);
  REQUIRE(root.keys.size() == 4);
  CHECK(root.keys[0].text == "a");
  CHECK(root.items[0].text == "1");
  CHECK(root.items[0].is_plain);
  CHECK(root.items[0].place.line == 2);
  CHECK(root.items[0].place.column == 4);
  const auto& list = root.items[1];
  REQUIRE(list.items.size() == 2);
  CHECK_FALSE(list.items[0].is_plain);
  CHECK(list.items[0].place.column == 5);
  CHECK(list.items[1].items[0].text == "y");
  CHECK(root.items[2].kind == YamlNode::Kind::null);
  CHECK(root.items[3].text == "two\nlines\n");
}

TEST_CASE("places are right after CRLF, a byte order mark and a document start") {
  const auto crlf = parse_yaml("a: 1\r\nb: &x 2\r\n");
  CHECK(test::listed(crlf.errors) ==
        "2:4 anchors (&) are not allowed | write the value out where it is used\n");
  const auto marked = parse_yaml(
      "\xEF\xBB\xBF"
      "a: &x 1\n");
  CHECK(test::listed(marked.errors).substr(0, 4) == "1:4 ");
  CHECK(parse_yaml("---\na: 1\n...\n").errors.empty());
  CHECK(parse_yaml("%YAML 1.2\n---\na: 1\n").errors.empty());
}

TEST_CASE("I46 a repeated key is refused, and both places are named") {
  CHECK(errors_in("a: 1\nb: 2\na: 3\n") ==
        "3:1 'a' is repeated; it first stands in line 1 | keep one of them\n");
  CHECK(errors_in("x: {a: 1, \"a\": 2}\n").find("'a' is repeated") != std::string::npos);
  CHECK(errors_in("\"se cret\": 1\n\"se cret\": 2\n").find("this key is repeated") !=
        std::string::npos);
}

TEST_CASE("I50 tags, anchors, aliases and merge keys are refused where they stand") {
  CHECK(errors_in("a: !!python/object:os.system x\n").substr(0, 30) ==
        "1:4 tags (!) are not allowed |");
  CHECK(errors_in("a: !!str x\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: !local x\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: ! x\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: ! \"x\"\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: !!map {b: 1}\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: ! [1]\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: !<tag:yaml.org,2002:str> x\n").find("tags") != std::string::npos);
  CHECK(errors_in("a: &x 1\n").substr(0, 4) == "1:4 ");
  CHECK(errors_in("a: &x {b: 1}\nc: *x\n").find("2:4 aliases (*)") != std::string::npos);
  CHECK(errors_in("&x a: 1\n").find("anchors") != std::string::npos);
  CHECK(errors_in("a: {<<: {b: 1}}\n").find("merge keys") != std::string::npos);
  CHECK(errors_in("a: \"!x &y *z <<\"\n").empty());
}

TEST_CASE("a pattern without its quotes is told to be an alias, and how to write it") {
  for (const char* const text : {"host: *.example.com\n", "methods: [*]\n", "host: *x\n"}) {
    INFO(text);
    const std::string errors = errors_in(text);
    CHECK(errors.find("aliases (*) are not allowed") != std::string::npos);
    CHECK(errors.find("stands in quotes, as in \"*.example.com\"") != std::string::npos);
  }
}

TEST_CASE("a quoted text that does not end is told where it begins") {
  CHECK(errors_in("a:\n  host: \"api.example.com\n  paths: [\"/v1/**\"]\n") ==
        "2:9 this quoted text does not end in its line | is a \" missing at its end?\n");
  CHECK(errors_in("a: 'x\nb: 'y'\n").starts_with("1:4 this quoted text does not end in its line"));
}

TEST_CASE("I50 a billion laughs are refused without growing") {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    text +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + "," + before + "]\n";
  }
  CHECK(errors_in(text).find("anchors") != std::string::npos);
}

TEST_CASE("a second document is refused") {
  CHECK(errors_in("a: 1\n---\nb: 2\n").find("2:1 a second document begins") == 0);
  CHECK(errors_in("a: 1\n---\n").find("second document") != std::string::npos);
  CHECK(errors_in("a: 1\n...\n---\nb: 1\n").find("second document") != std::string::npos);
}

TEST_CASE("keys are single words or texts") {
  CHECK(errors_in("? [a, b]\n: 1\n").find("a key must be") != std::string::npos);
  CHECK(errors_in("? {a: b}\n: 1\n").find("a key must be") != std::string::npos);
  CHECK(errors_in("~: 1\n").find("a key must be") != std::string::npos);
  CHECK(errors_in("\"\": 1\n").find("a key must be") != std::string::npos);
  CHECK(errors_in(": 1\n").find("a key must be") != std::string::npos);
}

TEST_CASE("an empty file and broken YAML are refused with a place") {
  CHECK(errors_in("").find("the file is empty") != std::string::npos);
  CHECK(errors_in("# only a comment\n").find("the file is empty") != std::string::npos);
  CHECK(errors_in("a: [1, 2\n").find("YAML") != std::string::npos);
  CHECK(errors_in("a: \"x\n") == "1:4 this quoted text does not end | \n");
  CHECK_FALSE(errors_in("a: 'x\nb: 'y'\n").empty());
  CHECK(errors_in("a: 'x''\n").find("does not end") != std::string::npos);
  CHECK(errors_in("a: \"x\\\"\n").find("does not end") != std::string::npos);
  CHECK(errors_in("a: 'x'''\n").empty());
  CHECK(errors_in("a: \"x\\\\\"\n").empty());
  CHECK(errors_in("a: b: c\n").find("1:") == 0);
  CHECK(errors_in("a: \"\\q\"\n").find("unknown escape character |") != std::string::npos);
  CHECK(errors_in("a: *hunter2\n").find("hunter2") == std::string::npos);
}

TEST_CASE("size and depth are bounded", "[I10]") {
  CHECK(errors_in(std::string(100'000, '[')).find("nested too deeply") != std::string::npos);
  CHECK_FALSE(errors_in("a: " + std::string(400, '[') + std::string(400, ']')).empty());
  CHECK_FALSE(errors_in(std::string(100'000, '{')).empty());
  std::string dashes;
  for (int i = 0; i < 50'000; ++i) {
    dashes += "- ";
  }
  CHECK_FALSE(errors_in(dashes).empty());
  CHECK(errors_in(std::string(base::bounds::kBindingsFileBytesMax + 1, ' '))
            .find("larger than 4 MiB") != std::string::npos);
  std::string many = "[";
  for (int i = 0; i < 1'000'001; ++i) {
    many += "a,";
  }
  CHECK(errors_in(many + "]").find("too many values") != std::string::npos);
}

}  // namespace keyswap::bindings
