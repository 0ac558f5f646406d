// SPDX-License-Identifier: Apache-2.0
//
// The scheme `jwt` (bindings/schemes/jwt.cc).
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "bindings/placement.h"
#include "bindings/private_key.h"
#include "bindings/schemes/jwt_assertion.h"
#include "bindings/schemes/jwt_place.h"
#include "bindings/signatures/jwt.h"
#include "test/bindings/jwt_keys.h"
#include "test/bindings/sample_keys.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kNowUs = kNow * 1'000'000;
const std::string kField = "authorization";
const std::string kPlain =
    "{ type: jwt, algorithm: RS256, issuer: me, audience: you, key_id: key-1 }";

std::string der_of(std::string_view key_text) {
  REQUIRE(vault::lock_memory().has_value());
  const auto key = PrivateKey::from_text(key_text);
  REQUIRE(key.has_value());
  auto der = vault::LockedBuffer::of_capacity(8192);
  REQUIRE(der.has_value());
  REQUIRE(key->write_der(*der).has_value());
  return std::string(der->reveal());
}

std::string one_line(std::string_view pem) {
  std::string text;
  for (const char c : pem) {
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

// The client's throw-away key is RFC 7515's; ours is another.
std::string resigning(const std::string& more = "") {
  return "{ type: jwt, algorithm: RS256, key_id: real-key, client_key: '" +
         one_line(test::kJwtRsaPublic) + "'" + more + " }";
}

Case request_with(const std::string& authorization) {
  return Case({"GET", "/v1/things?page=2", {{"Authorization", authorization}}, ""});
}

Case placeholder_request() {
  return request_with("Bearer " + test::kPlaceholder);
}

// The token that it is sent with.
std::string token_for(const std::string& inject,
                      const Case& sent,
                      std::string_view key,
                      std::uint64_t nonce = 0) {
  const auto made = sent.sign(test::signing_with(inject), {der_of(key)}, kNowUs, nonce);
  REQUIRE(made.status);
  const auto& value = made.fields.at(kField);
  REQUIRE(value.starts_with("Bearer "));
  return value.substr(7);
}

struct Read {
  std::string header;
  std::string claims;
};

Read read_verified(const std::string& token, jwt::Algorithm algorithm, std::string_view key) {
  const auto parts = jwt::read(token);
  REQUIRE(parts.has_value());
  const auto public_key = PublicKey::from_text(key);
  REQUIRE(public_key.has_value());
  CHECK(jwt::is_signed_by(*parts, algorithm, *public_key));
  return {parts->header, parts->claims};
}

// What a client that signs itself sends.
std::string client_token(const std::string& claims,
                         const std::string& header = R"({"alg":"RS256","typ":"JWT","kid":")" +
                                                     test::kPlaceholder + R"("})",
                         std::string_view key = test::kJwtRsaKey) {
  REQUIRE(vault::lock_memory().has_value());
  const auto made = PrivateKey::from_text(key);
  REQUIRE(made.has_value());
  const auto token = jwt::sign(jwt::Algorithm::rs256, header, claims, *made);
  REQUIRE(token.has_value());
  return std::string(token->reveal());
}

std::string claims_until(std::int64_t end, const std::string& more = "") {
  return R"({"iss":"fake@example.com","sub":"fake@example.com","aud":"https://api.example.com/",)" +
         more + "\"exp\":" + std::to_string(end) + "}";
}

const std::string kGrant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

std::string asserting(const std::string& more = "") {
  return resigning(", client_token: assertion" + more);
}

Case form_with(const std::string& body) {
  return Case({"POST", "/token", {test::kFormField}, body});
}

std::vector<Spot> spots_in(const std::string& name, const std::string& value) {
  http::HeaderList fields;
  fields.add(name, value);
  std::vector<Spot> spots;
  make_bearer_place()->find({fields, "/"}, 0, test::kPlaceholder, spots);
  return spots;
}

bool is_refused(const std::string& inject, const std::string& authorization) {
  const auto judged = request_with(authorization).judge(test::signing_with(inject), kNowUs);
  return judged.refusal == SignerRefusal::malformed_request;
}

}  // namespace

