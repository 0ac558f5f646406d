// SPDX-License-Identifier: Apache-2.0
//
// One vault file, several users of it: other processes, other threads, and somebody who spoils it.
#include <atomic>
#include <chrono>
#include <thread>

#include "proxy/base/bounds.h"
#include "test/vault/sample.h"
#include "vault/vault.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::kNow;
using sample::kOpenAiValue;
using sample::name_of;
using sample::secret_of;

SecretInfo info_of(const Vault& vault, std::string_view name) {
  for (SecretInfo& info : vault.list()) {
    if (info.name.text() == name) {
      return info;
    }
  }
  FAIL("not listed: " << name);
  return {};
}

}  // namespace

TEST_CASE("VA-15 two writers at once lose nothing") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault one = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  constexpr int kEach = 20;
  const auto add_all = [](Vault& vault, const std::string& prefix, int& added) {
    for (int i = 0; i < kEach; ++i) {
      const auto name = SecretName::parse(prefix + std::to_string(i));
      const auto value = Secret::copy_of(prefix + "-value-" + std::to_string(i));
      added += vault.add(*name, "", *value, kNow) ? 1 : 0;
    }
  };
  int added_by_one = 0;
  int added_by_other = 0;
  std::thread thread([&] { add_all(one, "one", added_by_one); });
  add_all(other, "other", added_by_other);
  thread.join();
  REQUIRE(added_by_one == kEach);
  REQUIRE(added_by_other == kEach);
  REQUIRE(one.refresh());
  REQUIRE(other.refresh());
  REQUIRE(one.list().size() == 2 + 2 * kEach);
  REQUIRE(other.list().size() == 2 + 2 * kEach);
  REQUIRE(sample::fetches(one, "other19", "other-value-19"));
  REQUIRE(sample::fetches(other, "one0", "one-value-0"));
  // The second to add a name is told so, although it had not read the first's.
  REQUIRE(one.add(name_of("BOTH"), "", secret_of("1"), kNow));
  REQUIRE(other.add(name_of("BOTH"), "", secret_of("2"), kNow).error().code ==
          Errc::already_exists);
  REQUIRE(sample::fetches(other, "BOTH", "1"));
}

TEST_CASE("VA-14 who reads while another rotates gets the old value or the new one, entirely",
          "[I14]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault reader = sample::open_vault(path);
  Vault writer = sample::open_vault(path);
  const std::string a(300, 'a');
  const std::string b(500, 'b');
  REQUIRE(writer.rotate(name_of("STRIPE_KEY"), secret_of(a), kNow));
  REQUIRE(reader.refresh());
  std::atomic<bool> is_done{false};
  int failures = 0;
  int reads = 0;
  std::thread thread([&] {
    while (!is_done) {
      const auto value = reader.fetch(name_of("STRIPE_KEY"), kNow);
      failures += value && (value->reveal() == a || value->reveal() == b) ? 0 : 1;
      ++reads;
    }
  });
  int errors = 0;
  for (int i = 0; i < 30; ++i) {
    const auto value = Secret::copy_of(i % 2 == 0 ? b : a);
    errors += writer.rotate(name_of("STRIPE_KEY"), *value, kNow + i) ? 0 : 1;
    errors += reader.refresh() ? 0 : 1;
  }
  is_done = true;
  thread.join();
  REQUIRE(errors == 0);
  REQUIRE(failures == 0);
  REQUIRE(reads > 0);
  REQUIRE(sample::fetches(reader, "STRIPE_KEY", a));
}

TEST_CASE("A refresh takes over what another process did, and keeps the uses not yet saved") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow));
  REQUIRE(other.add(name_of("A"), "", secret_of("a"), kNow));
  REQUIRE(other.remove(name_of("STRIPE_KEY")));
  REQUIRE_FALSE(vault.has(name_of("A")));
  REQUIRE(vault.refresh());
  REQUIRE(sample::fetches(vault, "A", "a"));
  REQUIRE_FALSE(vault.has(name_of("STRIPE_KEY")));
  REQUIRE(info_of(vault, "OPENAI_API_KEY").last_used_at == kNow);
  REQUIRE(vault.save_usage());
  REQUIRE(other.refresh());
  REQUIRE(info_of(other, "OPENAI_API_KEY").last_used_at == kNow);
}

