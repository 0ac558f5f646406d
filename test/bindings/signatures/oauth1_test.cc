// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/oauth1.h"

#include <vector>

#include <catch2/catch.hpp>

#include "vault/secret.h"

namespace keyswap::bindings {

namespace {

using oauth1::Parameter;

std::string signature_of(const std::string& method,
                         const std::string& uri,
                         const std::vector<Parameter>& parameters,
                         const oauth1::Secrets& secrets,
                         HashKind hash = HashKind::sha1) {
  REQUIRE(vault::lock_memory().has_value());
  const auto signature = oauth1::signature_of(hash, {method, uri, parameters}, secrets);
  REQUIRE(signature.has_value());
  return *signature;
}

// RFC 5849 section 1.2.
const std::vector<Parameter> kPhoto = {{"file", "vacation.jpg"},
                                       {"size", "original"},
                                       {"oauth_consumer_key", "dpf43f3p2l4k3l03"},
                                       {"oauth_token", "nnch734d00sl2jdk"},
                                       {"oauth_signature_method", "HMAC-SHA1"},
                                       {"oauth_timestamp", "137131202"},
                                       {"oauth_nonce", "chapoH"}};
const oauth1::Secrets kPhotoSecrets = {"kd94hf93k423kf44", "pfkkdhi9sl3r4s00"};
const std::string kPhotoUri = "http://photos.example.net/photos";

}  // namespace

TEST_CASE("the example of RFC 5849 section 1.2, in whatever order its parameters are given") {
  CHECK(signature_of("GET", kPhotoUri, kPhoto, kPhotoSecrets) == "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
  const std::vector<Parameter> reversed(kPhoto.rbegin(), kPhoto.rend());
  CHECK(signature_of("GET", kPhotoUri, reversed, kPhotoSecrets) == "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

TEST_CASE("the parameters of RFC 5849 section 3.4.1, with the signature of erratum 2550") {
  // Encoded: `b5` is "=%3D", `c@` and `c2` are empty, `a3` is there twice.
  CHECK(signature_of("POST",
                     "http://example.com/request",
                     {{"b5", "%3D%253D"},
                      {"a3", "a"},
                      {"c%40", ""},
                      {"a2", "r%20b"},
                      {"c2", ""},
                      {"a3", "2%20q"},
                      {"oauth_consumer_key", "9djdj82h48djs9d2"},
                      {"oauth_token", "kkk9d7dh3k39sjv7"},
                      {"oauth_signature_method", "HMAC-SHA1"},
                      {"oauth_timestamp", "137131201"},
                      {"oauth_nonce", "7d8f3e4a"}},
                     {"j49sk3j29djd", "dh893hdasih9"}) == "r6/TJjbCOr97/+UU0NsvSne7s5g=");
}

TEST_CASE("HMAC-SHA256 signs the same text; secrets are encoded, and the token's may be empty") {
  // The formula over these bytes, computed with Python's hmac.
  CHECK(signature_of("GET", kPhotoUri, kPhoto, kPhotoSecrets, HashKind::sha256) ==
        "7NYnfiUN//Gcjb9IY6/4CCsThBHtV2M8qinB+HZr4js=");
  CHECK(signature_of("GET", kPhotoUri, {}, {"a&b=%", ""}) == "Z7yO1VzZFKFqaF+kjx3Nnl4vBRE=");
}

TEST_CASE("a method that would send the secret itself, or needs a private key, is none of ours") {
  CHECK(oauth1::hash_of_method("HMAC-SHA1") == HashKind::sha1);
  CHECK(oauth1::hash_of_method("HMAC-SHA256") == HashKind::sha256);
  for (const auto* const other : {"PLAINTEXT", "RSA-SHA1", "HMAC-SHA512", "hmac-sha1", ""}) {
    INFO(other);
    CHECK_FALSE(oauth1::hash_of_method(other).has_value());
  }
}

}  // namespace keyswap::bindings
