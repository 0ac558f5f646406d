// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/head_parser.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::http {

TEST_CASE("HF-18 llhttp is compiled as its strict parser", "[I9]") {
  CHECK(is_parser_strict());
}

TEST_CASE("a head that two readers read differently is refused", "[I9]") {
  const std::string request = "PURGE /a?b HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  const RequestLine line = {"PURGE", "/a?b", "HTTP/1.1"};
  const auto fields = parse_request_head(request, line, 2);
  REQUIRE(fields);
  CHECK(fields->find("a")->value == "b");
  CHECK_FALSE(parse_request_head(request, line, 1));
  CHECK_FALSE(parse_request_head(request, line, 3));
  CHECK_FALSE(parse_request_head(request, {"PURGE", "/a?b", "HTTP/1.0"}, 2));
  CHECK_FALSE(parse_request_head(request + "x", line, 2));

  const std::string response = "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n";
  CHECK(parse_response_head(response, {"HTTP/1.1", 204, "No Content"}, 1));
  CHECK_FALSE(parse_response_head(response, {"HTTP/1.1", 200, "No Content"}, 1));
  CHECK_FALSE(parse_response_head(response, {"HTTP/1.0", 204, "No Content"}, 1));
  CHECK_FALSE(parse_response_head(response, {"HTTP/1.1", 204, "No Content"}, 2));
}

}  // namespace keyswap::http
