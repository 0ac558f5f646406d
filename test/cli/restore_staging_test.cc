// SPDX-License-Identifier: Apache-2.0
//
// A backup is checked whole before anything is touched, and what only grows is never set back.
#include <algorithm>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/head.h"
#include "bindings/digest.h"
#include "bindings/policy_text.h"
#include "proxy/cli/backup_file.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/files.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/restore.h"
#include "proxy/limits/ledger_file.h"
#include "proxy/limits/sqlite_store.h"
#include "test/support/temp_home.h"
#include "vault/approval.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kDay = 20'000;
constexpr std::int64_t kNow = 1'800'000'000'000'000;

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

vault::Approval approval_number(std::uint64_t number) {
  vault::Approval approval;
  approval.number = number;
  approval.policy = vault::approved_policy(vault::policy_digest("a policy"), nullptr);
  return approval;
}

audit::Head head_at(std::uint64_t seq) {
  audit::Head head;
  head.seq = seq;
  return head;
}

void use(const Home& home, std::int64_t amount) {
  auto file = limits::LedgerFile::open(home.limits());
  REQUIRE(file);
  auto round = file->begin();
  REQUIRE(round);
  REQUIRE(file->add("account", kDay, amount));
  REQUIRE(round->commit());
}

std::int64_t used(const Home& home) {
  const auto rows = limits::read_usage(home.limits());
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  return rows->front().used;
}

// A home with a backup of it beside, and a folder to open that in.
class Scene {
 public:
  Scene() {
    REQUIRE(vault::lock_memory());
    auto made = vault::Vault::create(home().vault(), secret_of("passphrase"), 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    static_cast<void>(temp_.put("bindings.yaml", "version: 1\nsecrets: {}\n"));
    static_cast<void>(temp_.put("password", "passphrase"));
    REQUIRE(mkdir(folder().c_str(), 0700) == 0);
    unlock.password_file = temp_.path() + "/password";
    REQUIRE(vault::write_approval(*vault, approval_number(3)));
    REQUIRE(keep_head(home(), home().audit(), *vault, head_at(30)));
    use(home(), 5);
  }

  void back_up() {
    auto files = collect(home());
    REQUIRE(files);
    auto copy = vault->copy_file();
    REQUIRE(copy);
    auto rest = vault->seal_backup(*copy, pack(files.value()));
    REQUIRE(rest);
    bytes = encode_backup({std::move(*copy), std::move(*rest)});
    write();
  }

  void write() const { REQUIRE(write_file(file(), bytes, 0600)); }

  [[nodiscard]] Home home() const { return temp_.home(); }

  [[nodiscard]] std::string file() const { return temp_.path() + "/backup"; }

  [[nodiscard]] std::string folder() const { return temp_.path() + "/staged"; }

  [[nodiscard]] Outcome<StagedHome> stage() const {
    return stage_backup(file(), folder(), home(), unlock);
  }

  std::optional<vault::Vault> vault;
  UnlockOptions unlock;
  std::string bytes;

 private:
  test::TempHome temp_;
};

}  // namespace

TEST_CASE("what only grows is the larger of the home's and the backup's", "[I7]") {
  Scene scene;
  scene.back_up();
  const bool is_home_further = GENERATE(true, false);
  if (is_home_further) {
    REQUIRE(vault::write_approval(*scene.vault, approval_number(9)));
    REQUIRE(keep_head(scene.home(), scene.home().audit(), *scene.vault, head_at(90)));
    use(scene.home(), 4);
  } else {
    REQUIRE(vault::write_approval(*scene.vault, approval_number(1)));
    REQUIRE(keep_head(scene.home(), scene.home().audit(), *scene.vault, head_at(10)));
    use(scene.home(), -4);
  }
  auto staged = scene.stage();
  REQUIRE(staged);
  CHECK(vault::read_approval(staged->vault).value()->number == 3);
  CHECK(used(staged->home) == 5);
  REQUIRE_FALSE(keep_what_only_grows(scene.home(), kNow, staged.value()));
  CHECK(vault::read_approval(staged->vault).value()->number == (is_home_further ? 9 : 3));
  const auto head = kept_head(staged->home, staged->home.audit(), staged->vault);
  REQUIRE(head);
  CHECK((*head)->seq == (is_home_further ? 90 : 30));
  CHECK(used(staged->home) == (is_home_further ? 9 : 5));
}

