// SPDX-License-Identifier: Apache-2.0
#include "bindings/permissions.h"

#include "test/bindings/sample_kinds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

bool says(const std::vector<std::string>& said, const std::string& sentence) {
  return std::ranges::find(said, sentence) != said.end();
}

}  // namespace

TEST_CASE("each binding is a sentence with host, methods, paths and who may use it", "[I17]") {
  const auto said = permissions_of(test::accepted(test::with_binding(
      "{ host: api.example.com, port: 8443, methods: [GET, POST], paths: [\"/v1/**\"], "
      "allow_addresses: [10.1.0.0/16], scrub: off }")));
  CHECK(says(said, "K may go to api.example.com:8443, GET POST, /v1/**"));
  CHECK(says(said, "K stands in header authorization, by the scheme header"));
  CHECK(says(said, "api.example.com:8443 may be at an address of 10.1.0.0/16, for K"));
  CHECK(says(said, "K may come back in answers of api.example.com:8443"));
}

TEST_CASE("that a person decides is said, with all that it hangs on", "[I17]") {
  const auto with = [](const std::string& approve) {
    return permissions_of(
        test::accepted(test::with_binding("{ host: api.example.com, approve: " + approve + " }")));
  };
  const std::string open = "K may go to api.example.com, any method, any path";
  CHECK(says(with("true"),
             open + ", if a person lets through any request (waits 55000 ms, then 403; decided in "
                    "600000 ms, sent in 600000 ms)"));
  CHECK(says(with("{ methods: [PUT, DELETE], paths: [/a, /b], headers: [X-Amount], hold: 2s, "
                  "expires: 1m, retry: 3m, on_timeout: 202 }"),
             open + ", if a person lets through PUT, DELETE of /a, /b, with the fields x-amount "
                    "(waits 2000 ms, then 202; decided in 60000 ms, sent in 180000 ms)"));
  CHECK(says(with("false"), open));
}

TEST_CASE("what replaces a secret is said, with where it stands", "[I17]") {
  const auto said = permissions_of(test::accepted(
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_00000000001\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings: [ { host: api.example.com } ]\n"
      "    capture:\n"
      "      - { host: login.example.com, methods: [POST], paths: [/token], json_pointer: /a/b, "
      "expires: /a/expires_in }\n"
      "      - { host: login.example.com, paths: [/in], cookie: sid, claims_readable: true }\n"));
  CHECK(says(said,
             "an answer of login.example.com, POST, /token replaces K, by the JSON /a/b, for "
             "as long as /a/expires_in says"));
  CHECK(says(said,
             "an answer of login.example.com, any method, /in replaces K, by the cookie sid, with "
             "its claims readable"));
}

TEST_CASE("what is not narrowed is said to be open", "[I17]") {
  const auto said = permissions_of(test::accepted(test::with_top("")));
  CHECK(says(said, "K may go to api.example.com, any method, any path"));
  CHECK(says(said, "programs of keyswap's own user may come without a token"));
  CHECK(says(said, "hosts in no binding may be reached"));
  CHECK(says(said, "the audit log is in the home"));
}

TEST_CASE("where upstreams are really reached, and who vouches for them, is said", "[I17]") {
  const auto said = permissions_of(test::accepted(
      test::with_top("callers: [ci]\n"
                     "upstream:\n"
                     "  ca_file: roots.pem\n"
                     "  proxy: http://corp:3128\n"
                     "  resolve: { \"api.example.com:443\": \"127.0.0.1:9443\" }\n")));
  CHECK(says(said, "upstream.resolve sends api.example.com:443 to 127.0.0.1:9443"));
  CHECK(says(said, "upstreams are reached through the proxy corp:3128"));
  CHECK(says(said, "the roots of " + test::kFolder + "/roots.pem vouch for upstreams"));
  CHECK(says(said, "the caller ci may come"));
  CHECK_FALSE(says(said, "programs of keyswap's own user may come without a token"));
}

TEST_CASE("other users and web pages that may come are said", "[I17]") {
  const auto said = permissions_of(test::accepted(
      test::with_top("allow_users: [4000000001]\nallow_origins: [\"http://localhost:3000\"]\n")));
  CHECK(says(said, "the user 4000000001 may come"));
  CHECK(says(said, "web pages of http://localhost:3000 may use reverse routes"));
  CHECK(says(permissions_of(test::accepted(test::with_top("allow_users: [\"*\"]\n"))),
             "every user of this machine may come"));
}

TEST_CASE("where secrets come from, and how, is said", "[I17]") {
  const auto parsed = parse(
      "sources:\n"
      "  far: { type: remote, address: \"https://a.example\", token: T, groups: [a, b], "
      "allow_addresses: [10.0.0.0/8], cache: { ttl_seconds: 60, stale_seconds: 30 } }\n"
      "  near: { type: command, argv: [/bin/op, \"{key}\"] }\n" +
          test::one_secret("    placeholder: \"" + test::kPlaceholder +
                           "\"\n"
                           "    inject: { header: A, format: \"{secret}\" }\n"
                           "    bindings: [ { host: api.example.com } ]\n"
                           "    source: far\n    key: k\n    field: f\n"),
      test::kFolder,
      {},
      test::kKinds);
  REQUIRE(parsed.errors.empty());
  const auto said = permissions_of(parsed.bindings);
  CHECK(says(said, "the source far is asked for secrets, by remote"));
  CHECK(says(said, "the source far has the address https://a.example"));
  CHECK(says(said, "the source far has the token T"));
  CHECK(says(said, "the source far has the groups a b"));
  CHECK(says(said, "the source far may be at an address of 10.0.0.0/8"));
  CHECK(says(said,
             "the source far's values are good for 60 seconds, more or less 30, at most 100 of "
             "them"));
  CHECK(says(said, "the source far's values serve on for 30 seconds while it is down"));
  CHECK(says(said, "the source near runs /bin/op {key}"));
  CHECK(says(said, "K comes from the source far, as k, of which the field f"));
}

}  // namespace keyswap::bindings
