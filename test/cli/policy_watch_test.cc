// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/policy_watch.h"

#include <catch2/catch.hpp>

#include "test/support/temp_home.h"
#include "test/vault/sample.h"

namespace keyswap::cli {

namespace {

namespace sample = vault::sample;
using audit::ApprovalEvent;

// A home with a vault that opens and never had an approval.
struct OldHome {
  OldHome() {
    const sample::TempDir made;
    std::filesystem::copy_file(sample::make_sample(made), home.vault());
    vault.emplace(sample::open_vault(home.vault()));
  }

  [[nodiscard]] LoadedPolicy policy(const std::string& more = "") const {
    LoadedPolicy loaded;
    loaded.text.bindings = "version: 1\nsecrets: {}\n" + more;
    auto parsed = parse_bindings(loaded.text.bindings, home.path);
    REQUIRE(parsed.errors.empty());
    loaded.policy.bindings = std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
    return loaded;
  }

  [[nodiscard]] PolicyWatch watch() const { return {home, home.bindings()}; }

  test::TempHome temp;
  Home home = temp.home();
  std::optional<vault::Vault> vault;
};

const std::string kChange = "tls_termination: all\n";

Problem anywhere(const bindings::Bindings& /*bindings*/) {
  return std::nullopt;
}

}  // namespace

TEST_CASE("a home from before approvals has its policy approved as it is, once it serves",
          "[I17]") {
  OldHome old;
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(), {}));
  REQUIRE(watch.told_at_start());
  CHECK(watch.told_at_start()->event == ApprovalEvent::first);
  // A start that fails leaves the home as it was.
  CHECK(standing_of(*old.vault, old.policy().text)->standing == Standing::never);
  watch.keep(*old.vault);
  CHECK(standing_of(*old.vault, old.policy().text)->standing == Standing::approved);

  // It never happens again.
  PolicyWatch next = old.watch();
  const auto refused = next.accept_first(*old.vault, old.policy(kChange), {});
  REQUIRE(refused);
  CHECK(refused->exit == Exit::no);
  CHECK(refused->hint.find("keyswap bindings approve") != std::string::npos);
  REQUIRE(next.told_at_start());
  CHECK(next.told_at_start()->event == ApprovalEvent::refused);
  CHECK(next.told_at_start()->number == 1);
}

TEST_CASE("a reload with what nobody approved leaves what is in force", "[I17]") {
  OldHome old;
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(), {}));
  watch.keep(*old.vault);
  const auto refused = watch.accept(*old.vault, old.policy(kChange));
  CHECK_FALSE(refused.policy);
  REQUIRE(refused.approval);
  CHECK(refused.approval->event == ApprovalEvent::refused);
  CHECK(refused.approval->number == 1);
  CHECK(refused.approval->bindings_sha256 == old.policy(kChange).policy.bindings->sha256);
  // Back again, there is nothing to tell.
  const auto same = watch.accept(*old.vault, old.policy());
  CHECK(same.policy);
  CHECK_FALSE(same.approval);
  // Once somebody approved it, it comes into force.
  const auto wanted = old.policy(kChange);
  auto standing = standing_of(*old.vault, wanted.text);
  REQUIRE_FALSE(approve(old.home, *old.vault, standing.value(), wanted.text, {}));
  const auto renewed = watch.accept(*old.vault, wanted);
  CHECK(renewed.policy);
  REQUIRE(renewed.approval);
  CHECK(renewed.approval->event == ApprovalEvent::renewed);
  CHECK(renewed.approval->number == 2);
}

