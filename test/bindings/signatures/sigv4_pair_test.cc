// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_pair.h"

#include <vector>

#include <catch2/catch.hpp>

#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

const Pair kSuite = {"AKIDEXAMPLE", test::kSuiteSecret};
const std::string kScope = "20150830/service/aws4_request";
// Of github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4a: a plain GET.
const std::string kHash = "cf59db423e841c8b7e3444158185aa261b724a5c27cbe762676f3eed19f4dc02";
const std::string kPublished =
    "3045022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5eb7d2022100effb9c5f22ed9ef3"
    "ae0ab243d21f06bce82365bbb79529a07b6888c343ae5f8c";
// The same with the order of the curve less s.
const std::string kOther =
    "3044022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5eb7d202201004639fdd12610d51"
    "f54dbc2de0f942d4c394f1ef8274e4785141ffb8b4c5c5";

PairProof proof_of(Algorithm algorithm, const Pair& pair = kSuite) {
  REQUIRE(vault::lock_memory());
  auto proof = PairProof::of(algorithm, pair, {"20150830", "us-east-1", "service"});
  REQUIRE(proof);
  return std::move(proof).value();
}

PairKey key_of(Algorithm algorithm) {
  REQUIRE(vault::lock_memory());
  auto key = PairKey::of(algorithm, kSuite, {"20150830", "us-east-1", "service"});
  REQUIRE(key);
  return std::move(key).value();
}

bool shows(const PairProof& proof, const std::string& signature, const std::string& hash = kHash) {
  return proof.shows({kAsymmetricAlgorithm, test::kSuiteTime, kScope, hash}, signature);
}

}  // namespace

TEST_CASE("the suite's canonical request of version 4A, and its signature is the pair's") {
  test::Request request;
  request.fields = {{"Host", "example.amazonaws.com"},
                    {"X-Amz-Date", test::kSuiteTime},
                    {"X-Amz-Region-Set", "us-east-1"}};
  request.names = {"host", "x-amz-date", "x-amz-region-set"};
  CHECK(request.hashed() == kHash);
  CHECK(KeyScope{"20150830", "", "service"}.text() == kScope);
  const auto proof = proof_of(Algorithm::ecdsa);
  CHECK(shows(proof, kPublished));
  CHECK_FALSE(shows(proof, kPublished, std::string(64, '0')));
  CHECK_FALSE(shows(proof_of(Algorithm::ecdsa, {"AKIDEXAMPLF", test::kSuiteSecret}), kPublished));
  CHECK_FALSE(shows(proof_of(Algorithm::ecdsa, {"AKIDEXAMPLE", test::kS3Secret}), kPublished));
}

TEST_CASE("what is signed under version 4A verifies, and is another one each time") {
  const auto key = key_of(Algorithm::ecdsa);
  const auto proof = proof_of(Algorithm::ecdsa);
  std::vector<std::string> made;
  for (int i = 0; i < 20; ++i) {
    const auto signature = key.sign({kAsymmetricAlgorithm, test::kSuiteTime, kScope, kHash});
    REQUIRE(signature);
    CHECK(is_signature(Algorithm::ecdsa, *signature));
    CHECK(shows(proof, *signature));
    made.push_back(*signature);
  }
  CHECK(made[0] != made[1]);
}

TEST_CASE("a signature that anybody can make of another one is taken, in no other form", "[I15]") {
  const auto proof = proof_of(Algorithm::ecdsa);
  CHECK(shows(proof, kOther));
  std::string upper = kPublished;
  for (char& c : upper) {
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  CHECK(shows(proof, upper));
  const std::vector<std::string> broken = {
      "",
      kPublished + "00",
      kPublished + "0",
      kPublished + "**",
      kPublished.substr(0, kPublished.size() - 2),
      "308145" + kPublished.substr(4),
      "3046"
      "022100" +
          kPublished.substr(8, 64) + kPublished.substr(72),
      "3006020101020101",
      "3006020100020100",
      kPublished.substr(8, 64) + kPublished.substr(78),  // r and s, without what is around them
      std::string(4096, 'a'),
      std::string(64, '0'),
  };
  for (const auto& signature : broken) {
    INFO(signature);
    CHECK_FALSE(shows(proof, signature));
  }
}

TEST_CASE("neither algorithm takes the other's signatures") {
  const auto hmac = proof_of(Algorithm::hmac);
  const auto signature = key_of(Algorithm::hmac).sign({kAlgorithm, "a", "b"});
  REQUIRE(signature);
  CHECK(hmac.shows({kAlgorithm, "a", "b"}, *signature));
  CHECK_FALSE(hmac.shows({kAlgorithm, "a", "c"}, *signature));
  CHECK_FALSE(proof_of(Algorithm::ecdsa).shows({kAlgorithm, "a", "b"}, *signature));
  CHECK_FALSE(hmac.shows({kAsymmetricAlgorithm, test::kSuiteTime, kScope, kHash}, kPublished));
  CHECK(is_signature(Algorithm::hmac, *signature));
  CHECK_FALSE(is_signature(Algorithm::hmac, kPublished));
  CHECK(is_signature(Algorithm::ecdsa, kPublished));
  CHECK_FALSE(is_signature(Algorithm::ecdsa, *signature));
}

}  // namespace keyswap::bindings::sigv4
