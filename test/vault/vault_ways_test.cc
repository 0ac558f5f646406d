// SPDX-License-Identifier: Apache-2.0
//
// A passphrase, a key in a file, or both open the vault. (What a kill leaves of a change:
// test/vault/crash_test.cc.)
#include "proxy/base/bounds.h"
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::kOpenAiValue;
using sample::kPassphrase;
using sample::secret_of;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

Errc refusal(const std::string& path, std::string_view passphrase) {
  const auto vault = Vault::open(path, secret_of(passphrase));
  REQUIRE_FALSE(vault);
  return vault.error().code;
}

// A second way, the same as the first, without the stretching that a real one costs.
void double_the_header(const std::string& path) {
  sample::run_sql(path,
                  "INSERT INTO vault_header SELECT * FROM vault_header; PRAGMA user_version=2");
}

}  // namespace

TEST_CASE("a key opens the vault beside its passphrase, and each can be dropped by the other") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  {
    Vault vault = sample::open_vault(path);
    CHECK_FALSE(vault.is_opened_by_key());
    REQUIRE(vault.set_key(secret_of(kKey)));
    CHECK(vault.add_passphrase(secret_of("third")).error().code == Errc::already_exists);
  }
  CHECK(Vault::count_ways(path).value() == 2);
  {
    Vault by_key = sample::open_vault(path, kKey);
    CHECK(by_key.is_opened_by_key());
    CHECK(sample::fetches(by_key, "OPENAI_API_KEY", kOpenAiValue));
    REQUIRE(by_key.change_passphrase(secret_of("next")));  // the key stays
    REQUIRE(by_key.drop_other_way());
  }
  CHECK(Vault::count_ways(path).value() == 1);
  CHECK(refusal(path, "next") == Errc::wrong_passphrase);
  Vault alone = sample::open_vault(path, kKey);
  CHECK_FALSE(alone.is_opened_by_key());  // it is the only way: nothing says what it is
  REQUIRE(alone.add_passphrase(secret_of("fresh")));
  Vault by_passphrase = sample::open_vault(path, "fresh");
  CHECK_FALSE(by_passphrase.is_opened_by_key());
  REQUIRE(by_passphrase.drop_other_way());
  CHECK(refusal(path, kKey) == Errc::wrong_passphrase);
  // What was dropped meanwhile drops nothing itself: a way stays.
  CHECK(alone.drop_other_way().error().code == Errc::not_found);
  CHECK(Vault::count_ways(path).value() == 1);
}

TEST_CASE("ways that do not belong to one vault, or are not as many as the format says, are damage",
          "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto sql = GENERATE(as<std::string>(),
                            "PRAGMA user_version=2",
                            "INSERT INTO vault_header SELECT * FROM vault_header",
                            "INSERT INTO vault_header SELECT * FROM vault_header;"
                            "INSERT INTO vault_header SELECT * FROM vault_header;"
                            "PRAGMA user_version=2",
                            "INSERT INTO vault_header SELECT * FROM vault_header;"
                            "UPDATE vault_header SET kdf_passes=1 WHERE rowid=1;"
                            "PRAGMA user_version=2");
  sample::run_sql(path, sql);
  CHECK(refusal(path, kPassphrase) == Errc::corrupt);
}

TEST_CASE("an empty text is no way to open a vault") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  CHECK(vault.set_key(secret_of("")).error().code == Errc::invalid_input);
  CHECK(vault.add_passphrase(secret_of("")).error().code == Errc::invalid_input);
  CHECK(Vault::count_ways(path).value() == 1);
}

TEST_CASE("a dropped way is gone from the file") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  double_the_header(path);
  Vault vault = sample::open_vault(path);
  REQUIRE(vault.drop_other_way());
  CHECK(Vault::count_ways(path).value() == 1);
  CHECK(sample::fetches(sample::open_vault(path), "OPENAI_API_KEY", kOpenAiValue));
}

}  // namespace keyswap::vault
