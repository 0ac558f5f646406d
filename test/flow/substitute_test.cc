// SPDX-License-Identifier: Apache-2.0
//
// A credential on its way to its place, whichever that is: here besides a header one that the
// program does not have (test/support/fake_placement.h).
#include "proxy/flow/substitute.h"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "test/support/fake_placement.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer:{secret}" }
    bindings: [ { host: api.example.test } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}" }
    bindings: [ { host: api.example.test } ]
)";

// Each secret may stand in the query, too.
Script script() {
  auto parsed = bindings::parse(kYaml, "/nowhere", {});
  REQUIRE(parsed.errors.empty());
  auto bindings = std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
  for (auto& rule : bindings->rules) {
    test::add_query_placement(rule);
  }
  return Script(bindings);
}

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a secret goes to the place its placeholder stands in, of several that it may have",
          "[I5]") {
  Script query = script();
  query.client(get("/v1?key=" + kP, "X-Other: 1\r\n"));
  CHECK(has(query.transcript(), "to upstream (secret): GET /v1?key=Bearer:real-key-0001 HTTP/1.1"));
  CHECK(has(query.sent_upstream(), "X-Other: 1\r\n"));
  Script header = script();
  header.client(get("/v1", "authorization: " + kP + "\r\n"));
  CHECK(has(header.sent_upstream(), "GET /v1 HTTP/1.1\r\n"));
  CHECK(has(header.sent_upstream(), "authorization: Bearer:real-key-0001\r\n"));
}

TEST_CASE("a placeholder that no placement of its rule holds there stays what it is", "[I2]") {
  Script elsewhere = script();
  elsewhere.client(get("/v1?other=" + kP));
  CHECK(has(elsewhere.sent_upstream(), "GET /v1?other=" + kP));
  CHECK(has(elsewhere.transcript(), "denied untargeted_location"));
}

TEST_CASE("two secrets in one place, or in two places, are one too many", "[I5]") {
  for (const auto& request :
       {get("/v1?" + kP2 + "?key=" + kP), get("/v1?key=" + kP, "X-Key: " + kP2 + "\r\n")}) {
    Script both = script();
    both.client(request);
    CHECK(has(both.transcript(), "refused ambiguous_placeholder_match"));
    CHECK(both.sent_upstream().empty());
  }
}

TEST_CASE("a value that cannot stand in its place is refused before anything is recorded",
          "[I9][I13]") {
  Script broken = script();
  broken.vault["K"] = "real#key-0001";
  broken.client(get("/v1?key=" + kP));
  CHECK(has(broken.transcript(), "refused secret_unavailable"));
  CHECK(broken.sent_upstream().empty());
  Script header = script();
  header.vault["K"] = "real#key-0001";
  header.client(get("/v1", "Authorization: " + kP + "\r\n"));
  CHECK(has(header.sent_upstream(), "Bearer:real#key-0001"));
}

TEST_CASE("of a credential that is only checked nothing stays in the scratch", "[I1]") {
  const auto bindings = test::bindings_of(kYaml);
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(64);
  REQUIRE(scratch);
  std::vector<vault::Secret> secrets;
  secrets.push_back(vault::Secret::copy_of("real-key-0001").value());
  http::HeaderList fields;
  fields.add("Authorization", kP);
  const std::vector<Use> uses = {{0, 0, 0, bindings::Spot{0, 0, kP.size()}}};
  const Credentials credentials{*bindings, uses, secrets, 0, {fields, "/"}};
  CHECK(check_credentials(credentials, *scratch));
  CHECK(scratch->size() == 0);
  bindings::Edits edits;
  CHECK(place_credentials(credentials, *scratch, edits));
  CHECK(scratch->reveal() == "Bearer:real-key-0001");
  auto small = vault::LockedBuffer::of_capacity(8);
  REQUIRE(small);
  CHECK_FALSE(place_credentials(credentials, *small, edits));
  CHECK(small->size() == 0);
}

}  // namespace keyswap::flow
