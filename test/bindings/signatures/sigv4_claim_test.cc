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
  const auto header = claim_of(with(kHeader, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"));
  REQUIRE_FALSE(header);
  CHECK(header.error().code == base::Errc::unsupported);
  const auto query = read_claim({}, with(kQuery, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"));
  REQUIRE_FALSE(query);
  CHECK(query.error().code == base::Errc::unsupported);
}

}  // namespace keyswap::bindings::sigv4
