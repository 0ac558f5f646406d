// SPDX-License-Identifier: Apache-2.0
//
// The scheme `oauth1` (bindings/schemes/oauth1.cc).
#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kPair = "type: oauth1, consumer_key: KEY, consumer_secret: SECRET";
const std::string kTokenPair = kPair + ", token: TOKEN, token_secret: TOKEN_SECRET";

Bindings with(const std::string& inject) {
  REQUIRE(vault::lock_memory().has_value());  // which also a look at a signature needs
  return test::signing_with("{ " + inject + " }");
}

std::string error_of(const std::string& inject) {
  return test::errors_of(test::with_inject("{ " + inject + " }"));
}

// X's "Creating a signature" (developer.x.com, OAuth 1.0a).
const std::vector<std::string> kValues = {"xvz1evFS4wEEPTGEFPHBog",
                                          "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                                          "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
                                          "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"};
const std::string kNonceAndTime =
    "oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", "
    "oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1318622958\", ";
const std::string kBody =
    "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";

struct Asked {
  std::string method;
  std::string target;
  std::string host;
  std::uint16_t port;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

// The Authorization field that is sent.
std::string signed_field(const Asked& asked,
                         const Bindings& bindings,
                         const std::vector<std::string>& values,
                         std::int64_t now_us = 0,
                         std::uint64_t nonce = 0) {
  http::HeaderList fields;
  for (const auto& [name, value] : asked.fields) {
    fields.add(name, value);
  }
  WholeRequest request{asked.method, asked.target, asked.host, fields, asked.body};
  request.port = asked.port;
  const auto& rule = bindings.rules[0];
  REQUIRE_FALSE(rule.signer()->judge(request, rule.scopes[0]).refusal.has_value());
  std::vector<vault::Secret> secrets;
  for (const auto& value : values) {
    secrets.push_back(test::secret_of(value));
  }
  Edits edits;
  REQUIRE(rule.signer()->sign(request, {secrets, now_us, nonce}, edits));
  CHECK(edits.find<TargetEdit>() == nullptr);
  CHECK(edits.find<BodyEdit>() == nullptr);
  const auto* const set = edits.find<FieldEdit>();
  REQUIRE(set != nullptr);
  CHECK(set->name == "authorization");
  return test::text_of(set->value);
}

std::string signed_field(const std::string& field,
                         const Bindings& bindings,
                         const std::vector<std::string>& values,
                         std::uint16_t port = 443) {
  return signed_field(
      {"GET", "/a", "api.example.com", port, {{"Authorization", field}}, ""}, bindings, values);
}

Case with_field(const std::string& field, const std::string& target = "/a") {
  return Case({"GET", target, {{"Authorization", field}}, ""});
}

}  // namespace

TEST_CASE("X's published vector of OAuth 1.0a: query, form, key and token") {
  const auto field = signed_field(
      {"POST",
       "/1.1/statuses/update.json?include_entities=true",
       "api.twitter.com",
       443,
       {test::kFormField,
        {"Authorization",
         "OAuth realm=\"X\", oauth_consumer_key=\"p\", " + kNonceAndTime +
             "oauth_token=\"theirs\", oauth_version=\"1.0\", oauth_signature=\"theirs%3D\""}},
       kBody},
      with(kTokenPair),
      kValues);
  CHECK(field == "OAuth realm=\"X\", oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", " +
                     kNonceAndTime +
                     "oauth_token=\"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb\", "
                     "oauth_version=\"1.0\", "
                     "oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\"");
}

