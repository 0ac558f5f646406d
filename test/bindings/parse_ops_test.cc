// SPDX-License-Identifier: Apache-2.0
//
// `audit:`, `cache:`, `preflight:`, `backend:` (bindings/parse_ops.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::warnings_of;
using test::with_top;

TEST_CASE("I34 the cache's times have their bounds, and the cache has no effect") {
  CHECK(errors_of(with_top("cache: { ttl_seconds: 9 }\n")).find("from 10 to 3600") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_top("cache: { ttl_seconds: 3601 }\n")).empty());
  CHECK(errors_of(with_top("cache: { ttl_seconds: 10, max_entries: 1, jitter_seconds: 0 }\n"))
            .empty());
  CHECK(errors_of(with_top("cache: { ttl_seconds: 3600 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { max_entries: 0 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { jitter_seconds: -1 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { ttl_seconds: 1e2 }\n")).empty());
  CHECK(warnings_of(with_top("cache: {}\n")).find("no effect") != std::string::npos);
}

TEST_CASE(
    "I36 a backend's type is ASCII, in any case, and a warning says where secrets come from") {
  CHECK(warnings_of(with_top("backend: { type: BWS, config: {} }\n")).find("this home's vault") !=
        std::string::npos);
  CHECK(errors_of(with_top("backend: { type: BWS }\n")).empty());
  CHECK(
      errors_of(with_top("backend: { type: \"\xEF\xBD\x82ws\" }\n")).find("`type` must be ASCII") !=
      std::string::npos);
  CHECK(errors_of(with_top("backend: { config: {} }\n")).find("`type` is missing") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_top("backend: { type: bws, config: x }\n")).empty());
  CHECK_FALSE(errors_of(with_top("backend: bws\n")).empty());
}

TEST_CASE("I37 no backend is needed: secrets come from the home's vault") {
  CHECK(warnings_of(with_top("")).empty());
}

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

TEST_CASE("I38 I39 keys for bindings in a vault's notes are refused by name") {
  const auto* const key = GENERATE("notes_host_allowlist: [a.b]",
                                   "binding_source: file",
                                   "install_salt_path: x",
                                   "notes_refresh_seconds: 60");
  CHECK(errors_of(with_top(std::string(key) + "\n")).find("is not supported here") !=
        std::string::npos);
}

}  // namespace keyswap::bindings
