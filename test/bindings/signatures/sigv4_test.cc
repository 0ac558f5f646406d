// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4.h"

#include <array>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

// The suite's request, with what a case of it adds.
test::Request suite(const std::string& path = "/", const std::string& query = "") {
  test::Request request;
  request.path = path;
  request.query = query;
  request.fields = {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", test::kSuiteTime}};
  request.names = {"host", "x-amz-date"};
  return request;
}

std::string signature(const test::Request& request) {
  return request.signed_with(test::kSuiteSecret, test::kSuiteTime, "service");
}

test::Request s3(const std::string& path, const std::string& query = "") {
  test::Request request;
  request.path = path;
  request.query = query;
  request.is_s3 = true;
  request.fields = {{"Host", "examplebucket.s3.amazonaws.com"},
                    {"x-amz-content-sha256", test::kNothing},
                    {"x-amz-date", test::kS3Time}};
  request.names = {"host", "x-amz-content-sha256", "x-amz-date"};
  return request;
}

std::string s3_signature(const test::Request& request,
                         const std::string& secret = test::kS3Secret) {
  return request.signed_with(secret, test::kS3Time, "s3");
}

}  // namespace

TEST_CASE("AWS's published signing key") {
  REQUIRE(vault::lock_memory());
  const auto key = make_key(test::kSuiteSecret, {"20150830", "us-east-1", "iam"});
  REQUIRE(key);
  CHECK(base::to_hex(key->reveal()) ==
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST_CASE("L27 the suite's plain GET, signed over host and x-amz-date") {
  CHECK(signature(suite()) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("L29 a body, and a session token, change the signature; the query's order does not") {
  auto token = suite();
  token.fields.push_back(
      {"X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"});
  token.names.emplace_back("x-amz-security-token");
  CHECK(signature(token) == "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
  auto body = suite();
  body.hash = std::string(64, '0');
  CHECK(signature(body) != signature(suite()));
  CHECK(signature(suite("/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1")) ==
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac");
  CHECK(signature(suite("/", "%e1%88%b4=Value1&Param=Value2&Param-3=Value3")) ==
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac");
}

TEST_CASE("the suite's spaces: in a path, in values, and a field that is there three times") {
  CHECK(signature(suite("/example space/")) ==
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
  auto spaces = suite();
  spaces.fields.push_back({"My-Header1", "value1"});
  spaces.fields.push_back({"My-Header2", "\"a   b   c\""});
  spaces.names = {"host", "my-header1", "my-header2", "x-amz-date"};
  CHECK(signature(spaces) == "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
  auto thrice = suite();
  for (const auto* const value : {"value2", "value2", "value1"}) {
    thrice.fields.push_back({"My-Header1", value});
  }
  thrice.names = {"host", "my-header1", "x-amz-date"};
  CHECK(signature(thrice) == "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
}

TEST_CASE("the suite's presigned GET") {
  auto request = suite(
      "/",
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2F"
      "service%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&"
      "X-Amz-Expires=3600");
  request.names = {"host"};
  CHECK(signature(request) == "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d");
}

TEST_CASE("L28 S3's published GET of a range, and the same with a throw-away pair") {
  auto request = s3("/test.txt");
  request.fields.push_back({"Range", "bytes=0-9"});
  request.names = {"host", "range", "x-amz-content-sha256", "x-amz-date"};
  CHECK(s3_signature(request) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(s3_signature(request, test::kFakeSecret) ==
        "88b3fd50dc69ebc9e7f537e0a581059373e4b4ea35bf61bb63bbf61a10c074b9");
}

TEST_CASE("L30 S3's published PUT: what a client adds of x-amz-* is signed, too") {
  test::Request request;
  request.method = "PUT";
  request.path = "/test%24file.text";
  request.is_s3 = true;
  request.hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  request.fields = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                    {"Host", "examplebucket.s3.amazonaws.com"},
                    {"X-Amz-Content-Sha256", request.hash},
                    {"X-Amz-Date", test::kS3Time},
                    {"X-Amz-Storage-Class", "REDUCED_REDUNDANCY"}};
  request.names = {"date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-storage-class"};
  const auto published = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
  CHECK(s3_signature(request) == published);
  request.path = "/test$file.text";
  CHECK(s3_signature(request) == published);
}

TEST_CASE("S3's published GET of a bucket's lifecycle, and its presigned GET") {
  CHECK(s3_signature(s3("/", "lifecycle")) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  auto presigned = s3("/test.txt",
                      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
                      "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
                      "X-Amz-Expires=86400&X-Amz-SignedHeaders=host");
  presigned.names = {"host"};
  presigned.hash = "UNSIGNED-PAYLOAD";
  CHECK(s3_signature(presigned) ==
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("text of several pieces is put together in locked memory", "[I1]") {
  REQUIRE(vault::lock_memory());
  const std::array<std::string_view, 3> pieces = {"a", "", "bc"};
  const auto text = locked_text(pieces);
  REQUIRE(text);
  CHECK(text->reveal() == "abc");
}

}  // namespace keyswap::bindings::sigv4
