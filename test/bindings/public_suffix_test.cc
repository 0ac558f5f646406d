// SPDX-License-Identifier: Apache-2.0
#include "bindings/public_suffix.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("I15 names under which strangers register are public suffixes") {
  const auto* const host = GENERATE("com",
                                    "co.uk",
                                    "github.io",
                                    "s3.amazonaws.com",
                                    "com.br",
                                    "web.app",
                                    "pages.dev",
                                    "kawasaki.jp",
                                    "nosuchtoplevel");
  INFO(host);
  CHECK(is_public_suffix(host));
}

TEST_CASE("I15 names that somebody registered are not") {
  const auto* const host = GENERATE("example.com",
                                    "example.co.uk",
                                    "claude.com",
                                    "me.github.io",
                                    "city.kawasaki.jp",
                                    "service.internal");
  INFO(host);
  CHECK_FALSE(is_public_suffix(host));
}

}  // namespace keyswap::bindings
