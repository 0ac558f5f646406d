// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/msgpack.h"

#include <catch2/catch.hpp>

#include "bindings/signatures/keccak.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

// In hex; "-" where it cannot be written.
std::string packed(const std::string& json) {
  const auto value = read_json(json, {8, 100'000, 100'000});
  REQUIRE(value.has_value());
  std::string out;
  return append_msgpack(*value, out) ? base::to_hex(out) : "-";
}

}  // namespace

TEST_CASE("a whole number has the shortest form of MessagePack that holds it") {
  const std::vector<std::pair<std::string, std::string>> forms = {
      {"0", "00"},
      {"127", "7f"},
      {"128", "cc80"},
      {"255", "ccff"},
      {"256", "cd0100"},
      {"65535", "cdffff"},
      {"65536", "ce00010000"},
      {"4294967295", "ceffffffff"},
      {"4294967296", "cf0000000100000000"},
      {"18446744073709551615", "cfffffffffffffffff"},
      {"-1", "ff"},
      {"-32", "e0"},
      {"-33", "d0df"},
      {"-128", "d080"},
      {"-129", "d1ff7f"},
      {"-32768", "d18000"},
      {"-32769", "d2ffff7fff"},
      {"-2147483648", "d280000000"},
      {"-2147483649", "d3ffffffff7fffffff"},
      {"-9223372036854775808", "d38000000000000000"}};
  for (const auto& [json, hex] : forms) {
    INFO(json);
    CHECK(packed(json) == hex);
  }
}

TEST_CASE("a number that two readers could take for two is not written") {
  for (const auto* const json : {"1.0",
                                 "1e3",
                                 "-0",
                                 "0.5",
                                 "18446744073709551616",
                                 "-9223372036854775809",
                                 "[1, {\"a\": 1.5}]"}) {
    INFO(json);
    CHECK(packed(json) == "-");
  }
}

TEST_CASE("texts, lists and objects begin with how long they are; members keep their order") {
  CHECK(packed("null") == "c0");
  CHECK(packed("[true, false, []]") == "93c3c290");
  CHECK(packed(R"({"b": 1, "a": {"z": "y"}})") == "82a16201a16181a17aa179");
  CHECK(packed("\"\u00e9\"") == "a2c3a9");
  const auto text = [](std::size_t size) {
    return packed("\"" + std::string(size, 'x') + "\"");
  };
  CHECK(text(31).starts_with("bf78"));
  CHECK(text(32).starts_with("d92078"));
  CHECK(text(255).starts_with("d9ff78"));
  CHECK(text(256).starts_with("da010078"));
  CHECK(text(65535).starts_with("daffff78"));
  CHECK(text(65536).starts_with("db0001000078"));
  const auto list = [](std::size_t size) {
    std::string json = "[0";
    for (std::size_t i = 1; i < size; ++i) {
      json += ",0";
    }
    return packed(json + "]");
  };
  CHECK(list(15).starts_with("9f00"));
  CHECK(list(16).starts_with("dc001000"));
  CHECK(list(65536).starts_with("dd0001000000"));
  std::string object = "{\"k0\":0";
  for (int i = 1; i < 16; ++i) {
    object += ",\"k" + std::to_string(i) + "\":0";
  }
  CHECK(packed(object + "}").starts_with("de0010a26b3000"));
}

TEST_CASE("the hash of an order that Hyperliquid's client has as production's") {
  // github.com/hyperliquid-dex/hyperliquid-python-sdk, tests/signing_test.py.
  const auto value =
      read_json(R"({"type":"order","orders":[{"a":4,"b":true,"p":"1670.1","s":"0.0147","r":false,)"
                R"("t":{"limit":{"tif":"Ioc"}}}],"grouping":"na"})",
                {8, 16});
  REQUIRE(value.has_value());
  std::string text;
  REQUIRE(append_msgpack(*value, text));
  text += base::from_hex("00000186a356959800").value();
  CHECK(base::to_hex(keccak256(text)) ==
        "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908");
}

}  // namespace keyswap::bindings
