// SPDX-License-Identifier: Apache-2.0
//
// What a client's own signature says of itself, read strictly: one that two servers could read in
// two ways is none. It stands in `Authorization`, or, of a presigned URL, in the query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/signatures/sigv4.h"
#include "bindings/signatures/sigv4_pair.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"

namespace keyswap::bindings::sigv4 {

struct Claim {
  Algorithm algorithm = Algorithm::hmac;
  bool is_presigned = false;
  std::string key_id;
  std::string date;    // of the credential's scope: "20130524"
  std::string region;  // of the scope; "" under version 4A
  std::string service;
  std::vector<std::string> regions;       // it is good for these: that one, or the region set
  std::string date_time;                  // "20130524T000000Z"
  std::int64_t signed_at_s = 0;           // the same, since 1970
  std::int64_t expires_s = 0;             // of a presigned URL: so long it is good
  std::vector<std::string> signed_names;  // of fields, lower case, ascending
  std::string signature;                  // in hex

  [[nodiscard]] KeyScope scope() const { return {date, region, service}; }

  // S3 and what is built like it sign their paths, and the bodies of presigned URLs, otherwise.
  [[nodiscard]] bool is_s3() const;
};

// The names of a presigned URL's parameters.
inline constexpr std::string_view kAlgorithmParameter = "X-Amz-Algorithm";
inline constexpr std::string_view kCredentialParameter = "X-Amz-Credential";
inline constexpr std::string_view kSignatureParameter = "X-Amz-Signature";
inline constexpr std::string_view kTokenParameter = "X-Amz-Security-Token";
inline constexpr std::string_view kRegionSetParameter = "X-Amz-Region-Set";
// The fields that a signature adds.
inline constexpr std::string_view kDateField = "x-amz-date";
inline constexpr std::string_view kTokenField = "x-amz-security-token";
inline constexpr std::string_view kRegionSetField = "x-amz-region-set";
// In a region set: all regions.
inline constexpr std::string_view kAllRegions = "*";

// Of the head with these fields and this query. invalid_input: there is none, or it is not well
// made; unsupported: it is of another algorithm.
base::Result<Claim> read_claim(const http::HeaderList& fields, std::string_view query);

}  // namespace keyswap::bindings::sigv4
