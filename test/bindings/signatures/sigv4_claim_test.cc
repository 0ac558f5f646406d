// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_claim.h"

#include <catch2/catch.hpp>

#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

const std::string kHex = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
const std::string kCredential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
const std::string kHeader = "AWS4-HMAC-SHA256 Credential=" + kCredential +
                            ",SignedHeaders=host;x-amz-date,Signature=" + kHex;
const std::string kQuery =
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1"
    "%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
    "X-Amz-SignedHeaders=host%3Brange&X-Amz-Signature=" +
    kHex;

// Of github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4a.
const std::string kDer =
    "3045022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5eb7d2022100effb9c5f22ed9ef3"
    "ae0ab243d21f06bce82365bbb79529a07b6888c343ae5f8c";
const std::string kAsymmetricHeader =
    "AWS4-ECDSA-P256-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/s3/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-region-set, Signature=" +
    kDer;
const std::string kAsymmetricQuery =
    "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fs3"
    "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
    "X-Amz-Region-Set=us-east-1%2Cus-*&X-Amz-SignedHeaders=host&X-Amz-Signature=" +
    kDer;

base::Result<Claim> asymmetric(const std::string& regions,
                               const std::string& authorization = kAsymmetricHeader) {
  http::HeaderList fields;
  fields.add("Authorization", authorization);
  fields.add("X-Amz-Date", test::kS3Time);
  fields.add("X-Amz-Region-Set", regions);
  return read_claim(fields, "");
}

base::Result<Claim> claim_of(const std::string& authorization,
                             const std::string& date = test::kS3Time,
                             const std::string& query = "") {
  http::HeaderList fields;
  fields.add("Authorization", authorization);
  fields.add("X-Amz-Date", date);
  return read_claim(fields, query);
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), now);
}

}  // namespace

