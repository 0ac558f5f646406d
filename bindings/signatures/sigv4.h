// SPDX-License-Identifier: Apache-2.0
//
// AWS Signature Version 4: the key of a day, a region and a service, and what it signs. Text and a
// key in, text out; what a request's text is, bindings/signatures/sigv4_canonical.h says.
// Source: "AWS Signature Version 4 for API requests" of the IAM User Guide, and the Amazon S3 API
// reference, "Authenticating Requests".
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kAsymmetricAlgorithm = "AWS4-ECDSA-P256-SHA256";
inline constexpr std::string_view kTermination = "aws4_request";

// What a key is good for.
struct KeyScope {
  std::string_view date;    // "20150830"
  std::string_view region;  // "": of version 4A, which names regions elsewhere
  std::string_view service;

  // "20150830/us-east-1/iam/aws4_request", or "20150830/iam/aws4_request"
  [[nodiscard]] std::string text() const;
};

// The signing key of a secret access key, in locked memory (I1). unavailable when there is none.
base::Result<vault::Secret> make_key(std::string_view secret, const KeyScope& scope);

// Lower-case hex of the signature of these lines.
base::Result<std::string> signature_of(const vault::Secret& key,
                                       std::initializer_list<std::string_view> lines);

// Pieces one behind the other, in locked memory.
base::Result<vault::Secret> locked_text(std::span<const std::string_view> pieces);

}  // namespace keyswap::bindings::sigv4
