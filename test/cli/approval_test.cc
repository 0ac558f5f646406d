// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"
#include "test/support/temp_home.h"
#include "test/vault/sample.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;
namespace sample = vault::sample;
using bindings::PolicyText;

const PolicyText kOne{"version: 1\nsecrets: {}\n", {"roots"}};
const PolicyText kTwo{"version: 1\nsecrets: {}\ntls_termination: all\n", {"roots"}};
const PolicyText kThree{"version: 1\nsecrets: {}\nmisplaced_placeholder: refuse\n", {"roots"}};

// A home with a vault that opens, in which kOne is approved, and its bindings.yaml.
struct ApprovedHome {
  explicit ApprovedHome(vault::ApprovalMode mode = vault::ApprovalMode::passphrase) {
    const sample::TempDir made;
    fs::copy_file(sample::make_sample(made), home.vault());
    static_cast<void>(temp.put("bindings.yaml", kOne.bindings));
    vault.emplace(sample::open_vault(home.vault()));
    REQUIRE_FALSE(approve(home, *vault, nothing_approved(mode), kOne, {}));
  }

  [[nodiscard]] Approved standing(const PolicyText& policy) const {
    auto found = standing_of(*vault, policy);
    REQUIRE(found);
    return std::move(found).value();
  }

  test::TempHome temp;
  Home home = temp.home();
  std::optional<vault::Vault> vault;
};

std::size_t kept_texts(const Home& home) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(home.approved()), {}));
}

// Is what stands in the home's bindings.yaml approved, for whoever starts on this copy of it?
bool would_start(const std::string& copy) {
  const Home home{copy};
  const auto vault = sample::open_vault(home.vault());
  const auto text = read_file(home.bindings(), 1000);
  REQUIRE(text);
  auto found = standing_of(vault, {*text, kOne.roots});
  REQUIRE(found);
  return found->standing == Standing::approved;
}

}  // namespace

TEST_CASE("what was approved stands, and no other byte of it", "[I17]") {
  const ApprovedHome made;
  CHECK(made.standing(kOne).standing == Standing::approved);
  CHECK(made.standing(kTwo).standing == Standing::unapproved);
  CHECK(made.standing({kOne.bindings, {"other roots"}}).standing == Standing::unapproved);
  CHECK(made.standing({kOne.bindings, {}}).standing == Standing::unapproved);
  CHECK(made.standing({kOne.bindings + "\n", kOne.roots}).standing == Standing::unapproved);
}

TEST_CASE("a vault without an approval says so", "[I17]") {
  const sample::TempDir dir;
  const auto vault = sample::open_vault(sample::make_sample(dir));
  auto found = standing_of(vault, kOne);
  REQUIRE(found);
  CHECK(found->standing == Standing::never);
  CHECK(approves_itself(found.value()));
}

TEST_CASE("only a home of that kind approves itself", "[I17]") {
  CHECK_FALSE(approves_itself(nothing_approved(vault::ApprovalMode::passphrase)));
  CHECK_FALSE(approves_itself(nothing_approved(vault::ApprovalMode::own_passphrase)));
  CHECK(approves_itself(nothing_approved(vault::ApprovalMode::key)));
}

TEST_CASE("another policy takes the place of the one before, which is approved no more", "[I17]") {
  ApprovedHome made;
  REQUIRE_FALSE(approve(made.home, *made.vault, made.standing(kTwo), kTwo, {}));
  CHECK(made.standing(kTwo).standing == Standing::approved);
  CHECK(made.standing(kTwo).approval->number == 2);
  CHECK(made.standing(kOne).standing == Standing::unapproved);
  CHECK(kept_texts(made.home) == 1);
}

TEST_CASE("a kept text that somebody changed or put back is not believed", "[I17]") {
  ApprovedHome made;
  const auto digest = vault::policy_digest(bindings::encode_policy(kOne));
  const std::string path = made.home.approved() + "/" + base::to_hex(digest);
  LoadedPolicy after;
  after.text = kTwo;
  auto parsed = parse_bindings(kTwo.bindings, made.home.path);
  after.policy.bindings = std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
  const auto changes = [&] {
    return changes_of(made.home, made.standing(kTwo), made.home.bindings(), after);
  };
  const auto whole = changes();
  CHECK(std::ranges::find(whole, "  + 3: tls_termination: all") != whole.end());
  CHECK(std::ranges::find(whole, "  + 1: version: 1") == whole.end());
  // A text in which the change was approved already would hide it.
  REQUIRE(write_file(path, bindings::encode_policy(kTwo), 0600));
  const auto forged = changes();
  CHECK(std::ranges::find(forged, "  + 3: tls_termination: all") != forged.end());
  CHECK(std::ranges::find(forged, "  + 1: version: 1") != forged.end());
  CHECK(made.standing(kTwo).standing == Standing::unapproved);
}

TEST_CASE("while a command replaces the file, whatever ends it leaves an approved one", "[I17]") {
  ApprovedHome made;
  const sample::TempDir copies;
  const auto copy_to = [&](const char* name) {
    fs::copy(made.home.path, copies.file(name), fs::copy_options::recursive);
    return copies.file(name);
  };
  std::string before_it;
  std::string after_it;
  const auto replace = [&]() -> Problem {
    before_it = copy_to("before");
    REQUIRE(write_file(made.home.bindings(), kTwo.bindings, 0600));
    after_it = copy_to("after");
    return std::nullopt;
  };
  REQUIRE_FALSE(
      approve_and_replace(made.home, *made.vault, made.standing(kOne), kTwo, {}, replace));
  CHECK(would_start(before_it));
  CHECK(would_start(after_it));
  CHECK(would_start(made.home.path));
  CHECK(made.standing(kOne).standing == Standing::unapproved);
  // The next start ends it: one policy is approved, and nothing of the other one is kept.
  for (const auto& [copy, policy] : {std::pair{before_it, kOne}, std::pair{after_it, kTwo}}) {
    const Home home{copy};
    auto vault = sample::open_vault(home.vault());
    auto found = standing_of(vault, policy);
    REQUIRE(found);
    REQUIRE_FALSE(settle(home, vault, found.value(), policy));
    CHECK(standing_of(vault, policy)->standing == Standing::approved);
    const PolicyText& other = policy.bindings == kOne.bindings ? kTwo : kOne;
    CHECK(standing_of(vault, other)->standing == Standing::unapproved);
    CHECK(kept_texts(home) == 1);
  }
}

