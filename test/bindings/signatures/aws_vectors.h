// SPDX-License-Identifier: Apache-2.0
//
// Pairs and times of AWS's published examples (not live ones), and a request of them.
// The secrets of the two pairs differ in one character.
#pragma once

#include <string>
#include <vector>

#include "bindings/signatures/sigv4.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "test/bindings/support.h"

namespace keyswap::bindings::sigv4::test {

using keyswap::bindings::test::secret_of;

// github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4.
const std::string kSuiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const std::string kSuiteTime = "20150830T123600Z";
// The Amazon S3 API reference.
const std::string kS3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const std::string kS3Time = "20130524T000000Z";
const std::string kFakeSecret = "fakefakefakefakefakefakefakefakefakefake";
const std::string kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Request {
  std::string method = "GET";
  std::string path = "/";
  std::string query;
  std::vector<http::Field> fields;
  std::vector<std::string> names;
  std::string hash = kNothing;
  bool is_s3 = false;

  [[nodiscard]] std::string hashed() const {
    const auto parameters = read_query(query);
    REQUIRE(parameters);
    const auto made =
        canonical_hash({method, path, parameters.value(), fields, names, hash, is_s3});
    REQUIRE(made);
    return made.value();
  }

  // For us-east-1.
  [[nodiscard]] std::string signed_with(const std::string& secret,
                                        const std::string& time,
                                        const std::string& service) const {
    REQUIRE(vault::lock_memory());
    const KeyScope scope{std::string_view(time).substr(0, 8), "us-east-1", service};
    const auto key = make_key(secret, scope);
    REQUIRE(key);
    const auto signature = signature_of(*key, {kAlgorithm, time, scope.text(), hashed()});
    REQUIRE(signature);
    return signature.value();
  }
};

}  // namespace keyswap::bindings::sigv4::test