TEST_CASE("a restore is kept in the vault that comes, for the audit log", "[I7]") {
  Scene scene;
  scene.back_up();
  auto staged = scene.stage();
  REQUIRE(staged);
  CHECK(staged->backup_sha256 == bindings::sha256_hex(scene.bytes));
  CHECK(staged->bindings_sha256 == bindings::sha256_hex("version: 1\nsecrets: {}\n"));
  REQUIRE_FALSE(keep_what_only_grows(scene.home(), kNow, staged.value()));
  CHECK(staged->vault.system_names("restored-").size() == 1);
}

TEST_CASE("no restore beside a proxy that lives, whatever became of its lock file", "[I13]") {
  Scene scene;
  scene.back_up();
  auto staged = scene.stage();
  REQUIRE(staged);
  CHECK_FALSE(refuse_beside_proxy(scene.home(), staged.value()));
  Confirmation confirmation(scene.home(), *scene.vault, {"root", "policy"});
  REQUIRE(confirmation.tell());
  const auto problem = refuse_beside_proxy(scene.home(), staged.value());
  REQUIRE(problem);
  CHECK(problem->exit == Exit::cannot);
  CHECK(problem->what.find("pid " + std::to_string(getpid())) != std::string::npos);
}

TEST_CASE("a backup of which one byte is another is refused, and so is what is none", "[I13]") {
  Scene scene;
  scene.back_up();
  const std::string whole = scene.bytes;
  for (const std::size_t place : {std::size_t{0}, whole.size() / 2, whole.size() - 20}) {
    scene.bytes = whole;
    scene.bytes[place] = static_cast<char>(scene.bytes[place] ^ 1);
    scene.write();
    INFO("byte " << place);
    const auto staged = scene.stage();
    REQUIRE_FALSE(staged);
    CHECK(staged.failure().exit == Exit::no);
  }
  for (const std::size_t size : {std::size_t{0}, whole.size() - 1}) {
    scene.bytes = whole.substr(0, size);
    scene.write();
    INFO("cut at " << size);
    const auto staged = scene.stage();
    REQUIRE_FALSE(staged);
    CHECK(staged.failure().exit == Exit::no);
  }
}

TEST_CASE("a backup opens by what opened its vault when it was made, not by what does now") {
  Scene scene;
  scene.back_up();
  REQUIRE(scene.vault->change_passphrase(secret_of("another one")));
  REQUIRE(scene.stage());
}

TEST_CASE("another vault's home is not overwritten, and a damaged one does not stop a restore") {
  Scene scene;
  scene.back_up();
  auto staged = scene.stage();
  REQUIRE(staged);
  scene.vault.reset();
  REQUIRE(unlink(scene.home().vault().c_str()) == 0);
  if (GENERATE(true, false)) {
    REQUIRE(vault::Vault::create(scene.home().vault(), secret_of("other"), 1));
    const auto problem = keep_what_only_grows(scene.home(), kNow, staged.value());
    REQUIRE(problem);
    CHECK(problem->exit == Exit::usage);
  } else {
    REQUIRE(write_file(scene.home().vault(), "damaged", 0600));
    CHECK_FALSE(keep_what_only_grows(scene.home(), kNow, staged.value()));
    CHECK(used(staged->home) == 5);
  }
}

TEST_CASE("a key file that does not open the backup's vault goes away with the old home") {
  Scene scene;
  REQUIRE(scene.vault->set_key(secret_of("the key")));
  REQUIRE(write_file(scene.home().key(), "the key\n", 0600));
  scene.back_up();
  auto staged = scene.stage();
  REQUIRE(staged);
  CHECK(misfits(scene.home(), staged.value()).empty());
  REQUIRE(write_file(scene.home().key(), "a later key\n", 0600));
  CHECK(misfits(scene.home(), staged.value()) == std::vector<std::string>{"key"});
}

}  // namespace keyswap::cli
