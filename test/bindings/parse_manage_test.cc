// SPDX-License-Identifier: Apache-2.0
//
// `manage:` (bindings/parse_manage.cc).
#include <catch2/catch.hpp>

#include "bindings/manage_settings.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_top;

TEST_CASE("manage says where it is listened, and whether bindings may be changed there") {
  CHECK(accepted(with_top("")).manage == nullptr);
  const Bindings usual = accepted(with_top("manage: {}\n"));
  REQUIRE(usual.manage != nullptr);
  CHECK(usual.manage->listen == "127.0.0.1:8474");
  CHECK_FALSE(usual.manage->edits_bindings);
  const Bindings other =
      accepted(with_top("manage: { listen: \"unix:/run/k.sock\", edit_bindings: true }\n"));
  CHECK(other.manage->listen == "unix:/run/k.sock");
  CHECK(other.manage->edits_bindings);
}

TEST_CASE("there is no management from elsewhere, and no key that is not known", "[I13]") {
  CHECK(errors_of(with_top("manage: { allow_remote: true }\n")).find("cannot be had") !=
        std::string::npos);
  CHECK(errors_of(with_top("manage: { allow_remote: false }\n")).empty());
  CHECK_FALSE(errors_of(with_top("manage: { lisen: x }\n")).empty());
  CHECK_FALSE(errors_of(with_top("manage: on\n")).empty());
}

}  // namespace keyswap::bindings
