// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/aws_call.h"

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault::aws {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kSuiteUs = 1'440'938'160'000'000;  // 2015-08-30T12:36:00Z

Secret locked(std::string_view bytes) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

base::Result<Call> call_with(std::string_view id,
                             std::string_view secret,
                             std::string_view token,
                             std::string_view body = "{}") {
  const Pair pair{locked(id), locked(secret), locked(token)};
  return signed_call(pair,
                     {"secretsmanager.us-east-1.amazonaws.com",
                      "us-east-1",
                      "secretsmanager",
                      "application/x-amz-json-1.1",
                      "secretsmanager.GetSecretValue",
                      locked(body)},
                     kSuiteUs);
}

std::string signature_of(const base::Result<Call>& call) {
  REQUIRE(call);
  const std::string field = field_of(*call, "Authorization");
  return field.substr(field.rfind('=') + 1);
}

}  // namespace

TEST_CASE("a call of ours is signed over its body and its session token") {
  const auto plain = call_with("AKIDEXAMPLE",
                               "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                               "",
                               R"({"SecretId":"OPENAI_API_KEY"})");
  CHECK(signature_of(plain) == "ff1058f04454053a8a25ed0ef516ad3b26dfe443a3a899babcf41e0e691089a2");
  CHECK(signature_of(call_with("AKIDEXAMPLE", "secret", "")) !=
        signature_of(call_with("AKIDEXAMPLE", "secret", "", "{ }")));
  CHECK(signature_of(call_with("AKIDEXAMPLE", "secret", "one")) !=
        signature_of(call_with("AKIDEXAMPLE", "secret", "two")));
}

TEST_CASE("[I9] a pair that would make another field of a field is refused") {
  CHECK(call_with("AKID", "secret", ""));
  for (const auto* const bad : {"", "A B", "A\r\nX: y", "A\xff"}) {
    INFO(bad);
    CHECK_FALSE(call_with(bad, "secret", ""));
    CHECK_FALSE(call_with("AKID", bad, ""));
  }
  CHECK_FALSE(call_with("AKID", "secret", "a b"));
}

TEST_CASE("an error that a wrong clock may give is the clock's where the answer's Date says so") {
  CallAnswer answer;
  answer.status = 400;
  answer.date_s = kSuiteUs / 1'000'000 + 301;
  for (const auto* const error : {"InvalidSignatureException",
                                  "RequestExpired",
                                  "RequestInTheFuture",
                                  "RequestTimeTooSkewed",
                                  "SignatureDoesNotMatch"}) {
    INFO(error);
    const auto failed = fail_of_time(error, answer, kSuiteUs);
    REQUIRE(failed);
    CHECK(failed->outcome == "clock_differs");
    CHECK_FALSE(fail_of_time(error, answer, kSuiteUs + 301'000'000));
  }
  for (const auto* const error : {"", "InvalidClientTokenId", "ExpiredToken", "AccessDenied"}) {
    INFO(error);
    CHECK_FALSE(fail_of_time(error, answer, kSuiteUs));
  }
}

TEST_CASE("a region of China is asked where it answers, and every other one where it does") {
  CHECK(host_of("sts", "cn-north-1") == "sts.cn-north-1.amazonaws.com.cn");
  CHECK(host_of("secretsmanager", "cn-northwest-1") ==
        "secretsmanager.cn-northwest-1.amazonaws.com.cn");
  CHECK(host_of("sts", "us-gov-west-1") == "sts.us-gov-west-1.amazonaws.com");
  CHECK(host_of("sts", "ca-central-1") == "sts.ca-central-1.amazonaws.com");
}

TEST_CASE("a region is one word of a host's name") {
  CHECK(check_region("us-gov-west-1") == nullptr);
  for (const auto* const bad : {"", "US-EAST-1", "us.east", "a/b", "a@b", "a b"}) {
    INFO(bad);
    CHECK(check_region(bad) != nullptr);
  }
}

}  // namespace keyswap::vault::aws
