// SPDX-License-Identifier: Apache-2.0
#include "vault/manage_login.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

using base::Errc;
using sample::secret_of;

TEST_CASE(
    "the management password is set once, checked, forgotten, and never a secret of a user's") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  CHECK_FALSE(has_manage_password(vault));
  CHECK(check_manage_password(vault, secret_of("right horse")).error().code == Errc::not_found);
  CHECK(set_manage_password(vault, secret_of("seven77")).error().code == Errc::invalid_input);
  REQUIRE(set_manage_password(vault, secret_of("right horse")));
  CHECK(set_manage_password(vault, secret_of("other horse")).error().code == Errc::already_exists);
  CHECK(*check_manage_password(vault, secret_of("right horse")));
  CHECK_FALSE(*check_manage_password(vault, secret_of("right horse ")));
  CHECK_FALSE(vault.has(sample::name_of("manage-password")));
  REQUIRE(drop_manage_password(vault));
  CHECK(drop_manage_password(vault).error().code == Errc::not_found);
  CHECK_FALSE(has_manage_password(vault));
}

TEST_CASE("a code counts once, of its kind, in its time, and until the next one is made") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  constexpr std::int64_t now_s = sample::kNow;
  CHECK_FALSE(*take_manage_code(vault, ManageCode::page, "none", now_s));
  const std::string first = *make_manage_code(vault, ManageCode::page, now_s);
  const std::string second = *make_manage_code(vault, ManageCode::page, now_s);
  CHECK(first.size() == 43);
  CHECK_FALSE(*take_manage_code(vault, ManageCode::page, first, now_s));
  CHECK_FALSE(*take_manage_code(vault, ManageCode::setup, second, now_s));
  CHECK_FALSE(*take_manage_code(vault, ManageCode::page, second, now_s + 61));
  CHECK_FALSE(*take_manage_code(vault, ManageCode::page, second, now_s - 61));  // a clock set back
  CHECK(*take_manage_code(vault, ManageCode::page, second, now_s + 60));
  CHECK_FALSE(*take_manage_code(vault, ManageCode::page, second, now_s + 60));
}

TEST_CASE("blanks around a value are left out, and those in it stay") {
  const sample::TempDir dir;
  const Vault vault = sample::open_vault(sample::make_sample(dir));  // locks the memory
  CHECK(is_same_secret(*without_blanks(secret_of(" a b\r\n")), secret_of("a b")));
  CHECK(without_blanks(secret_of(" \t"))->size() == 0);
  CHECK_FALSE(is_same_secret(secret_of("a"), secret_of("b")));
}

}  // namespace keyswap::vault
