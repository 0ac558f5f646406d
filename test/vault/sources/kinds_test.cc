// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/kinds.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::vault {

TEST_CASE("a kind is found by its name alone, and other names are no other's") {
  REQUIRE(find_backend_kind("local") != nullptr);
  CHECK(find_backend_kind("local")->make == nullptr);
  CHECK(find_backend_kind("nowhere") == nullptr);
  for (const BackendKind* const kind : backend_kinds()) {
    CHECK(find_backend_kind(kind->name) == kind);
    for (const std::string_view alias : kind->aliases) {
      CHECK(find_backend_kind(alias) == nullptr);
    }
  }
}

TEST_CASE("every kind but the vault of this machine is made, and no setting has two rules") {
  CHECK(std::ranges::is_sorted(backend_kinds(), {}, &BackendKind::name));
  for (const BackendKind* const kind : backend_kinds()) {
    CHECK((kind->make != nullptr || kind->name == kLocalKind));
    for (const SettingRule& rule : kind->settings) {
      CHECK(std::ranges::count(kind->settings, rule.name, &SettingRule::name) == 1);
    }
  }
}

}  // namespace keyswap::vault
