// SPDX-License-Identifier: Apache-2.0
//
// A folder that is gone at the end, and a vault file of known content to spoil in it. The file
// comes from test/vectors/vault/v1.sql, so that a case pays for opening only, and so that a change
// of the format that forgets the vaults people have does not go unnoticed.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/sqlite.h"
#include "test/support/data.h"
#include "vault/contents.h"
#include "vault/vault.h"

namespace keyswap::vault::sample {

inline constexpr std::string_view kPassphrase = "correct horse battery staple";
inline constexpr std::string_view kOpenAiValue = "sk-proj-SAMPLE-7f3a9c51e2";
inline constexpr std::string_view kStripeValue = "sk_live_SAMPLE_4d1b88";
inline constexpr std::int64_t kNow = 1'750'000'000;

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "keyswap-vault-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }

  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  TempDir(TempDir&&) = delete;
  TempDir& operator=(TempDir&&) = delete;

  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

inline Secret secret_of(std::string_view bytes) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

inline SecretName name_of(std::string_view text) {
  auto name = SecretName::parse(text);
  REQUIRE(name);
  return *name;
}

// Runs SQL on the file as somebody who has it and no key.
inline void run_sql(const std::string& path, const std::string& sql) {
  auto database = base::Database::open(path, base::Database::Mode::read_write);
  REQUIRE(database);
  REQUIRE(database->execute(sql.c_str()));
}

inline std::string make_sample(const TempDir& dir, std::string_view name = "vault.db") {
  std::string path = dir.file(name);
  auto database = base::Database::open(path, base::Database::Mode::create_new);
  REQUIRE(database);
  const std::string sql = read_file(keyswap::test::tree_path("test/vectors/vault/v1.sql"));
  REQUIRE_FALSE(sql.empty());
  REQUIRE(database->execute(sql.c_str()));
  return path;
}

inline Vault open_vault(const std::string& path, std::string_view passphrase = kPassphrase) {
  auto vault = Vault::open(path, secret_of(passphrase));
  if (!vault) {
    FAIL("the vault did not open: " << vault.error().note.text());
  }
  return std::move(*vault);
}

// The sample's keys, so that a case may judge thousands of spoilt files without stretching for
// each.
inline const Sealer& sample_sealer() {
  static const Sealer sealer = [] {
    const TempDir dir;
    auto store = Store::open(make_sample(dir));
    const auto headers = store.value().read_headers();  // aborts if there is none
    const Header& header = headers.value().front();
    auto key = unwrap_data_key(header, secret_of(kPassphrase));
    return Sealer(std::move(key).value(), header.vault_id);
  }();
  return sealer;
}

// What Vault::open does, with the data key at hand.
inline base::Result<Contents> load_sample(const std::string& path) {
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  const auto headers = store->read_headers();
  if (!headers) {
    return headers.error();
  }
  for (const Header& header : *headers) {
    KS_TRY(check_header(header));
    if (header.vault_id != sample_sealer().vault_id()) {
      return base::Error{base::Errc::corrupt, "another vault"};
    }
  }
  return load_contents(*store, sample_sealer());
}

inline bool holds(const Contents& contents, std::string_view name, std::string_view value) {
  const auto found = contents.credentials.find(name_of(name));
  if (found == contents.credentials.end()) {
    return false;
  }
  const CredentialRow& row = found->second->row;
  const auto opened = sample_sealer().open_credential(identity_of(row), row.sealed);
  return opened && opened->reveal() == value;
}

inline bool fetches(const Vault& vault, std::string_view name, std::string_view value) {
  const auto secret = vault.fetch(name_of(name), kNow);
  return secret && secret->reveal() == value;
}

// Runs in a child process; true when it ended by itself and said true.
inline bool in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // The test framework's handlers would report the parent's case as failed.
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      static_cast<void>(std::signal(number, SIG_DFL));
    }
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace keyswap::vault::sample