TEST_CASE("A token says what the rule says, is signed by the real key, and lives two minutes") {
  const auto read = read_verified(token_for(kPlain, placeholder_request(), test::kJwtRsaKey),
                                  jwt::Algorithm::rs256,
                                  test::kJwtRsaPublic);
  CHECK(read.header == R"({"alg":"RS256","typ":"JWT","kid":"key-1"})");
  CHECK(read.claims == R"({"iss":"me","aud":"you","iat":1700000000,"exp":1700000120})");
}

TEST_CASE("L37 the token of ES256 verifies with the public key; App Store Connect's claims") {
  const std::string inject =
      "{ type: jwt, algorithm: ES256, key_id: 2X9R4HXF34, issuer: 57246542, "
      "audience: appstoreconnect-v1, lifetime_seconds: \"1200\" }";
  const auto read = read_verified(token_for(inject, placeholder_request(), test::kJwtEcKey),
                                  jwt::Algorithm::es256,
                                  test::kJwtEcPublic);
  CHECK(read.header == R"({"alg":"ES256","typ":"JWT","kid":"2X9R4HXF34"})");
  CHECK(read.claims ==
        R"({"iss":"57246542","aud":"appstoreconnect-v1","iat":1700000000,"exp":1700001200})");
}

// Computed in Python, with pyca/cryptography; the key and the names are those of Coinbase's SDK.
TEST_CASE("Coinbase: a token for each request, over its method, host and path") {
  const std::string inject =
      "{ type: jwt, use: coinbase, algorithm: EdDSA, "
      "key_id: organizations/test-organization/apiKeys/test-api-key }";
  const Case sent({"GET",
                   "/api/v3/brokerage/accounts?limit=5",
                   {{"Authorization", "Bearer " + test::kPlaceholder}},
                   "",
                   "api.coinbase.com"});
  CHECK(sent.judge(test::signing_with(inject), kNowUs).wants_nonce);
  CHECK(sha256_hex(token_for(inject, sent, test::kCoinbaseKey, 0x0123456789abcdefULL)) ==
        "336d9459dbd749b3826535d17c91786d0012e26405126066a2fe4ab0a806792f");
}

TEST_CASE("Coinbase: where a product reads a list, the one request stands in it, and no `uri`") {
  const std::string inject =
      "{ type: jwt, use: coinbase, uri_claim: uris, algorithm: EdDSA, key_id: organizations/a }";
  const Case sent({"POST",
                   "/platform/v2/evm/accounts?x=1",
                   {{"Authorization", "Bearer " + test::kPlaceholder}},
                   "",
                   "api.cdp.coinbase.com"});
  const auto token = jwt::read(token_for(inject, sent, test::kCoinbaseKey));
  REQUIRE(token.has_value());
  CHECK(token->claims ==
        R"({"sub":"organizations/a","iss":"cdp","nbf":1700000000,"exp":1700000120,)"
        R"("uris":["POST api.cdp.coinbase.com/platform/v2/evm/accounts"]})");
}

// Computed in Python, with pyca/cryptography.
TEST_CASE("Snowflake: the issuer has the fingerprint of the key, and a field says what it is") {
  const std::string inject =
      "{ type: jwt, use: snowflake, algorithm: RS256, account: MyAccount, user: myuser, "
      "lifetime_seconds: \"3540\" }";
  const auto made =
      placeholder_request().sign(test::signing_with(inject), {der_of(test::kJwtRsaKey)}, kNowUs);
  REQUIRE(made.status);
  CHECK(sha256_hex(made.fields.at(kField).substr(7)) ==
        "d9928acd4ab181429cba7487f206bdab87e0fe8d6b0fa92f11eb7573018f1cbc");
  CHECK(made.fields.at("x-snowflake-authorization-token-type") == "KEYPAIR_JWT");
}

