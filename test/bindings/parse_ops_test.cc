// SPDX-License-Identifier: Apache-2.0
//
// `audit:`, `preflight:` (bindings/parse_ops.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::warnings_of;
using test::with_top;

TEST_CASE("I47 an audit block may be left out") {
  CHECK(accepted(with_top("")).audit_path.empty());
  CHECK(accepted(with_top("audit: {}\n")).audit_path.empty());
  CHECK(accepted(with_top("audit: { path: /var/log/keyswap }\n")).audit_path == "/var/log/keyswap");
  CHECK_FALSE(errors_of(with_top("audit: { path: }\n")).empty());
  CHECK_FALSE(errors_of(with_top("audit: x\n")).empty());
}

TEST_CASE("nothing turns the audit log's strictness off", "[I13]") {
  CHECK(warnings_of(with_top("audit: { fail_on_unwritable: false }\n")).find("has no effect") !=
        std::string::npos);
  CHECK(warnings_of(with_top("audit: { fail_on_unwritable: true }\n")).empty());
  CHECK_FALSE(errors_of(with_top("audit: { fail_on_unwritable: maybe }\n")).empty());
}

TEST_CASE("preflight is checked and has no effect") {
  CHECK(warnings_of(with_top("preflight: { fail_on_warning: true }\n")).find("no effect") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_top("preflight: { fail_on_warning: 1 }\n")).empty());
}

}  // namespace keyswap::bindings
