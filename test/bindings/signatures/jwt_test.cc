// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/jwt.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"
#include "test/bindings/jwt_keys.h"

namespace keyswap::bindings {

namespace {

using jwt::Algorithm;
using jwt::Members;

PrivateKey key_of(std::string_view text) {
  REQUIRE(vault::lock_memory().has_value());
  auto key = PrivateKey::from_text(text);
  REQUIRE(key.has_value());
  return std::move(key).value();
}

PublicKey public_of(std::string_view text) {
  auto key = PublicKey::from_text(text);
  REQUIRE(key.has_value());
  return std::move(key).value();
}

std::string signed_by(std::string_view key,
                      Algorithm algorithm,
                      const std::string& header,
                      const std::string& claims) {
  const auto token = jwt::sign(algorithm, header, claims, key_of(key));
  REQUIRE(token.has_value());
  return std::string(token->reveal());
}

// RFC 7515 appendix A.2.1.
const std::string kClaims =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const std::string kClaimsPart =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";

}  // namespace

TEST_CASE("L37 RS256: the example of RFC 7515 appendix A.2") {
  CHECK(
      signed_by(test::kJwtRsaKey, Algorithm::rs256, "{\"alg\":\"RS256\"}", kClaims) ==
      "eyJhbGciOiJSUzI1NiJ9." + kClaimsPart +
          ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8"
          "W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvk"
          "SjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCn"
          "vWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

TEST_CASE("L37 ES256: the example of RFC 7515 appendix A.3 verifies, and 64 raw bytes are signed") {
  const auto key = public_of(test::kJwtEcPublic);
  const auto theirs =
      "eyJhbGciOiJFUzI1NiJ9." + kClaimsPart +
      ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP"
      "3-Kg6NU1Q";
  const auto parts = jwt::read(theirs);
  REQUIRE(parts.has_value());
  CHECK(jwt::is_signed_by(*parts, Algorithm::es256, key));
  const auto ours = signed_by(test::kJwtEcKey, Algorithm::es256, "{\"alg\":\"ES256\"}", kClaims);
  const auto read = jwt::read(ours);
  REQUIRE(read.has_value());
  CHECK(read->signature.size() == 64);
  CHECK(read->claims == kClaims);
  CHECK(read->signed_text == parts->signed_text);
  CHECK(jwt::is_signed_by(*read, Algorithm::es256, key));
}

TEST_CASE("EdDSA: the example of RFC 8037 appendix A.4") {
  CHECK(signed_by(test::kJwtEd25519Key,
                  Algorithm::eddsa,
                  "{\"alg\":\"EdDSA\"}",
                  "Example of Ed25519 signing") ==
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
        "09PGcvMg"
        "3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

// Computed in Python, with pyca/cryptography; the order of the members is GitHub's.
TEST_CASE("L25 the token of a GitHub App") {
  const auto token = signed_by(test::kJwtRsaKey,
                               Algorithm::rs256,
                               Members().add("alg", "RS256").add("typ", "JWT").text(),
                               Members()
                                   .add("iat", 1699999940)
                                   .add("exp", 1700000540)
                                   .add("iss", "Iv23li0123456789abcd")
                                   .text());
  CHECK(sha256_hex(token) == "600a2ab5af6559cc380e4ef84d271d25f539527186d856815a2d57ab064db14a");
}

TEST_CASE("L38 neither `none` nor an HMAC is an algorithm, in whatever case") {
  CHECK(jwt::find_algorithm("RS256") == Algorithm::rs256);
  CHECK(jwt::find_algorithm("ES256") == Algorithm::es256);
  CHECK(jwt::find_algorithm("EdDSA") == Algorithm::eddsa);
  for (const auto* const name : {"none", "None", "HS256", "HS512", "rs256", "", "RS384"}) {
    INFO(name);
    CHECK_FALSE(jwt::find_algorithm(name).has_value());
  }
  for (const auto* const name : {"RS256", "ES256", "EdDSA"}) {
    CHECK(jwt::name_of(*jwt::find_algorithm(name)) == name);
  }
}

TEST_CASE("A key signs and verifies only with its own algorithm") {
  CHECK(jwt::sign(Algorithm::es256, "{}", "{}", key_of(test::kJwtRsaKey)).error().code ==
        base::Errc::unsupported);
  CHECK(jwt::sign(Algorithm::rs256, "{}", "{}", key_of(test::kJwtEd25519Key)).error().code ==
        base::Errc::unsupported);
  const auto parts =
      jwt::read(signed_by(test::kJwtEcKey, Algorithm::es256, "{\"alg\":\"ES256\"}", "{}"));
  REQUIRE(parts.has_value());
  CHECK_FALSE(jwt::is_signed_by(*parts, Algorithm::rs256, public_of(test::kJwtEcPublic)));
  CHECK_FALSE(jwt::is_signed_by(*parts, Algorithm::es256, public_of(test::kJwtRsaPublic)));
}

TEST_CASE("What is no token in three parts is not read") {
  const auto token = signed_by(test::kJwtEd25519Key, Algorithm::eddsa, "{}", "{}");
  REQUIRE(jwt::read(token).has_value());
  for (const auto& text : {std::string(),
                           std::string("."),
                           std::string(".."),
                           std::string("e30.e30."),
                           std::string(".e30.AAAA"),
                           std::string("e30=.e30.AAAA"),
                           std::string("e31.e30.AAAA"),
                           token + ".",
                           token + "=",
                           token + ".AAAA",
                           " " + token,
                           token.substr(0, token.rfind('.'))}) {
    INFO(text);
    CHECK_FALSE(jwt::read(text).has_value());
  }
}

TEST_CASE("Members stand in the order that they were added, and are escaped") {
  CHECK(Members().text() == "{}");
  CHECK(Members().add("b", "x\"\\").add("a\"", std::int64_t{-1}).add_json("list", "[1,2]").text() ==
        R"({"b":"x\"\\","a\"":-1,"list":[1,2]})");
}

}  // namespace keyswap::bindings