TEST_CASE("a file that cannot be replaced leaves what was approved", "[I17]") {
  ApprovedHome made;
  const auto refuse = []() -> Problem {
    return Failure{Exit::cannot, "no", ""};
  };
  CHECK(approve_and_replace(made.home, *made.vault, made.standing(kOne), kTwo, {}, refuse));
  CHECK(made.standing(kOne).standing == Standing::approved);
  CHECK(made.standing(kTwo).standing == Standing::unapproved);
  CHECK(kept_texts(made.home) == 1);
}

TEST_CASE("nothing is removed but texts of ours, and none where the folder is a link", "[I17]") {
  ApprovedHome made;
  const std::string letter = made.home.approved() + "/letter";
  REQUIRE(write_file(letter, "canary", 0600));
  REQUIRE_FALSE(approve(made.home, *made.vault, made.standing(kTwo), kTwo, {}));
  CHECK(fs::exists(letter));
  CHECK(kept_texts(made.home) == 2);

  const std::string documents = made.home.path + "/documents";
  fs::rename(made.home.approved(), documents);
  fs::create_directory_symlink(documents, made.home.approved());
  CHECK(approve(made.home, *made.vault, made.standing(kThree), kThree, {}));
  CHECK(made.standing(kThree).standing == Standing::unapproved);
  CHECK(made.standing(kTwo).standing == Standing::approved);
  CHECK(std::distance(fs::directory_iterator(documents), {}) == 2);
}

TEST_CASE("what was approved before and could not be taken back is told", "[I17]") {
  ApprovedHome made;
  // Somebody holds the file from the moment at which the new one is in place.
  std::optional<base::Database> other;
  std::optional<base::Transaction> held;
  const auto replace = [&]() -> Problem {
    auto opened = base::Database::open(made.home.vault(), base::Database::Mode::read_write);
    REQUIRE(opened);
    other.emplace(std::move(*opened));
    auto begun = base::Transaction::begin(*other);
    REQUIRE(begun);
    held.emplace(std::move(*begun));
    return std::nullopt;
  };
  const auto told =
      approve_and_replace(made.home, *made.vault, made.standing(kOne), kTwo, {}, replace);
  REQUIRE(told);
  CHECK(told->what.find("what was approved before it still is") != std::string::npos);
  held.reset();
  other.reset();
  CHECK(made.standing(kOne).standing == Standing::approved);
  // `bindings approve` ends it.
  REQUIRE_FALSE(settle(made.home, *made.vault, made.standing(kTwo), kTwo));
  CHECK(made.standing(kOne).standing == Standing::unapproved);
}

TEST_CASE("an approval whose text cannot be kept is none", "[I17]") {
  ApprovedHome made;
  fs::remove_all(made.home.approved());
  static_cast<void>(made.temp.put("approved", "no folder"));
  const auto never = []() -> Problem {
    FAIL("the file was replaced");
    return std::nullopt;
  };
  CHECK(approve(made.home, *made.vault, made.standing(kTwo), kTwo, {}));
  CHECK(approve_and_replace(made.home, *made.vault, made.standing(kTwo), kThree, {}, never));
  CHECK(made.standing(kOne).standing == Standing::approved);
  CHECK(made.standing(kTwo).standing == Standing::unapproved);
  CHECK(made.standing(kThree).standing == Standing::unapproved);
}

TEST_CASE("a kept text that is gone is kept anew, and refuses nothing", "[I17]") {
  ApprovedHome made;
  fs::remove_all(made.home.approved());
  const Approved found = made.standing(kOne);
  REQUIRE(found.standing == Standing::approved);
  REQUIRE_FALSE(settle(made.home, *made.vault, found, kOne));
  CHECK(kept_texts(made.home) == 1);
}

TEST_CASE("with a passphrase of its own an approval takes that one, not the vault's", "[I17]") {
  ApprovedHome made;
  auto fresh = nothing_approved(sample::secret_of("only for changes"), sample::kNow);
  REQUIRE(fresh);
  REQUIRE_FALSE(approve(made.home, *made.vault, fresh->before, kTwo, fresh->key));
  CHECK(made.standing(kTwo).standing == Standing::approved);
  // Who holds the vault, and not that passphrase, approves nothing.
  REQUIRE_FALSE(approve(made.home, *made.vault, made.standing(kThree), kThree, {}));
  CHECK(made.standing(kThree).standing == Standing::unapproved);
  const std::string file = made.temp.put("wrong", "another\n");
  auto refused = open_approval_key(made.standing(kTwo), {file});
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().what == "wrong passphrase for approvals");
  const std::string right = made.temp.put("right", "only for changes\n");
  auto opened = open_approval_key(made.standing(kTwo), {right});
  REQUIRE(opened);
  REQUIRE_FALSE(approve(made.home, *made.vault, made.standing(kThree), kThree, opened.value()));
  CHECK(made.standing(kThree).standing == Standing::approved);
}

}  // namespace keyswap::cli