TEST_CASE("Google's own tokens: a client that signs with a throw-away key is signed for anew") {
  const auto theirs = client_token(claims_until(kNow + 3600, R"("iat":1700000000,)"));
  const auto inject = resigning(", issuer: real@example.com, subject: real@example.com");
  const auto read = token_for(inject, request_with("Bearer " + theirs), test::kRsaKey);
  const auto key = PrivateKey::from_text(test::kRsaKey);
  const auto parts = jwt::read(read);
  REQUIRE(parts.has_value());
  const auto real = PublicKey::from_der(key->public_der().value());
  CHECK(jwt::is_signed_by(*parts, jwt::Algorithm::rs256, *real));
  CHECK(parts->header == R"({"alg":"RS256","typ":"JWT","kid":"real-key"})");
  CHECK(parts->claims ==
        R"({"iss":"real@example.com","sub":"real@example.com","aud":"https://api.example.com/",)"
        R"("iat":1700000000,"exp":1700003600})");
}

TEST_CASE("Claims that the rule does not name stay the client's") {
  const auto theirs = client_token(claims_until(kNow + 60));
  const auto sent = token_for(resigning(), request_with("bearer " + theirs), test::kRsaKey);
  CHECK(jwt::read(sent)->claims == claims_until(kNow + 60));
  const auto bare = client_token("{\"exp\":1700000060}");
  const auto added =
      token_for(resigning(", issuer: i"), request_with("Bearer " + bare), test::kRsaKey);
  CHECK(jwt::read(added)->claims == R"({"exp":1700000060,"iss":"i"})");
}

TEST_CASE("A client's token that another key signed, that says more, or does not end, is refused") {
  const auto good = claims_until(kNow + 60);
  const auto kid = R"("kid":")" + test::kPlaceholder + "\"";
  REQUIRE_FALSE(is_refused(resigning(), "Bearer " + client_token(good)));
  CHECK(is_refused(resigning(), "Bearer " + test::kPlaceholder));
  CHECK(
      is_refused(resigning(),
                 "Bearer " + client_token(good, "{\"alg\":\"RS256\"," + kid + "}", test::kRsaKey)));
  for (const auto& header : {"{\"alg\":\"none\"," + kid + "}",
                             "{\"alg\":\"HS256\"," + kid + "}",
                             "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"," + kid + "}",
                             "{\"alg\":\"RS256\",\"crit\":[\"exp\"]," + kid + "}",
                             "{\"alg\":\"RS256\",\"jku\":\"https://x\"," + kid + "}",
                             "{\"alg\":\"RS256\",\"ALG\":\"none\"," + kid + "}",
                             "{" + kid + "}"}) {
    INFO(header);
    CHECK(is_refused(resigning(), "Bearer " + client_token(good, header)));
  }
  for (const auto& claims : {std::string("{}"),
                             std::string("[]"),
                             std::string("no JSON"),
                             std::string("{\"exp\":\"1700000060\"}"),
                             std::string("{\"exp\":1700000060.5}"),
                             std::string("{\"exp\":1700000060,\"exp\":1700000061}"),
                             claims_until(kNow),
                             claims_until(kNow + 3601)}) {
    INFO(claims);
    CHECK(is_refused(resigning(), "Bearer " + client_token(claims)));
  }
}

TEST_CASE("A client's token says nothing that a reader could take for what the rule says") {
  const auto with = [](const std::string& member) {
    return "Bearer " + client_token("{\"exp\":1700000060," + member + "}");
  };
  const auto inject = resigning(", subject: real");
  CHECK_FALSE(is_refused(inject, with(R"("sub":"theirs","Scope":"s")")));
  for (const auto* const member : {R"("SUB":"other")",
                                   R"("Sub":"other")",
                                   R"("\u017fub":"other")",
                                   "\"\xc5\xbfub\":\"other\"",
                                   R"("i\u017f\u017f":"other")",
                                   R"("Iss":"other")",
                                   R"("\u212aind":"other")"}) {
    INFO(member);
    CHECK(is_refused(inject, with(member)));
  }
}