TEST_CASE("a signature in Authorization says whose it is, for what, and over which fields") {
  for (const auto& text : {kHeader, with(kHeader, ",SignedHeaders", " ,  SignedHeaders")}) {
    const auto claim = claim_of(text);
    REQUIRE(claim);
    CHECK_FALSE(claim->is_presigned);
    CHECK(claim->key_id == "AKIAIOSFODNN7EXAMPLE");
    CHECK(claim->scope().text() == "20130524/us-east-1/s3/aws4_request");
    CHECK(claim->date_time == test::kS3Time);
    CHECK(claim->signed_at_s == 1'369'353'600);
    CHECK(claim->signed_names == std::vector<std::string>{"host", "x-amz-date"});
    CHECK(claim->signature == kHex);
    CHECK(claim->is_s3());
  }
}

TEST_CASE("a presigned URL says the same, and how long it is good") {
  const auto claim = read_claim({}, kQuery + "&versionId=1");
  REQUIRE(claim);
  CHECK(claim->is_presigned);
  CHECK(claim->expires_s == 86'400);
  CHECK(claim->signed_names == std::vector<std::string>{"host", "range"});
}

TEST_CASE("a signature that is not well made is none", "[I15]") {
  const std::vector<std::string> broken = {
      "Bearer x",
      with(kHeader, "/aws4_request", "/aws4"),
      with(kHeader, "/s3/", "/"),
      with(kHeader, "/s3/", "/s3/s3/"),
      with(kHeader, "host;x-amz-date", "x-amz-date;host"),
      with(kHeader, "host;x-amz-date", "host;host"),
      with(kHeader, "host;x-amz-date", "Host;x-amz-date"),
      with(kHeader, "host;x-amz-date", "host;x-amz-date;"),
      with(kHeader, "host;x-amz-date", ""),
      with(kHeader, kHex, kHex + "0"),
      with(kHeader, kHex, with(kHex, "f0", "g0")),
      with(kHeader, ",Signature=" + kHex, ""),
      kHeader + ",Signature=" + kHex,
      kHeader + ",More=1",
  };
  for (const auto& text : broken) {
    INFO(text);
    const auto claim = claim_of(text);
    REQUIRE_FALSE(claim);
    CHECK(claim.error().code == base::Errc::invalid_input);
  }
  for (const auto* const date : {"20130525T000000Z", "20130524T240000Z", "20130524T000000", ""}) {
    INFO(date);
    CHECK_FALSE(claim_of(kHeader, date));
  }
  CHECK_FALSE(read_claim({}, ""));
}

TEST_CASE("a presigned URL is refused with a parameter twice, or past its bounds", "[I15]") {
  for (const auto& query : {kQuery + "&X-Amz-Signature=" + kHex,
                            kQuery + "&x-amz-date=20130524T000000Z",
                            kQuery + "&X-Amz-Security-Token=a&x-amz-security-token=b",
                            with(kQuery, "86400", "604801"),
                            with(kQuery, "86400", "0"),
                            with(kQuery, "&X-Amz-Expires=86400", ""),
                            with(kQuery, "%2Faws4_request", "%2"),
                            with(kQuery, "X-Amz-Algorithm=AWS4-HMAC-SHA256&", "")}) {
    INFO(query);
    CHECK_FALSE(read_claim({}, query));
  }
  // Two signatures: which one counts?
  CHECK_FALSE(claim_of(kHeader, test::kS3Time, kQuery));
}

TEST_CASE("another algorithm of AWS's is told from what is not well made") {
  const auto header = claim_of(with(kHeader, "AWS4-HMAC-SHA256", "AWS4-X509-RSA-SHA256"));
  REQUIRE_FALSE(header);
  CHECK(header.error().code == base::Errc::unsupported);
  const auto query = read_claim({}, with(kQuery, "AWS4-HMAC-SHA256", "AWS4-X509-RSA-SHA256"));
  REQUIRE_FALSE(query);
  CHECK(query.error().code == base::Errc::unsupported);
}

TEST_CASE("a signature of version 4A says for which regions it is, and its scope names none") {
  const auto claim = asymmetric("us-east-1, eu-west-1");
  REQUIRE(claim);
  CHECK(claim->algorithm == Algorithm::ecdsa);
  CHECK(claim->region.empty());
  CHECK(claim->regions == std::vector<std::string>{"us-east-1", "eu-west-1"});
  CHECK(claim->scope().text() == "20130524/s3/aws4_request");
  CHECK(claim->signature == kDer);
  const auto all = asymmetric("*");
  REQUIRE(all);
  CHECK(all->regions == std::vector<std::string>{"*"});
  const auto url = read_claim({}, kAsymmetricQuery);
  REQUIRE(url);
  CHECK(url->is_presigned);
  CHECK(url->algorithm == Algorithm::ecdsa);
  CHECK(url->regions == std::vector<std::string>{"us-east-1", "us-*"});
  const auto plain = claim_of(kHeader);
  REQUIRE(plain);
  CHECK(plain->algorithm == Algorithm::hmac);
  CHECK(plain->regions == std::vector<std::string>{"us-east-1"});
}

TEST_CASE("a region set that is empty, is there twice, or could be two is none", "[I15]") {
  std::string many = "r";
  for (int i = 1; i < 33; ++i) {
    many += ",r";
  }
  CHECK(asymmetric(many.substr(0, many.size() - 2)));
  for (const auto& set : {std::string(),
                          std::string(","),
                          std::string("a,"),
                          std::string("a,,b"),
                          std::string("a b"),
                          std::string("a;b"),
                          std::string("a/b"),
                          many}) {
    INFO(set);
    CHECK_FALSE(asymmetric(set));
  }
  http::HeaderList none;
  none.add("Authorization", kAsymmetricHeader);
  none.add("X-Amz-Date", test::kS3Time);
  CHECK_FALSE(read_claim(none, ""));
  none.add("X-Amz-Region-Set", "a");
  CHECK(read_claim(none, ""));
  CHECK_FALSE(read_claim(none, "X-Amz-Region-Set=a"));
  CHECK_FALSE(read_claim(none, "x-amz-region-set=a"));
  none.add("x-amz-region-set", "a");
  CHECK_FALSE(read_claim(none, ""));

  http::HeaderList field;
  field.add("X-Amz-Region-Set", "us-east-1");
  CHECK_FALSE(read_claim(field, kAsymmetricQuery));
  for (const auto& query : {with(kAsymmetricQuery, "&X-Amz-Region-Set=us-east-1%2Cus-*", ""),
                            with(kAsymmetricQuery, "us-east-1%2Cus-*", ""),
                            with(kAsymmetricQuery, "Region-Set", "Region-set"),
                            kAsymmetricQuery + "&X-Amz-Region-Set=us-east-1",
                            kAsymmetricQuery + "&x-amz-region-set=us-east-1"}) {
    INFO(query);
    CHECK_FALSE(read_claim({}, query));
  }
}

TEST_CASE("neither version is read as the other", "[I15]") {
  const std::string region = "/us-east-1/s3/";
  CHECK_FALSE(asymmetric("a", with(kAsymmetricHeader, "/s3/", region)));
  CHECK_FALSE(asymmetric("a", with(kAsymmetricHeader, kDer, kHex)));
  CHECK_FALSE(
      asymmetric("a", with(kAsymmetricHeader, "AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA256")));
  CHECK_FALSE(claim_of(with(kHeader, region, "/s3/")));
  CHECK_FALSE(claim_of(with(kHeader, kHex, kDer)));
  CHECK_FALSE(asymmetric("a", with(kHeader, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")));
  CHECK_FALSE(read_claim({}, with(kAsymmetricQuery, "AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA256")));
  CHECK_FALSE(read_claim({}, with(kQuery, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")));
  // DER to the byte.
  for (const auto& der : {kDer + "00",
                          kDer + "**",
                          with(kDer, "3045", "3046"),
                          std::string("3000"),
                          with(kDer, "3045", "308145")}) {
    INFO(der);
    CHECK_FALSE(asymmetric("a", with(kAsymmetricHeader, kDer, der)));
  }
}

}  // namespace keyswap::bindings::sigv4
