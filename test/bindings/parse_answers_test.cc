// SPDX-License-Identifier: Apache-2.0
//
// scrub, uninspectable and real_value of an entry of `bindings:` (bindings/parse_answers.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::warnings_of;
using test::with_binding;

namespace {

std::string scope(const std::string& rest) {
  return with_binding("{ host: a.example.com" + rest + " }");
}

Scope accepted_scope(const std::string& rest) {
  return std::move(accepted(scope(rest)).rules[0].scopes[0]);
}

}  // namespace

TEST_CASE("answers are scrubbed, and what cannot be read is kept back, unless a binding says else",
          "[I8]") {
  CHECK(accepted_scope("").is_scrubbed);
  CHECK(accepted_scope("").uninspectable == Uninspectable::block);
  CHECK(accepted_scope(", scrub: on").is_scrubbed);
  CHECK(warnings_of(scope(", scrub: on")).empty());
  CHECK_FALSE(accepted_scope(", scrub: off").is_scrubbed);
  CHECK(accepted_scope(", uninspectable: forward").uninspectable == Uninspectable::forward);
  CHECK(accepted_scope(", uninspectable: block").uninspectable == Uninspectable::block);
}

TEST_CASE("that a binding does not scrub is warned of, at its place", "[I8]") {
  const auto warnings = warnings_of(scope(", scrub: off"));
  CHECK(warnings.find("`scrub: off`: a secret that an answer says back reaches the client") !=
        std::string::npos);
  CHECK(warnings.starts_with("5:"));
}

TEST_CASE("other words for what becomes of answers are errors") {
  CHECK(errors_of(scope(", scrub: maybe")).find("`scrub`") != std::string::npos);
  CHECK(errors_of(scope(", scrub: false")).find("`scrub`") != std::string::npos);
  CHECK(errors_of(scope(", uninspectable: pass")).find("`uninspectable`") != std::string::npos);
  CHECK(errors_of(scope(", scrubb: off")).find("scrub") != std::string::npos);
}

TEST_CASE("a request with a real value goes on, unless a binding says else") {
  CHECK(accepted_scope("").real_value == RealValue::forward);
  CHECK(accepted_scope(", real_value: forward").real_value == RealValue::forward);
  CHECK(accepted_scope(", real_value: refuse").real_value == RealValue::refuse);
  CHECK(errors_of(scope(", real_value: block")).find("`real_value`") != std::string::npos);
  CHECK(errors_of(scope(", real_values: refuse")).find("real_value") != std::string::npos);
}

}  // namespace keyswap::bindings