TEST_CASE("Every changed character of a client's token refuses it") {
  const auto token = client_token(claims_until(kNow + 60));
  const auto bindings = test::signing_with(resigning());
  for (std::size_t i = 0; i < token.size(); i += 7) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed != token) {
      INFO(i);
      CHECK(request_with("Bearer " + changed).is_malformed(bindings));
    }
  }
}

TEST_CASE("A token that ended between judgement and signature is not signed anew") {
  const auto bindings = test::signing_with(resigning());
  const auto sent = request_with("Bearer " + client_token(claims_until(kNow + 60)));
  REQUIRE_FALSE(sent.judge(bindings, kNowUs).refusal.has_value());
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of(der_of(test::kRsaKey)));
  Edits edits;
  const auto status = bindings.rules[0].signer()->sign(
      sent.request(kNowUs), {secrets, kNowUs + 61'000'000, 0}, edits);
  CHECK(status.error().code == base::Errc::invalid_input);
}

TEST_CASE("Without `client_key` a client's own token is refused: nobody looks at who signed it") {
  CHECK(is_refused(kPlain, "Bearer " + client_token(claims_until(kNow + 60))));
}

TEST_CASE("Two lines of Authorization are refused") {
  const Case twice({"GET",
                    "/",
                    {{"Authorization", "Bearer " + test::kPlaceholder},
                     {"authorization", "Bearer " + test::kPlaceholder}},
                    ""});
  CHECK(twice.is_malformed(test::signing_with(kPlain)));
}

TEST_CASE("L39 a key of another kind than the algorithm's, or what is none, signs nothing") {
  const auto bindings = test::signing_with(kPlain);
  CHECK(
      placeholder_request().sign(bindings, {der_of(test::kJwtEcKey)}, kNowUs).status.error().code ==
      base::Errc::unsupported);
  CHECK_FALSE(placeholder_request().sign(bindings, {"no key"}, kNowUs).status);
  CHECK(bindings.rules[0].places[0].injection->needs_private_key(0));
}

TEST_CASE("The placeholder stands as the token, or as the key id of one, or as its issuer") {
  const auto bare = spots_in("Authorization", "Bearer " + test::kPlaceholder);
  REQUIRE(bare.size() == 1);
  CHECK(bare[0].begin == 7);
  CHECK(bare[0].end == 7 + test::kPlaceholder.size());
  const auto token = client_token(claims_until(kNow));
  const auto named = spots_in("authorization", "bearer " + token);
  REQUIRE(named.size() == 1);
  CHECK(named[0].end - named[0].begin == token.size());
  CHECK(spots_in("X-Other", "Bearer " + test::kPlaceholder).empty());
  CHECK(spots_in("Authorization", test::kPlaceholder).empty());
  CHECK(spots_in("Authorization", "Basic " + test::kPlaceholder).empty());
  CHECK(spots_in("Authorization", "Bearer x" + test::kPlaceholder).empty());
  CHECK(spots_in("Authorization", "Bearer ").empty());
  // In a claim it is not what is signed with.
  const auto claim = client_token(R"({"sub":")" + test::kPlaceholder + R"("})", R"({"kid":"x"})");
  CHECK(spots_in("Authorization", "Bearer " + claim).empty());
  // The issuer is asked where no key is named.
  const auto issued = R"({"iss":")" + test::kPlaceholder + R"("})";
  CHECK(spots_in("Authorization", "bearer " + client_token(issued, R"({"alg":"RS256"})")).size() ==
        1);
  CHECK(spots_in("Authorization", "Bearer " + client_token(issued, R"({"kid":"x"})")).empty());
  CHECK(spots_in("Authorization", "Bearer " + client_token("[]", R"({"alg":"RS256"})")).empty());
}