TEST_CASE("VA-04 a running process notices a spoilt or older file, and opens nothing more",
          "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const std::string old_file = sample::read_file(path);
  Vault vault = sample::open_vault(path);
  REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow));
  Errc expected = Errc::corrupt;
  FileFault fault = FileFault::damaged;
  SECTION("a row changed") {
    sample::run_sql(path, "UPDATE credentials SET service='x'");
  }
  SECTION("the whole older file written back") {
    // Through SQLite, as a restore in place would do it: the new content is whole and well sealed.
    sample::write_file(dir.file("old.db"), old_file);
    const auto old = sample::load_sample(dir.file("old.db"));
    REQUIRE(old);
    const auto manifest =
        sample::sample_sealer().seal_manifest(manifest_of(old->generation, old->digests));
    REQUIRE(manifest);
    auto store = Store::open(path);
    REQUIRE(store);
    const auto rows = store->read_credentials();
    REQUIRE(rows);
    for (const CredentialRow& row : *rows) {
      if (row.name == "A") {
        REQUIRE(store->remove(row.id));
      }
    }
    REQUIRE(store->write_manifest(*manifest));
    REQUIRE(sample::load_sample(path));  // good by itself
    expected = Errc::older;
    fault = FileFault::older;
  }
  SECTION("the file replaced by another") {
    sample::write_file(dir.file("old.db"), old_file);
    std::filesystem::rename(dir.file("old.db"), path);
    expected = Errc::replaced;
    fault = FileFault::replaced;
  }
  SECTION("a journal beside it that is not its own") {
    sample::write_file(dir.file("other"), old_file);
    std::filesystem::create_symlink(dir.file("other"), path + "-journal");
    expected = Errc::permission;
    fault = FileFault::unreadable;
  }
  SECTION("the file removed") {
    std::filesystem::remove(path);
    expected = Errc::replaced;
    fault = FileFault::replaced;
  }
  const auto refreshed = vault.refresh();
  REQUIRE_FALSE(refreshed);
  REQUIRE(refreshed.error().code == expected);
  REQUIRE(vault.file_fault() == fault);
  // A secret or a caller's token that was removed in the other file must not go on.
  REQUIRE(vault.fetch(name_of("A"), kNow).error().code == Errc::locked);
  REQUIRE(vault.matches_system("caller.ci", "x").error().code == Errc::locked);
  REQUIRE_FALSE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
  REQUIRE_FALSE(vault.add(name_of("B"), "", secret_of("b"), kNow));
  REQUIRE_FALSE(vault.has(name_of("B")));
}

TEST_CASE("VA-04 the file that was opened counts again once it is back at its place", "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  std::filesystem::rename(path, dir.file("aside.db"));
  REQUIRE_FALSE(vault.refresh());
  REQUIRE_FALSE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
  std::filesystem::rename(dir.file("aside.db"), path);
  REQUIRE(vault.refresh());
  REQUIRE(vault.file_fault() == FileFault::none);
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
}

TEST_CASE("A generation is told as it was read, apart from what the vault itself wrote") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  const std::uint64_t first = vault.generation();
  REQUIRE(vault.generation_read() == first);
  REQUIRE(vault.put_system("ca-key", secret_of("k")));
  REQUIRE(vault.generation() == first + 1);
  REQUIRE(vault.generation_read() == first);
  REQUIRE(other.add(name_of("A"), "", secret_of("a"), kNow));
  REQUIRE(other.generation() == first + 2);
  REQUIRE(vault.refresh());
  REQUIRE(vault.generation_read() == first + 2);
}

TEST_CASE("Of each entry it is known whether another process changed it, and when that was read",
          "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  const SecretName theirs = name_of("OPENAI_API_KEY");
  const SecretName ours = name_of("OURS");
  REQUIRE(vault.add(ours, "", secret_of("ours-0001"), kNow));
  CHECK(vault.read_in(ours) == 0);
  REQUIRE(other.rotate(theirs, secret_of("theirs-0001"), kNow));
  REQUIRE(vault.refresh());
  CHECK(vault.read_in(theirs) == vault.generation_read());
  CHECK(vault.read_in(ours) == 0);
  const auto first_read = vault.read_in(theirs);
  REQUIRE(vault.rotate(theirs, secret_of("theirs-0002"), kNow));  // by us
  CHECK(vault.read_in(theirs) == first_read);
  REQUIRE(other.rotate(ours, secret_of("ours-0002"), kNow));
  REQUIRE(vault.refresh());
  CHECK(vault.read_in(theirs) == first_read);
  CHECK(vault.read_in(ours) == vault.generation_read());
  REQUIRE(other.remove(theirs));
  REQUIRE(vault.refresh());
  CHECK_FALSE(vault.read_in(theirs));
}

TEST_CASE("A file that another process holds is waited for, then reported as locked") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  auto other = base::Database::open(path, base::Database::Mode::read_write);
  REQUIRE(other);
  auto transaction = base::Transaction::begin(*other);
  REQUIRE(transaction);
  REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow).error().code == Errc::locked);
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));  // reading needs no file
  REQUIRE(vault.refresh());
}

TEST_CASE("A vault that is told to wait less does", "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  auto other = base::Database::open(path, base::Database::Mode::read_write);
  REQUIRE(other);
  auto transaction = base::Transaction::begin(*other);
  REQUIRE(transaction);
  vault.set_patience(1);
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(vault.add(name_of("A"), "", secret_of("a"), kNow).error().code == Errc::locked);
  REQUIRE(std::chrono::steady_clock::now() - begun <
          std::chrono::milliseconds(base::bounds::kDatabaseBusyMs));
}

TEST_CASE("A locked vault gives out no secret and no caller's digest, and keeps its own", "[I13]") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  for (const LockedFor why : {LockedFor::unread, LockedFor::head, LockedFor::policy}) {
    vault.set_locked(why, true);
    REQUIRE(vault.is_locked());
    REQUIRE(vault.is_locked_for(why));
    REQUIRE(vault.fetch(name_of("OPENAI_API_KEY"), kNow).error().code == Errc::locked);
    REQUIRE(vault.matches_system("caller.ci", "x").error().code == Errc::locked);
    REQUIRE(vault.put_system("audit-head", secret_of("h")));
    REQUIRE(vault.fetch_system("audit-head"));
    vault.set_locked(why, false);
    REQUIRE_FALSE(vault.is_locked());
  }
  REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
}

}  // namespace keyswap::vault
