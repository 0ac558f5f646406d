// SPDX-License-Identifier: Apache-2.0
//
// The scheme `hmac` (bindings/schemes/hmac.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;
using test::errors_of;
using test::kFormField;
using test::signing_with;
using test::with_inject;
using Fields = std::map<std::string, std::string>;

constexpr std::int64_t kNow = 1'700'000'000'123'456;

Bindings with(const std::string& rest) {
  return signing_with("{ type: hmac, header: X-Sign, " + rest + " }");
}

std::string error_of(const std::string& rest) {
  return errors_of(with_inject("{ type: hmac, header: X-Sign, " + rest + " }"));
}

}  // namespace

TEST_CASE("the vector of GitHub's page on validating webhook deliveries") {
  const auto bindings = signing_with(
      "{ type: hmac, header: X-Hub-Signature-256, template: \"{body}\", format: "
      "\"sha256={signature}\" }");
  const auto result = Case({"POST", "/hook", {{"X-Hub-Signature-256", "p"}}, "Hello, World!"})
                          .sign(bindings, {"It's a Secret to Everybody"}, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        Fields{{"x-hub-signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}});
  CHECK(result.removed.empty());
  CHECK_FALSE(result.has_body);
  CHECK_FALSE(result.has_target);
}

TEST_CASE("Gate.io's published vector by configuration alone") {
  const auto bindings = signing_with(
      "{ type: hmac, header: KEY, key_id: ID, name: SIGN, algorithm: sha512, timestamp_header: "
      "Timestamp, template: \"{method}\\n{path}\\n{query}\\n{body_sha512}\\n{timestamp}\" }");
  const auto result = Case({"GET",
                            "/api/v4/futures/orders?contract=BTC_USD&status=finished&limit=50",
                            {{"KEY", "p"}, {"Timestamp", "1"}, {"SIGN", "theirs"}},
                            ""})
                          .sign(bindings, {"secret", "key"}, 1'541'993'715'000'000);
  CHECK(result.fields ==
        Fields{{"key", "key"},
               {"timestamp", "1541993715"},
               {"sign",
                "55f84ea195d6fe57ce62464daaa7c3c02fa9d1dde954e4c898289c9a2407a3d6fb3faf24deff16790d"
                "726b66ac9f74526668b13bd01029199cc4fcc522418b8a"}});
}

TEST_CASE("L33 L34 method, path, query, host, time and body hash, in hex and in base64") {
  const std::string text =
      "template: \"{method}\\n{path}\\n{query}\\n{host}\\n{timestamp}\\n{body_sha256}\"";
  const Case sample({"POST", "/v1/x?a=1", {}, ""});
  CHECK(sample.sign(with(text), {"k"}, kNow).fields.at("x-sign") ==
        "db5581741c6ed4879e98267afde335ab783cb333da862472f999f553ebbe73c6");
  CHECK(sample.sign(with(text + ", encoding: base64"), {"k"}, kNow).fields.at("x-sign") ==
        "21WBdBxu1IeemCZ6/eM1q3g8szPahiRy+Zn1U+u+c8Y=");
  CHECK(sample.sign(with(text + ", encoding: base64url"), {"k"}, kNow).fields.at("x-sign") ==
        "21WBdBxu1IeemCZ6_eM1q3g8szPahiRy-Zn1U-u-c8Y");
}

TEST_CASE("L35 the time of the header is the time that is signed, in the unit that is asked for") {
  const Case sample({"GET", "/api/v5/account/balance?ccy=BTC", {{"X-Time", "1"}}, ""});
  for (const std::string unit : {"s", "ms", "iso"}) {
    const std::string header = ", timestamp_header: X-Time, timestamp_unit: " + unit;
    const auto result =
        sample.sign(with("template: \"{timestamp}\"" + header), {"k"}, 1607418537715000);
    const auto time = result.fields.at("x-time");
    CHECK(time == (unit == "s"    ? "1607418537"
                   : unit == "ms" ? "1607418537715"
                                  : "2020-12-08T09:08:57.715Z"));
    CHECK(result.fields.at("x-sign") ==
          sample.sign(with("template: \"" + time + "\""), {"k"}, 0).fields.at("x-sign"));
  }
}

TEST_CASE("a key in hex or base64 is decoded; one that does not decode refuses the request") {
  const Case sample({"GET", "/p?a=1&b=2", {}, ""});
  const std::string rest = "template: \"{path_and_query}\", algorithm: sha1, encoding: base64";
  const std::string expected = "ZuLbAFOuuLG4eeswQEfuptFitFA=";
  CHECK(sample.sign(with(rest + ", key_encoding: hex"), {"0102"}, 0).fields.at("x-sign") ==
        expected);
  CHECK(sample.sign(with(rest + ", key_encoding: base64"), {"AQI="}, 0).fields.at("x-sign") ==
        expected);
  const auto refused = sample.sign(with(rest + ", key_encoding: hex"), {"0g"}, 0);
  CHECK(refused.status.error().code == base::Errc::invalid_input);
}

TEST_CASE("a nonce is asked for when it is signed or sent, and signed as it is sent") {
  const Case sample({"GET", "/", {}, ""});
  CHECK_FALSE(sample.judge(with("template: \"{path}\"")).wants_nonce);
  CHECK(sample.judge(with("template: \"{path}\", nonce_header: X-Nonce")).wants_nonce);
  const auto bindings = with(
      "template: \"{nonce}{host}\", nonce_header: X-Nonce, algorithm: sha384, key_encoding: hex, "
      "encoding: base64");
  CHECK(sample.judge(bindings).wants_nonce);
  const auto result = sample.sign(bindings, {"0102"}, 0, 42);
  CHECK(result.fields ==
        Fields{{"x-nonce", "42"},
               {"x-sign", "IJc1jegUzmAduI7c7XBMf61g+Y4jCP5LRg2rNTh8MjPa8/KNbpMm/B5uH4YL8rYr"}});
}

TEST_CASE("the key's id goes into the header of the placeholder, the passphrase into its own") {
  const auto bindings = signing_with(
      "{ type: hmac, header: OK-ACCESS-KEY, key_id: ID, key: SECRET, name: OK-ACCESS-SIGN, "
      "passphrase: PHRASE, passphrase_header: OK-ACCESS-PASSPHRASE, encoding: base64, "
      "timestamp_header: OK-ACCESS-TIMESTAMP, timestamp_unit: iso, "
      "template: \"{timestamp}{method}{path_and_query}{body}\" }");
  std::vector<std::string> needs;
  for (const auto& name : bindings.rules[0].injection().needs()) {
    needs.push_back(name.text());
  }
  CHECK(needs == std::vector<std::string>{"SECRET", "ID", "PHRASE"});
  const auto result = Case({"GET", "/api/v5/account/balance?ccy=BTC", {{"OK-ACCESS-KEY", "p"}}, ""})
                          .sign(bindings,
                                {"22582BD0CFF14C41EDBF1AB98506286D", "the-id", "the-phrase"},
                                1607418537715000);
  CHECK(result.fields ==
        Fields{{"ok-access-key", "the-id"},
               {"ok-access-passphrase", "the-phrase"},
               {"ok-access-timestamp", "2020-12-08T09:08:57.715Z"},
               {"ok-access-sign", "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="}});
}

TEST_CASE("a signature in the query replaces the client's, stands last and is URL-encoded") {
  const auto bindings = with(
      "template: \"{query}\", into: query, name: sig, encoding: base64, algorithm: sha256, key: S");
  const auto result =
      Case({"GET", "/p?a=1&sig=theirs&b=%20", {{"X-Sign", "p"}}, ""}).sign(bindings, {"k"}, 0);
  const auto signed_text =
      Case({"GET", "/p", {}, ""}).sign(with("template: \"a=1&b=%20\", encoding: base64"), {"k"}, 0);
  std::string expected;
  for (const char c : signed_text.fields.at("x-sign")) {
    expected += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
  }
  CHECK(result.target == "/p?a=1&b=%20&sig=" + expected);
  CHECK(result.removed == std::vector<std::string>{"x-sign"});  // the placeholder goes nowhere
  CHECK(result.fields.empty());
}

TEST_CASE("a signature in a form replaces the client's; nothing but a form can take one") {
  const auto bindings = with("template: \"{body}\", into: form, name: sig");
  const auto result = Case({"POST", "/p", {kFormField}, "a=1&sig=x&b=2"}).sign(bindings, {"k"}, 0);
  const auto expected =
      Case({"POST", "/p", {}, "a=1&b=2"}).sign(with("template: \"{body}\""), {"k"}, 0);
  CHECK(result.body == "a=1&b=2&sig=" + expected.fields.at("x-sign"));
  CHECK(Case({"POST", "/p", {}, "a=1"}).is_malformed(bindings));
  CHECK(Case({"POST", "/p", {{"Content-Type", "application/json"}}, "{}"}).is_malformed(bindings));
}

TEST_CASE("F29: a signature's parameter or field that is there twice is refused") {
  const auto query = with("template: \"{query}\", into: query, name: sig");
  CHECK(Case({"GET", "/p?sig=1&s%69g=2", {}, ""}).is_malformed(query));
  CHECK(Case({"GET", "/p?SIG=1", {}, ""}).is_malformed(query));
  const auto form = with("template: \"{body}\", into: form, name: sig");
  CHECK(Case({"POST", "/p?sig=1", {kFormField}, "a=1"}).is_malformed(form));
  CHECK(Case({"POST", "/p", {kFormField}, "sig=1&sig=2"}).is_malformed(form));
  const auto header = with("template: \"{body}\", name: X-Mac, key_id: ID");
  CHECK(Case({"POST", "/p", {{"X-Mac", "1"}, {"x-mac", "2"}}, ""}).is_malformed(header));
}

TEST_CASE("a template's mistakes are errors at their place; braces can be written") {
  CHECK(error_of("template: \"{method}{nope}\"").find("4:62 `template` has a name in braces") == 0);
  CHECK(error_of("template: \"{method\"").find("`template` has a name") != std::string::npos);
  CHECK(error_of("template: \"\"").find("`template` is empty") != std::string::npos);
  CHECK(error_of("template: \"{key_id}\"").find("there is no `key_id`") != std::string::npos);
  const Case sample({"GET", "/", {}, "{a}"});
  CHECK(sample.sign(with("template: \"{{a}\""), {"k"}, 0).fields ==
        sample.sign(with("template: \"{body}\""), {"k"}, 0).fields);
}

TEST_CASE("keys of hmac that contradict each other are errors") {
  const std::string text = "template: \"{body}\", ";
  CHECK(error_of(text + "algorithm: md5").find("`algorithm` must be one of") != std::string::npos);
  CHECK(error_of(text + "into: query").find("`name` must say") != std::string::npos);
  CHECK(error_of(text + "into: query, name: \"a&b\"").find("`name` must say") != std::string::npos);
  CHECK(error_of(text + "into: form, name: s, format: \"{signature}\"").find("`format` is for") !=
        std::string::npos);
  CHECK(error_of(text + "format: x").find("must have {signature}") != std::string::npos);
  CHECK(error_of(text + "key_id: ID").find("same header") != std::string::npos);
  CHECK(error_of(text + "passphrase: P").find("belong together") != std::string::npos);
  CHECK(error_of(text + "timestamp_header: Host").find("cannot carry") != std::string::npos);
  CHECK(error_of(text + "key: \"no name\"").find("name of a vault entry") != std::string::npos);
  CHECK(error_of("signing_key: K").find("signing_key") != std::string::npos);
}

}  // namespace keyswap::bindings