TEST_CASE("A GitHub App's token names no key: its issuer is the placeholder, and the app's again") {
  const auto inject = "{ type: jwt, algorithm: RS256, issuer: Iv23li0123456789abcd, client_key: '" +
                      one_line(test::kJwtRsaPublic) + "' }";
  const auto theirs =
      R"({"iat":1699999970,"exp":1700000570,"iss":")" + test::kPlaceholder + R"("})";
  const auto sent =
      request_with("bearer " + client_token(theirs, R"({"alg":"RS256","typ":"JWT"})"));
  const auto token = token_for(inject, sent, test::kRsaKey);
  const auto parts = jwt::read(token);
  REQUIRE(parts.has_value());
  const auto key = PrivateKey::from_text(test::kRsaKey);
  const auto real = PublicKey::from_der(key->public_der().value());
  CHECK(jwt::is_signed_by(*parts, jwt::Algorithm::rs256, *real));
  CHECK(parts->header == R"({"alg":"RS256","typ":"JWT"})");
  CHECK(parts->claims == R"({"iat":1699999970,"exp":1700000570,"iss":"Iv23li0123456789abcd"})");
}

TEST_CASE("An assertion that the client signed is signed anew in its form, which stays else") {
  // As google-auth-library writes it: no key is named.
  const auto theirs = client_token(claims_until(kNow + 3600), R"({"alg":"RS256"})");
  const auto sent = form_with(kGrant + "&assertion=" + theirs + "&x=a%20b");
  const auto bindings = test::signing_with(asserting(", issuer: real@example.com"));
  CHECK(bindings.rules[0].signer()->knows_its_clients());
  const auto made = sent.sign(bindings, {der_of(test::kRsaKey)}, kNowUs);
  REQUIRE(made.status);
  const auto begin = kGrant + "&assertion=";
  REQUIRE(made.body.starts_with(begin));
  REQUIRE(made.body.ends_with("&x=a%20b"));
  const auto token = made.body.substr(begin.size(), made.body.size() - begin.size() - 8);
  const auto parts = jwt::read(token);
  REQUIRE(parts.has_value());
  const auto key = PrivateKey::from_text(test::kRsaKey);
  const auto real = PublicKey::from_der(key->public_der().value());
  CHECK(jwt::is_signed_by(*parts, jwt::Algorithm::rs256, *real));
  CHECK(parts->header == R"({"alg":"RS256","typ":"JWT","kid":"real-key"})");
  CHECK(parts->claims.starts_with(R"({"iss":"real@example.com","sub":"fake@example.com")"));
}

TEST_CASE("What is no form with the client's assertion, once, is refused") {
  const auto bindings = test::signing_with(asserting());
  const auto theirs = client_token(claims_until(kNow + 60));
  const auto is_taken = [&](const Case& sent) {
    return !sent.judge(bindings, kNowUs).refusal.has_value();
  };
  const auto good = kGrant + "&assertion=" + theirs;
  CHECK(is_taken(form_with(good)));
  CHECK_FALSE(is_taken(form_with("")));
  CHECK_FALSE(is_taken(form_with("assertion=" + theirs)));
  CHECK_FALSE(is_taken(form_with("grant_type=refresh_token&assertion=" + theirs)));
  CHECK_FALSE(is_taken(form_with(kGrant)));
  CHECK_FALSE(is_taken(form_with(good + "&assertion=" + theirs)));
  CHECK_FALSE(is_taken(form_with(good + "&Assertion=x")));
  CHECK_FALSE(is_taken(form_with(good + "&grant_type=x")));
  CHECK_FALSE(is_taken(form_with(good + "x")));
  CHECK_FALSE(is_taken(form_with(kGrant + "&assertion=" + test::kPlaceholder)));
  CHECK_FALSE(is_taken(Case({"POST", "/token", {}, good})));
  CHECK_FALSE(is_taken(request_with("Bearer " + theirs)));
  const auto ended = client_token(claims_until(kNow));
  CHECK_FALSE(is_taken(form_with(kGrant + "&assertion=" + ended)));
  const auto begins = [&](const std::string& more) {
    return is_taken(
        form_with(kGrant + "&assertion=" + client_token(claims_until(kNow + 60, more))));
  };
  CHECK(begins("\"iat\":" + std::to_string(kNow + 60) + ","));
  // It was signed to be sent later, perhaps by somebody else.
  CHECK_FALSE(begins("\"iat\":" + std::to_string(kNow + 61) + ","));
  CHECK_FALSE(begins("\"nbf\":" + std::to_string(kNow + 61) + ","));
  CHECK_FALSE(begins("\"iat\":\"now\","));
  const auto late = client_token(claims_until(kNow + 3601));
  CHECK_FALSE(is_taken(form_with(kGrant + "&assertion=" + late)));
  const auto strangers =
      client_token(claims_until(kNow + 60), R"({"alg":"RS256"})", std::string_view(test::kRsaKey));
  CHECK_FALSE(is_taken(form_with(kGrant + "&assertion=" + strangers)));
}

