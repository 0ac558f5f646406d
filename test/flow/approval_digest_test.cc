// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/approval_digest.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/digest.h"

namespace keyswap::flow {

namespace {

vault::Secret key() {
  REQUIRE(vault::lock_memory());
  std::string bytes;
  for (char byte = 0; byte < 32; ++byte) {
    bytes += byte;
  }
  return vault::Secret::copy_of(bytes).value();
}

ApprovedRequest merge(std::string_view body_sha256, std::string_view version = "3") {
  return {.caller = "agent-a",
          .secret = "GITHUB_TOKEN",
          .version = version,
          .binding = "github-merge",
          .method = "PUT",
          .protocol = "https",
          .host = "api.github.com:443",
          .path = "/repos/o/r/pulls/7/merge",
          .query = "",
          .headers = "content-type:application/json\n",
          .body_sha256 = body_sha256};
}

}  // namespace

// Made by another implementation: HMAC-SHA256 over the fields, each after its length in 4 bytes.
TEST_CASE("the digest of what is approved is the published one") {
  const std::string body = bindings::sha256_hex(R"({"merge_method":"squash"})");
  CHECK(body == "a251ae0221cb7e5b1c1fb10c05a07c4c17b6f776d117cb73ba78d200afd3ac0f");
  CHECK(approval_digest(key(), merge(body)).value() ==
        "d20ad8c41375fc8dcd51ed13110dc8a587152ae6426350e0cae8d1c63590a54d");
  CHECK(approval_digest(key(), merge(body, "4")).value() ==
        "a695325402424db2940b13d88baa6618d51ef94cbfafdcdeced666160f409eb2");
}

TEST_CASE("what moves from one field to the next is another request") {
  ApprovedRequest one = merge("00");
  one.path = "/a";
  one.query = "bc";
  ApprovedRequest another = one;
  another.path = "/ab";
  another.query = "c";
  CHECK(approval_digest(key(), one).value() != approval_digest(key(), another).value());
}

TEST_CASE("a token is an operation's own") {
  const auto first = operation_token(key(), "op_1").value();
  CHECK(first.size() == 64);
  CHECK(first == operation_token(key(), "op_1").value());
  CHECK(first != operation_token(key(), "op_2").value());
}

TEST_CASE("fields are bound by their names in lower case, sorted, and others are not") {
  http::HeaderList fields;
  fields.add("X-HTTP-Method-Override", "DELETE");
  fields.add("Authorization", "x");
  fields.add("Content-Type", "text/plain");
  fields.add("X-Amount", "2");
  fields.add("x-amount", "1");
  fields.add("Date", "now");
  CHECK(bound_headers(fields, {"x-amount"}) ==
        "content-type:text/plain\nx-amount:1\nx-amount:2\nx-http-method-override:DELETE\n");
  CHECK(bound_headers({}, {}).empty());
}

TEST_CASE("fields that say where, how deep or which part are bound, however they are spelled") {
  http::HeaderList fields;
  for (const char* const name : {"Destination",
                                 "Overwrite",
                                 "Depth",
                                 "Content-Range",
                                 "X-Original-URL",
                                 "X_Rewrite_URL",
                                 "X_Amount",
                                 "User-Agent"}) {
    fields.add(name, "1");
  }
  CHECK(bound_headers(fields, {"x-amount"}) ==
        "content-range:1\ndepth:1\ndestination:1\noverwrite:1\nx-original-url:1\nx_amount:1\n"
        "x_rewrite_url:1\n");
}

}  // namespace keyswap::flow