TEST_CASE("what is approved no more does not stay in force, whatever the file says", "[I17]") {
  OldHome old;
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(), {}));
  CHECK_FALSE(watch.hold(*old.vault, "", anywhere));  // nothing was approved yet
  watch.keep(*old.vault);
  CHECK_FALSE(watch.hold(*old.vault, "", anywhere));
  // Another process approves another one; nobody reads the file, which may be anything.
  static_cast<void>(old.temp.put("bindings.yaml", "garbage: ["));
  const auto wanted = old.policy(kChange);
  const auto approve_it = [&](const LoadedPolicy& policy) {
    auto standing = standing_of(*old.vault, policy.text);
    REQUIRE(standing);
    REQUIRE_FALSE(approve(old.home, *old.vault, standing.value(), policy.text, {}));
  };
  approve_it(wanted);
  const auto held = watch.hold(*old.vault, "", anywhere);
  REQUIRE(held);
  REQUIRE(held->policy);
  CHECK(held->policy->bindings->sha256 == wanted.policy.bindings->sha256);
  REQUIRE(held->approval);
  CHECK(held->approval->event == ApprovalEvent::renewed);
  CHECK(held->approval->number == 2);
  CHECK(watch.digest() == digest_of(wanted.text));
  CHECK_FALSE(watch.hold(*old.vault, "", anywhere));

  // Without its text there is none to put in force; once it is read from the file, there is.
  approve_it(old.policy());
  std::filesystem::remove_all(old.home.approved());
  for (int i = 0; i < 2; ++i) {
    const auto lost = watch.hold(*old.vault, "", anywhere);
    REQUIRE(lost);
    CHECK_FALSE(lost->policy);
  }
  CHECK(watch.digest() == digest_of(wanted.text));
  CHECK(watch.accept(*old.vault, old.policy()).policy);
  CHECK_FALSE(watch.hold(*old.vault, "", anywhere));
}

TEST_CASE("what is approved and may not be served where we listen is not put in force", "[I17]") {
  OldHome old;
  const std::string callers = "callers: [ci]\n";
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(callers), {}));
  watch.keep(*old.vault);
  const auto check = [](const bindings::Bindings& bindings) {
    return bindings.callers.empty() ? Problem(Failure{Exit::usage, "nobody is named", ""})
                                    : Problem();
  };
  const auto approve_it = [&](const LoadedPolicy& policy) {
    auto standing = standing_of(*old.vault, policy.text);
    REQUIRE(standing);
    REQUIRE_FALSE(approve(old.home, *old.vault, standing.value(), policy.text, {}));
  };
  approve_it(old.policy());
  for (int i = 0; i < 2; ++i) {  // it stays so, however often it is asked
    const auto held = watch.hold(*old.vault, "", check);
    REQUIRE(held);
    CHECK_FALSE(held->policy);
  }
  CHECK(watch.digest() == digest_of(old.policy(callers).text));
  const auto other = old.policy(callers + kChange);
  approve_it(other);
  const auto held = watch.hold(*old.vault, "", check);
  REQUIRE(held);
  REQUIRE(held->policy);
  CHECK(held->policy->bindings->sha256 == other.policy.bindings->sha256);
}

TEST_CASE("a kept text that somebody forged is not put in force", "[I17]") {
  OldHome old;
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(), {}));
  watch.keep(*old.vault);
  const auto wanted = old.policy(kChange);
  auto standing = standing_of(*old.vault, wanted.text);
  REQUIRE(standing);
  REQUIRE_FALSE(approve(old.home, *old.vault, standing.value(), wanted.text, {}));
  for (const auto& kept : std::filesystem::directory_iterator(old.home.approved())) {
    std::ofstream(kept.path()) << bindings::encode_policy(old.policy().text);
  }
  const auto held = watch.hold(*old.vault, "", anywhere);
  REQUIRE(held);
  CHECK_FALSE(held->policy);
}

TEST_CASE("where the key approves, a changed file comes into force", "[I17]") {
  OldHome old;
  PolicyWatch watch = old.watch();
  REQUIRE_FALSE(watch.accept_first(*old.vault, old.policy(), {true, {}}));
  watch.keep(*old.vault);
  const auto reloaded = watch.accept(*old.vault, old.policy(kChange));
  CHECK(reloaded.policy);
  CHECK_FALSE(reloaded.approval);
  CHECK(standing_of(*old.vault, old.policy(kChange).text)->standing == Standing::approved);

  PolicyWatch next = old.watch();
  REQUIRE_FALSE(next.accept_first(*old.vault, old.policy(), {true, {}}));
  CHECK_FALSE(next.told_at_start());
  CHECK(standing_of(*old.vault, old.policy().text)->standing == Standing::unapproved);
  next.keep(*old.vault);
  auto found = standing_of(*old.vault, old.policy().text);
  REQUIRE(found);
  CHECK(found->standing == Standing::approved);
  CHECK(found->approval->number == 3);
}

}  // namespace keyswap::cli