TEST_CASE("L38 an algorithm that proves nothing is refused when the file is read") {
  for (const auto* const name : {"none", "HS256", "rs256", "PS256"}) {
    INFO(name);
    const auto errors = test::errors_of(
        test::with_inject("{ type: jwt, algorithm: " + std::string(name) + ", issuer: me }"));
    CHECK(errors.find("`algorithm` must be RS256, ES256 or EdDSA") != std::string::npos);
  }
}

TEST_CASE("L41 claims that keyswap writes are not among the extra ones") {
  const auto with_extra = [](const std::string& json) {
    return test::with_inject("{ type: jwt, algorithm: RS256, extra_claims: '" + json + "' }");
  };
  for (const auto* const json : {R"({"exp":1})",
                                 R"({"EXP":1})",
                                 R"({"a":1,"iat":2})",
                                 R"({"uri":"x"})",
                                 R"({"uris":[]})",
                                 R"({"\u017fub":"x"})",
                                 R"({"a":1,"a":2})",
                                 "[]",
                                 "1"}) {
    INFO(json);
    CHECK(test::errors_of(with_extra(json)).find("`extra_claims` must be") != std::string::npos);
  }
  CHECK_FALSE(test::errors_of(with_extra("")).empty());
  CHECK(test::errors_of(with_extra(R"({"scope":"a b","n":[1,{"x":null}]})")).empty());
  const auto token =
      token_for(R"({ type: jwt, algorithm: RS256, extra_claims: '{"scope": "a b", "n": [1]}' })",
                placeholder_request(),
                test::kJwtRsaKey);
  CHECK(jwt::read(token)->claims == R"({"iat":1700000000,"exp":1700000120,"scope":"a b","n":[1]})");
}

TEST_CASE("What does not belong together is refused when the file is read") {
  const auto refused = [](const std::string& more) {
    return !test::errors_of(test::with_inject("{ type: jwt, algorithm: RS256, " + more + " }"))
                .empty();
  };
  CHECK(refused("use: snowflake, account: A"));
  CHECK(refused("use: snowflake, account: A.B, user: u"));
  CHECK(refused("use: snowflake, account: A, user: u, issuer: i"));
  CHECK(refused("use: coinbase"));
  CHECK(refused("use: coinbase, key_id: k, audience: a"));
  CHECK(refused("use: coinbase, key_id: k, uri_claim: url"));
  CHECK(refused("uri_claim: uris"));
  CHECK(refused("use: snowflake, account: A, user: u, uri_claim: uris"));
  CHECK(refused("use: other"));
  CHECK(refused("account: A"));
  CHECK(refused("lifetime_seconds: \"3601\""));
  CHECK(refused("client_key: nonsense, key_id: k"));
  CHECK(refused("client_key: '" + one_line(test::kJwtEcPublic) + "', key_id: k"));
  CHECK(refused("key: \"no name\""));
  const std::string key = "client_key: '" + one_line(test::kJwtRsaPublic) + "'";
  CHECK(refused(key));
  CHECK(refused(key + ", key_id: k, lifetime_seconds: \"60\""));
  CHECK(refused(key + ", key_id: k, use: coinbase"));
  CHECK_FALSE(refused(key + ", key_id: k"));
  CHECK_FALSE(refused(key + ", issuer: i"));
  CHECK_FALSE(refused(key + ", issuer: i, client_token: assertion"));
  CHECK(refused(key + ", issuer: i, client_token: other"));
  CHECK(refused("client_token: assertion"));
}

}  // namespace keyswap::bindings