TEST_CASE("what a client of OAuth 1.0a leaves out is added: all but the key, or even that") {
  // The formula over these bytes, computed with Python's hmac.
  const std::string expected =
      "OAuth oauth_consumer_key=\"the%2Fkey\", oauth_token=\"the%20token\", "
      "oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1700000000\", "
      "oauth_nonce=\"42\", oauth_signature=\"ea66ENLoSVb%2FRKcaVW14eXiYrCM%3D\"";
  const std::vector<std::string> values = {"the/key", "s1", "the token", "s2"};
  const auto bindings = with(kTokenPair);
  Asked asked{"GET", "/a?x=1", "api.example.com", 443, {}, ""};
  CHECK(signed_field(asked, bindings, values, 1'700'000'000'999'999, 42) == expected);
  asked.fields = {{"Authorization", "oauth oauth_consumer_key=p"}};
  CHECK(signed_field(asked, bindings, values, 1'700'000'000'999'999, 42) == expected);
  CHECK(with_field("OAuth oauth_consumer_key=p").judge(bindings).wants_nonce);
  CHECK_FALSE(with_field("OAuth oauth_consumer_key=p, oauth_nonce=n").judge(bindings).wants_nonce);
}

TEST_CASE("OAuth 1.0a with HMAC-SHA256, without a token, and at a port of its own") {
  // As above.
  const std::string field =
      "OAuth oauth_consumer_key=\"p\", oauth_signature_method=\"HMAC-SHA256\", "
      "oauth_timestamp=\"1\", oauth_nonce=\"n\", oauth_callback=\"http%3A%2F%2Fa.test%2F\"";
  const std::vector<std::string> values = {"the-key", "s1"};
  const auto bindings = with(kPair);
  CHECK(
      signed_field(field, bindings, values)
          .ends_with("oauth_signature=\"3y%2BhRjh%2FSWZOhFMoxpA2hatNgir%2Fe5%2FWomdcAt5ihw4%3D\""));
  CHECK(signed_field(field, bindings, values, 8443)
            .ends_with("oauth_signature=\"LodM4t311nqgBJtyB1m7DXO1xA5gIoCTdwfOY8kY8ig%3D\""));
}

TEST_CASE("the client's own signature is looked at where proof is asked for") {
  const std::string rest =
      ", placeholder_secret: fake-secret, placeholder_token_secret: fake-token-secret";
  const auto field = [](const std::string& signature) {
    return "OAuth oauth_consumer_key=\"p\", oauth_token=\"t\", "
           "oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1\", oauth_nonce=\"n\", "
           "oauth_signature=\"" +
           signature + "\"";
  };
  const auto proven = with_field(field("rNtaQ2eh7g7DR7vTmDAgds%2F%2BXLA%3D"), "/a?b=c%20d");
  const auto unproven = with_field(field("rNtaQ2eh7g7DR7vTmDAgds%2F%2BXLA%3D"), "/a?b=c%20e");
  const auto required = with(kTokenPair + ", proof: require" + rest);
  CHECK_FALSE(proven.is_malformed(required));
  CHECK_FALSE(proven.judge(required).is_unproven);
  CHECK(unproven.is_malformed(required));
  CHECK(with_field(field("")).is_malformed(required));
  CHECK(with_field("OAuth oauth_consumer_key=\"p\"").is_malformed(required));
  const auto warned = with(kTokenPair + ", proof: warn" + rest);
  CHECK_FALSE(proven.judge(warned).is_unproven);
  CHECK_FALSE(unproven.is_malformed(warned));
  CHECK(unproven.judge(warned).is_unproven);
  CHECK_FALSE(unproven.judge(with(kTokenPair)).is_unproven);
}

TEST_CASE("OAuth 1.0a's PLAINTEXT would send the secret itself, and is refused; so are others",
          "[I5]") {
  const auto* const method = GENERATE("PLAINTEXT", "RSA-SHA1", "plaintext", "HMAC-SHA512", "");
  CHECK(with_field("OAuth oauth_consumer_key=p, oauth_signature_method=\"" + std::string(method) +
                   "\"")
            .is_malformed(with(kPair)));
}

TEST_CASE("F29: what servers of OAuth 1.0a could read in two ways is refused") {
  const auto bindings = with(kPair);
  const std::string key = "OAuth oauth_consumer_key=\"p\"";
  CHECK_FALSE(with_field(key).is_malformed(bindings));
  for (const auto& field : {key + ", oauth_nonce=1, oauth_nonce=2",
                            key + ", oauth_nonce=1, OAUTH_NONCE=2",
                            key + ", oauth%5Fnonce=1",
                            key + ", oauth_nonce=\"%zz\"",
                            key + ", oauth_nonce=\"1%2\"",
                            key + ", oauth_version=\"2.0\"",
                            key + ", oauth_timestamp=\"soon\"",
                            key + ", oauth_token=\"theirs\"",
                            key + " oauth_nonce=1",
                            std::string("Bearer p")}) {
    INFO(field);
    CHECK(with_field(field).is_malformed(bindings));
  }
  for (const std::string query :
       {"oauth_token=t", "OAUTH_TOKEN=t", "oauth%5Ftoken=t", "a=b&oauth_signature=", "a=%zz"}) {
    INFO(query);
    CHECK(with_field(key, "/a?" + query).is_malformed(bindings));
    CHECK(Case({"POST", "/a", {{"Authorization", key}, test::kFormField}, query})
              .is_malformed(bindings));
    // No parameters of a request: a text that says so.
    CHECK_FALSE(
        Case({"POST", "/a", {{"Authorization", key}, {"Content-Type", "text/plain"}}, query})
            .is_malformed(bindings));
  }
  CHECK(Case({"GET", "/a", {{"Authorization", key}, {"authorization", key}}, ""})
            .is_malformed(bindings));
}

TEST_CASE("more parameters than are sorted for OAuth 1.0a are refused", "[I10]") {
  std::string body = "a=1";
  for (std::size_t i = 1; i < bounds::kOAuthParametersMax; ++i) {
    body += "&a=1";
  }
  const auto bindings = with(kPair);
  const auto posted = [&](const std::string& text) {
    return Case({"POST",
                 "/a",
                 {{"Authorization", "OAuth oauth_consumer_key=p"}, test::kFormField},
                 text})
        .is_malformed(bindings);
  };
  CHECK_FALSE(posted(body));
  CHECK(posted(body + "&a=1"));
}

TEST_CASE("an empty entry refuses a request of OAuth 1.0a; what could end the line is encoded",
          "[I9]") {
  const auto sample = with_field("OAuth oauth_consumer_key=p, oauth_nonce=1");
  const auto bindings = with(kTokenPair);
  for (std::size_t i = 0; i < kValues.size(); ++i) {
    auto values = kValues;
    values[i].clear();
    CHECK(sample.sign(bindings, values, 0).status.error().code == base::Errc::invalid_input);
  }
  auto values = kValues;
  values[0] = "key\r\nX: \"y\"";
  CHECK(
      sample.sign(bindings, values, 0).fields.at("authorization").find("key%0D%0AX%3A%20%22y%22") !=
      std::string::npos);
}

TEST_CASE("what is wrong with the keys of OAuth 1.0a is told at its place") {
  CHECK(error_of(kPair + ", token: T").find("`token` and `token_secret` belong together") !=
        std::string::npos);
  CHECK(error_of(kPair + ", token_secret: T").find("`token` and `token_secret` belong together") !=
        std::string::npos);
  CHECK(error_of(kPair + ", proof: warn").find("`proof` needs `placeholder_secret`") !=
        std::string::npos);
  CHECK(error_of(kTokenPair + ", proof: require, placeholder_secret: x")
            .find("`proof` with a `token` needs `placeholder_token_secret`") != std::string::npos);
  CHECK(error_of(kPair + ", proof: maybe").find("`proof` must be one of: off, warn, require") !=
        std::string::npos);
  CHECK(error_of("type: oauth1, consumer_key: \"a b\", consumer_secret: S")
            .find("`consumer_key` must be the name of a vault entry") != std::string::npos);
}

}  // namespace keyswap::bindings
