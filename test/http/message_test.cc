// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/message.h"

#include <cstring>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::http {

namespace {

HeaderList list(std::initializer_list<Field> fields) {
  HeaderList headers;
  for (const Field& field : fields) {
    headers.add(field.name, field.value);
  }
  return headers;
}

}  // namespace

TEST_CASE("a header list finds and counts names whatever their case and keeps their order") {
  const HeaderList fields = list({{"A", "1"}, {"b", "2"}, {"a", "3"}});
  REQUIRE(fields.find("a") != nullptr);
  CHECK(fields.find("a")->value == "1");
  CHECK(fields.find("B")->value == "2");
  CHECK(fields.find("c") == nullptr);
  CHECK(fields.find("") == nullptr);
  CHECK(fields.count("A") == 2);
  CHECK(fields.count("c") == 0);
  CHECK(fields.size() == 3);
  CHECK(fields[2].value == "3");
}

TEST_CASE("a token is found in any of the comma-separated lists of a name") {
  const HeaderList fields = list({{"Connection", "x , CLOSE,,"}, {"connection", "Upgrade"}});
  CHECK(fields.has_token("connection", "close"));
  CHECK(fields.has_token("Connection", "upgrade"));
  CHECK(fields.has_token("Connection", "x"));
  CHECK_FALSE(fields.has_token("Connection", "clos"));
  CHECK_FALSE(fields.has_token("Connection", "closed"));
  CHECK_FALSE(fields.has_token("Connection", "x , CLOSE"));
  CHECK_FALSE(fields.has_token("Proxy-Connection", "close"));
}

TEST_CASE("HP-01 the fields of one connection are hop by hop", "[I9]") {
  const char* name = GENERATE("Connection",
                              "Keep-Alive",
                              "Proxy-Connection",
                              "Proxy-Authenticate",
                              "Proxy-Authorization",
                              "Proxy-Authentication-Info",
                              "TE",
                              "Trailer",
                              "Transfer-Encoding",
                              "Upgrade",
                              "HTTP2-Settings",
                              "upgrade",
                              "PROXY-AUTHORIZATION");
  CHECK(HopByHop({}).has(name));
}

TEST_CASE("HP-01 a field that Connection nominates is hop by hop", "[I9]") {
  const HeaderList fields =
      list({{"Connection", "close, X-Foo"}, {"connection", ", X-Bar ,,Cookie"}});
  const HopByHop hop_by_hop(fields);
  CHECK(hop_by_hop.has("x-foo"));
  CHECK(hop_by_hop.has("X-Bar"));
  CHECK(hop_by_hop.has("cookie"));
  CHECK_FALSE(hop_by_hop.has("X-Baz"));
  CHECK_FALSE(hop_by_hop.has("close"));
  CHECK_FALSE(hop_by_hop.has(""));
  CHECK_FALSE(HopByHop({}).has("X-Foo"));
}

TEST_CASE("HP-01 what routes and frames a message cannot be nominated away, anything else can",
          "[I9]") {
  const HeaderList fields = list({{"Connection",
                                   "Host, Content-Length, Content-Type, Content-Encoding, "
                                   "Authorization, Cookie, Set-Cookie, Cache-Control, Date"}});
  const HopByHop hop_by_hop(fields);
  CHECK_FALSE(hop_by_hop.has("Host"));
  CHECK_FALSE(hop_by_hop.has("content-length"));
  const char* name = GENERATE("Content-Type",
                              "Content-Encoding",
                              "Authorization",
                              "Cookie",
                              "set-cookie",
                              "Cache-Control",
                              "Date");
  CHECK(hop_by_hop.has(name));
}

TEST_CASE("a head block keeps its bytes in place when it moves, and is empty after") {
  HeadBlock block;
  block.bytes = std::make_unique<char[]>(3);  // NOLINT(modernize-avoid-c-arrays)
  block.size = 3;
  std::memcpy(block.bytes.get(), "abc", 3);
  const char* at = block.bytes.get();
  HeadBlock other(std::move(block));
  CHECK(other.bytes.get() == at);
  CHECK(std::string_view(at, other.size) == "abc");
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is what is tested
  CHECK(block.size == 0);
  HeadBlock third;
  third = std::move(other);
  CHECK(third.bytes.get() == at);
}

}  // namespace keyswap::http
