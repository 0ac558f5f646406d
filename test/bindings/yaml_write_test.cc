// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_write.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

YamlNode read(const std::string& text) {
  auto document = parse_yaml(text);
  INFO(text);
  REQUIRE(document.errors.empty());
  return std::move(document.root);
}

}  // namespace

TEST_CASE("what is written says what was read, in both styles") {
  for (const char* text :
       {"{ a: 1, b: [x, \"y z\", '*'], c: { d: null, e: {} } }",
        "a:\n  - { host: api.example.com, paths: [\"/v1/**\"] }\n  - b\n",
        "a: \"{secret}\"\nb: \"say \\\"hi\\\" \\\\ there\\x01\"\nc: '#no comment'\n",
        "a:\n  - - 1\n    - 2\n  - k: v\n    w: [1, 2]\n",
        "\"true\": \"yes\"\nb: true\nc: \"123\"\nd: -5\ne: ''\n",
        "a: [\"é\", \"x: y\", \"- z\", \".5\"]\n"}) {
    const auto node = read(text);
    INFO(text);
    CHECK(is_same(read(flow_text(node)), node));
    CHECK(is_same(read(block_text(node, 0)), node));
    CHECK(is_same(read("top:\n" + block_text(node, 4)).items[0], node));
  }
}

TEST_CASE("an entry is written as people write it") {
  const auto node = read(
      "{ placeholder: \"sk-1\", stand_in: true, inject: { header: Authorization, format: \"Bearer "
      "{secret}\" }, bindings: [ { host: a.example.com, methods: [GET], paths: [\"/v1/**\"] } ] }");
  CHECK(block_text(node, 4) ==
        "    placeholder: \"sk-1\"\n"
        "    stand_in: true\n"
        "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
        "    bindings:\n"
        "      - { host: a.example.com, methods: [GET], paths: [\"/v1/**\"] }\n");
}

TEST_CASE("what does not fit on a line stands on several") {
  std::string many = "{ host: a.example.com, paths: [";
  for (int i = 0; i < 12; ++i) {
    many += "\"/a/long/path/" + std::to_string(i) + "\", ";
  }
  const auto node = read("{ bindings: [ " + many + "] } ] }");
  const auto text = block_text(node, 0);
  CHECK(text.starts_with(
      "bindings:\n  - host: a.example.com\n    paths:\n      - \"/a/long/path/0\"\n"));
  CHECK(is_same(read(text), node));
}

TEST_CASE("values that say something else are told apart") {
  CHECK(is_same(read("a: 1"), read("{ a: '1' }")));
  for (const char* other : {"a: 2", "b: 1", "a: [1]", "a: { 1: 1 }", "a: null", "{ a: 1, b: 1 }"}) {
    CHECK_FALSE(is_same(read("a: 1"), read(other)));
  }
}

}  // namespace keyswap::bindings
