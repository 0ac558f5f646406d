// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/restore_record.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "test/support/temp_home.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kThen = 1'800'000'000'000'000;  // 2027-01-15 08:00

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

vault::Vault make_vault(const std::string& path) {
  auto vault = vault::Vault::create(path, secret_of("passphrase"), 1);
  REQUIRE(vault);
  const auto seed = vault::make_signing_seed();
  REQUIRE(seed);
  REQUIRE(vault->put_system(kSigningSeedName, *seed));
  return std::move(*vault);
}

std::size_t count_in_log(const Home& home, std::string_view what) {
  const auto text = read_file(home.audit() + "/audit-000001.jsonl", 65536);
  std::size_t count = 0;
  for (std::size_t at = text ? text->find(what) : std::string::npos; at != std::string::npos;
       at = text->find(what, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("that a home was restored is kept until the log has it, and written once", "[I7]") {
  REQUIRE(vault::lock_memory());
  const test::TempHome temp;
  const Home home = temp.home();
  static_cast<void>(temp.put("bindings.yaml", "version: 1\nsecrets: {}\n"));
  vault::Vault vault = make_vault(home.vault());
  const base::SystemClock clock;
  REQUIRE(keep_restored({kThen, "b1", "p1"}, nullptr, vault));

  // The log is still to be put back: the next start will see it there.
  CHECK_FALSE(record_restored_at_rest(home, vault, clock));
  CHECK(vault.system_names("restored-").size() == 1);
  CHECK_FALSE(read_file(home.audit() + "/audit-000001.jsonl", 65536));

  REQUIRE(mkdir(home.audit().c_str(), 0700) == 0);
  CHECK(record_restored_at_rest(home, vault, clock));
  CHECK(vault.system_names("restored-").empty());
  CHECK(record_restored_at_rest(home, vault, clock));
  constexpr std::string_view kWhat =
      R"("type":"restored","at":"2027-01-15T08:00:00Z","backup_sha256":"b1","bindings_sha256":"p1")";
  CHECK(count_in_log(home, kWhat) == 1);
}

TEST_CASE("a restore over one that the log has not got yet takes its word along", "[I7]") {
  REQUIRE(vault::lock_memory());
  const test::TempHome temp;
  const test::TempHome other;
  vault::Vault now = make_vault(temp.home().vault());
  vault::Vault staged = make_vault(other.home().vault());
  REQUIRE(keep_restored({kThen, "b1", "p1"}, nullptr, now));
  REQUIRE(keep_restored({kThen - 1, "b0", "p0"}, nullptr, staged));  // said long ago
  REQUIRE(keep_restored({kThen + 1, "b2", "p2"}, &now, staged));
  CHECK(staged.system_names("restored-") ==
        std::vector<std::string>{"restored-" + std::to_string(kThen),
                                 "restored-" + std::to_string(kThen + 1)});
}

}  // namespace keyswap::cli
