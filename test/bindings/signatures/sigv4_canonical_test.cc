// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_canonical.h"

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

std::string text_of(const test::Request& request) {
  const auto parameters = read_query(request.query);
  REQUIRE(parameters);
  base::Buffer out(64 * 1024);
  REQUIRE(write_canonical({request.method,
                           request.path,
                           parameters.value(),
                           request.fields,
                           request.names,
                           request.hash,
                           request.is_s3},
                          out));
  return std::string(out.view());
}

// The second line.
std::string path_of(const std::string& path, bool is_s3) {
  test::Request request;
  request.path = path;
  request.is_s3 = is_s3;
  const auto text = text_of(request);
  return text.substr(4, text.find('\n', 4) - 4);
}

std::string query_of(const std::string& query) {
  test::Request request;
  request.query = query;
  const auto text = text_of(request);
  return text.substr(6, text.find('\n', 6) - 6);
}

}  // namespace

TEST_CASE("a canonical request is six parts, a line each but for the fields") {
  test::Request request;
  request.query = "b=2&a=1";
  request.fields = {{"X-B", " two  words "}, {"Host", "h"}, {"x-b", "more"}, {"Other", "no"}};
  request.names = {"host", "x-b"};
  CHECK(text_of(request) ==
        "GET\n/\na=1&b=2\nhost:h\nx-b:two words,more\n\nhost;x-b\n" + test::kNothing);
}

TEST_CASE("S3's paths are encoded once and not cleaned up; all others twice, and cleaned up") {
  CHECK(path_of("/a%20b//./c", true) == "/a%20b//./c");
  CHECK(path_of("/a$b%7e%2f%c3%a4", true) == "/a%24b~/%C3%A4");
  CHECK(path_of("/a%20b", false) == "/a%2520b");
  CHECK(path_of("//example//", false) == "/example/");
  CHECK(path_of("/a/./b/../c", false) == "/a/c");
  CHECK(path_of("/example/..", false) == "/");
  CHECK(path_of("/../..", false) == "/");
}

TEST_CASE("a query is signed sorted, and encoded in one way") {
  CHECK(query_of("b&a=%7e%20!&a=1&&c=x=y") == "a=1&a=~%20%21&b=&c=x%3Dy");
  CHECK(query_of("").empty());
}

TEST_CASE("what clients sign in different ways is not signed") {
  for (const auto* const query : {"a=b+c", "a=%", "a=%2", "a=%zz"}) {
    INFO(query);
    REQUIRE_FALSE(read_query(query));
    CHECK(read_query(query).error().code == base::Errc::invalid_input);
  }
  CHECK_FALSE(decoded("/a%g0"));
}

TEST_CASE("L31 https' own port is not signed") {
  test::Request request;
  request.fields = {{"Host", "h.example:443"}};
  request.names = {"host"};
  CHECK(text_of(request).find("host:h.example\n") != std::string::npos);
  request.fields = {{"Host", "h.example:8443"}};
  CHECK(text_of(request).find("host:h.example:8443\n") != std::string::npos);
}

TEST_CASE("a value in locked memory is written where it stands, and nothing past a bound",
          "[I1][I10]") {
  const std::vector<Parameter> query = {{"a", "", "locked"}, {"b", "2"}};
  const std::vector<std::string> names;
  base::Buffer out(1024);
  REQUIRE(write_canonical({"GET", "/", query, {}, names, "h"}, out));
  CHECK(out.view() == "GET\n/\na=locked&b=2\n\n\nh");
  base::Buffer small(8);
  const auto full = write_canonical({"GET", "/", query, {}, names, "h"}, small);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings::sigv4
