// SPDX-License-Identifier: Apache-2.0
//
// The scheme `okx` (bindings/schemes/okx.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: okx, api_key: KEY, api_secret: SECRET, passphrase: PHRASE }";

// github.com/okex/V3-Open-API-SDK, SignatureTest.java and the comment in okex-go-sdk-api/utils.go:
// the vendor's own example of the formula that v5 kept.
const std::string kSecret = "E65791902180E9EF4510DB6A77F6EBAE";
const std::vector<std::string> kValues = {"the-key", kSecret, "the-phrase"};
const std::string kTarget = "/orders?before=2&limit=30";
const std::string kBody = R"({"product_id":"BTC-USD-0309","order_id":"377454671037440"})";
const std::string kSignature = "TO6uwdqz+31SIPkd4I+9NiZGmVH74dXi+Fd5X0EzzSQ=";
constexpr std::int64_t kNow = 1'520'506'765'789'999;  // 2018-03-08T10:59:25.789Z

std::string signature_of(const Bindings& bindings,
                         const std::string& target,
                         const std::string& body = "") {
  const auto result = Case({"GET", target, {}, body}).sign(bindings, kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
  return result.fields.at("ok-access-sign");
}

}  // namespace

TEST_CASE("OKX's published vector; what the client had signed, timed or sent is replaced") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"POST",
                            kTarget,
                            {{"OK-ACCESS-KEY", "p"},
                             {"OK-ACCESS-SIGN", "theirs"},
                             {"OK-ACCESS-TIMESTAMP", "2001-01-01T00:00:00.000Z"},
                             {"OK-ACCESS-PASSPHRASE", "theirs"},
                             {"Content-Type", "application/json"}},
                            kBody})
                          .sign(bindings, kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        std::map<std::string, std::string>{{"ok-access-key", "the-key"},
                                           {"ok-access-timestamp", "2018-03-08T10:59:25.789Z"},
                                           {"ok-access-passphrase", "the-phrase"},
                                           {"ok-access-sign", kSignature}});
  CHECK(result.removed.empty());
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("an OKX client that signs nothing gets the same four headers") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"POST", kTarget, {}, kBody}).sign(bindings, kValues, kNow);
  CHECK(result.fields.size() == 4);
  CHECK(result.fields.at("ok-access-sign") == kSignature);
}

TEST_CASE("OKX's query and body are signed and sent as they came, an empty query too") {
  const auto bindings = test::signing_with(kInject);
  const std::string path = "/api/v5/account/balance";
  // The formula over these bytes, computed with Python's hmac.
  CHECK(signature_of(bindings, path) == "qVOmEEpF16qA/wGP5GJTT1n3jhAERfOMTpC0GrLFmyc=");
  CHECK(signature_of(bindings, path + "?") == "4FSVswYEL5qKjv0LSxrJC0hE8ZkyduMrW6CJ97TNrjo=");
  CHECK(signature_of(bindings, path + "?ccy=BTC%2CETH") ==
        "8OnPuEMiXFdqGefO1DVO48XTYjpTPrLbWpQUhDmZ0FY=");
  CHECK(signature_of(bindings, path + "?ccy=BTC%2CETH", R"({"a":1})") ==
        "rFBXJjf2MD9Ro8BrNhe4Cu05d+UjIL90thG8872vX14=");
}

TEST_CASE("F29: a header of OKX's that is there twice is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const name = GENERATE("key", "Sign", "TIMESTAMP", "passphrase");
  const auto field = "ok-access-" + std::string(name);
  CHECK(Case({"GET", "/x", {{field, "a"}, {"OK-" + field.substr(3), "b"}}, ""})
            .is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{field, "a"}}, ""}).is_malformed(bindings));
}

TEST_CASE("A key or a passphrase of OKX's that could end its line is never written", "[I9]") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"GET", "/x", {}, ""});
  CHECK(sample.sign(bindings, {"key\r\nX: y", kSecret, "phrase"}, kNow).status.error().code ==
        base::Errc::invalid_input);
  CHECK(sample.sign(bindings, {"key", kSecret, "phrase\nX: y"}, kNow).status.error().code ==
        base::Errc::invalid_input);
}

TEST_CASE("OKX's key, secret and passphrase are vault entries, all of them needed") {
  const auto bindings = test::signing_with(kInject);
  std::vector<std::string> needs;
  for (const auto& name : bindings.rules[0].injection().needs()) {
    needs.push_back(name.text());
  }
  CHECK(needs == std::vector<std::string>{"KEY", "SECRET", "PHRASE"});
  CHECK(test::errors_of(test::with_inject("{ type: okx, api_key: KEY, api_secret: SECRET }"))
            .find("passphrase") != std::string::npos);
  CHECK(test::errors_of(test::with_inject(
                            "{ type: okx, api_key: KEY, api_secret: SECRET, passphrase: \"a b\" }"))
            .find("`passphrase` must be the name of a vault entry") != std::string::npos);
}

}  // namespace keyswap::bindings
