// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/sightings.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: x-api-key, format: "{secret}", bindings: [ { host: other.example.test } ] }
      - { header: x-api-key, format: "{secret}", bindings: [ { host: api.example.test, paths: [/v1/**] } ] }
      - { header: x-api-key, format: "K {secret}" }
      - { basic: both }
      - { query: key }
    bindings: [ { host: api.example.test } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { basic: password }
    bindings: [ { host: other.example.test } ]
)";

// "rule.place part match", one after the other.
std::string seen(const std::string& fields, const std::string& target = "/v1/x") {
  const auto bindings = test::bindings_of(kYaml);
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next("GET " + target + " HTTP/1.1\r\n" + fields + "Host: h\r\n\r\n");
  REQUIRE(step.kind == http::Step::Kind::head);
  const auto head = decoder.take_request();
  const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  const Request request{head, head.target, destination, *bindings, ""};
  auto sightings = find_sightings(request);
  const bindings::RequestReadings readings(head.method, head.target, head.fields);
  match_sightings(request, readings, sightings);
  std::string text;
  for (const Sighting& one : sightings.all) {
    text += (text.empty() ? "" : ", ") + std::to_string(one.rule) + "." +
            (one.spot ? std::to_string(one.place) : "-") + " " + std::to_string(one.part) +
            (one.match == bindings::Match::matched        ? " in"
             : one.match == bindings::Match::out_of_scope ? " out"
                                                          : " elsewhere");
  }
  return text;
}

std::string basic(const std::string& pair) {
  return "Authorization: Basic " + base::to_base64(pair) + "\r\n";
}

}  // namespace

TEST_CASE("of several places that hold one placeholder, the first in scope keeps it", "[I5]") {
  CHECK(seen("X-Api-Key: " + kP + "\r\n") == "0.1 0 in");
  CHECK(seen("X-Api-Key: " + kP + "\r\n", "/v2/x") == "0.2 0 in");
}

TEST_CASE("each place of a secret is seen where the client used it", "[I2]") {
  CHECK(seen(basic("a:" + kP), "/v1/x?key=" + kP) == "0.3 0 in, 0.4 2 in");
  CHECK(seen("X-Other: " + kP + "\r\nX-Api-Key: " + kP + "\r\n") == "0.- 0 in, 0.1 1 in");
  CHECK(seen("X-Other: " + kP + "\r\nX-More: " + kP + "\r\n") == "0.- 0 in");
  CHECK(seen("X-Api-Key: " + kP + "\r\nX-Other: " + kP + "\r\nX-More: " + kP + "\r\n") ==
        "0.1 0 in, 0.- 1 in");
  CHECK(seen("X-Api-Key: " + kP + "\r\n" + kP + ": a\r\n") == "0.1 0 in, 0.- 4 in");
}

TEST_CASE("a placeholder is seen beside its own place in the same part, too", "[I2]") {
  CHECK(seen("", "/v1/x?key=" + kP + "&log=" + kP) == "0.4 1 in, 0.- 1 in");
  CHECK(seen("", "/v1/" + kP + "?key=" + kP) == "0.4 1 in, 0.- 1 in");
  CHECK(seen("", "/v1/kswp%5FPLACEHOLDER_000000000001?key=" + kP) == "0.4 1 in, 0.- 1 in");
  CHECK(seen("", "/v1/x?key=kswp%5FPLACEHOLDER_000000000001") == "0.4 1 in");
  CHECK(seen("X-Api-Key: a " + kP + ", " + kP + "\r\n") == "0.1 0 in");  // the whole of it
  CHECK(seen(basic(kP + ":" + kP2 + kP2)) == "0.3 0 in, 1.- 0 elsewhere");
  CHECK(seen(basic(kP + ":x" + kP)) == "0.3 0 in, 0.- 0 in");
}

TEST_CASE("a placeholder is seen inside Basic credentials, and percent-encoded in the target",
          "[I2]") {
  CHECK(seen(basic(kP + ":" + kP2)) == "0.3 0 in, 1.0 0 elsewhere");
  CHECK(seen(basic("a:x" + kP)) == "0.- 0 in");
  CHECK(seen("", "/v1/x?key=kswp%5FPLACEHOLDER_000000000001") == "0.4 1 in");
  CHECK(seen("", "/v1/kswp%5FPLACEHOLDER_000000000001") == "0.- 1 in");
  CHECK(seen("X-Api-Key: kswp%5FPLACEHOLDER_000000000001\r\n") == "0.- 0 in");
}

TEST_CASE("more spots than any place may have are not counted to the end", "[I10]") {
  std::string target = "/v1/x?a";
  for (int i = 0; i < 60; ++i) {
    target += "&key=" + kP;
  }
  const auto text = seen("", target);
  CHECK(std::count(text.begin(), text.end(), ',') == 16);
}

}  // namespace keyswap::flow
