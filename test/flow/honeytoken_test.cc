// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/honeytoken.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kHoney = "sk-proj-PLACEHOLDER-laid-out-0001";
const std::string kHoney2 = "sk-proj-PLACEHOLDER-laid-out-0002";

const std::string kYaml = R"(
version: 1
secrets:
  BAIT: { honeytoken: true, placeholder: sk-proj-PLACEHOLDER-laid-out-0001 }
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"], blocked: ["DELETE /v1/*"] } ]
  BAIT2: { honeytoken: true, placeholder: sk-proj-PLACEHOLDER-laid-out-0002 }
)";

std::string decided(const std::string& fields,
                    const std::string& line = "GET /v1/x HTTP/1.1",
                    const std::string& top = "") {
  auto script = Script(test::bindings_of(top + kYaml));
  script.client(line + "\r\nHost: api.example.test\r\n" + fields + "\r\n");
  const auto text = script.transcript();
  const auto begin = text.find("record ");
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("H12 a honeytoken is told of wherever it stands in the head, and travels on inert") {
  for (const std::string field : {"Authorization: Bearer ", "X-Other: ", "Cookie: a="}) {
    INFO(field);
    CHECK(decided(field + kHoney + "\r\n") ==
          "record denied destination_not_in_binding BAIT +honeytoken BAIT GET /v1/x");
  }
  CHECK(decided("", "GET /v1/" + kHoney + "?q=" + kHoney + " HTTP/1.1") ==
        "record denied destination_not_in_binding BAIT +honeytoken BAIT GET /v1/<BAIT>");
}

TEST_CASE("H12 a honeytoken is seen percent-encoded in the target, and inside Basic") {
  std::string encoded = kHoney;
  encoded.replace(encoded.find('-'), 1, "%2D");
  CHECK(decided("", "GET /v1/x?q=" + encoded + " HTTP/1.1").find("+honeytoken BAIT") !=
        std::string::npos);
  CHECK(decided("Authorization: Basic " + base::to_base64("user:" + kHoney) + "\r\n")
            .find("+honeytoken BAIT") != std::string::npos);
}

TEST_CASE("H12 however many placeholders are named, the honeytoken among them is told of") {
  std::string yaml = kYaml;
  std::string fields;
  for (int i = 100; i < 112; ++i) {
    const auto placeholder = "kswp_PLACEHOLDER_more_00000" + std::to_string(i);
    yaml +=
        "  M" + std::to_string(i) + ": { honeytoken: true, placeholder: " + placeholder + " }\n";
    fields += "X-" + std::to_string(i) + ": " + placeholder + "\r\n";
  }
  auto script = Script(test::bindings_of(yaml));
  script.client("GET /v1/x HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n");
  CHECK(script.transcript().find("record refused ambiguous_placeholder_match") !=
        std::string::npos);
  CHECK(script.transcript().find("+honeytoken M111") != std::string::npos);
}

TEST_CASE("H12 a honeytoken beside a secret that is swapped in is told of, too") {
  CHECK(decided("Authorization: Bearer " + kP + "\r\nX-Other: " + kHoney + "\r\n") ==
        "record allowed binding_matched K +denied destination_not_in_binding BAIT +honeytoken BAIT "
        "GET /v1/x");
}

TEST_CASE("H12 several honeytokens are told of each") {
  CHECK(decided("X-A: " + kHoney2 + "\r\nX-B: " + kHoney + "\r\nX-C: " + kHoney + "\r\n") ==
        "record denied destination_not_in_binding BAIT2 +denied destination_not_in_binding BAIT "
        "+honeytoken BAIT +honeytoken BAIT2 GET /v1/x");
}

TEST_CASE("H12 a request that is refused for another reason is told of, too") {
  CHECK(decided("X-Other: " + kHoney + "\r\n", "DELETE /v1/x HTTP/1.1") ==
        "record refused endpoint_blocked K +honeytoken BAIT DELETE /v1/x");
  CHECK(decided("X-Other: " + kHoney + "\r\n",
                "GET /v1/x HTTP/1.1",
                "misplaced_placeholder: refuse\n") ==
        "record refused destination_not_in_binding BAIT +honeytoken BAIT GET /v1/x");
  auto other_name = Script(test::bindings_of(kYaml));
  other_name.client("GET /v1/x HTTP/1.1\r\nHost: other.example.test\r\nX-Other: " + kHoney +
                    "\r\n\r\n");
  CHECK(other_name.transcript().find("record refused identity_mismatch +honeytoken BAIT") !=
        std::string::npos);
}

TEST_CASE("a honeytoken changes nothing of what a request without it gets") {
  CHECK(decided("Authorization: Bearer " + kP + "\r\n") ==
        "record allowed binding_matched K GET /v1/x");
  CHECK(decided("X-Other: sk-proj-PLACEHOLDER-laid-out-0003\r\n") ==
        "record pass no_placeholder GET /v1/x");
}

TEST_CASE("the outcome does not depend on how the bytes of a honeytoken are cut", "[I15]") {
  const std::string request = "GET /v1/x HTTP/1.1\r\nHost: api.example.test\r\nX-Other: " + kHoney +
                              "\r\nAuthorization: Bearer " + kP + "\r\n\r\n";
  auto whole = Script(test::bindings_of(kYaml));
  whole.client(request);
  for (std::size_t piece = 1; piece < request.size(); ++piece) {
    auto cut = Script(test::bindings_of(kYaml));
    cut.client(request, piece);
    CHECK(cut.transcript() == whole.transcript());
  }
}

}  // namespace keyswap::flow
