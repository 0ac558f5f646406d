// SPDX-License-Identifier: Apache-2.0
#include "ca/summary.h"

#include <catch2/catch.hpp>

#include "ca/authority.h"
#include "vault/secret.h"

namespace keyswap::ca {

TEST_CASE("a summary says what the opened authority says") {
  constexpr std::int64_t kNow = 1'800'000'000;
  REQUIRE(vault::lock_memory());
  const auto made = create_authority(kNow);
  REQUIRE(made);
  const auto authority = Authority::open(made->key_der, made->certificate_pem, kNow);
  REQUIRE(authority);
  const auto summary = summarize_certificate(made->certificate_pem);
  REQUIRE(summary);
  CHECK(summary->sha256 == (*authority)->certificate_sha256());
  CHECK(summary->not_after_s == (*authority)->not_after_s());
  CHECK(summary->not_before_s <= kNow);
  CHECK(summary->subject.find("O=keyswap") != std::string::npos);
}

TEST_CASE("text without a certificate has no summary") {
  CHECK(summarize_certificate("").error().code == base::Errc::corrupt);
  CHECK(summarize_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .error()
            .code == base::Errc::corrupt);
}

}  // namespace keyswap::ca
