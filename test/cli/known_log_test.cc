// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/known_log.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "proxy/cli/approval.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/kept_head.h"
#include "test/support/temp_home.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

// A home whose vault has a key for logs, and whose log `serve` writes where `audit.path` says.
struct ServedHome {
  ServedHome() {
    REQUIRE(vault::lock_memory());
    auto made = vault::Vault::create(home.vault(), secret_of("passphrase"), 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    const auto seed = vault::make_signing_seed();
    REQUIRE(seed);
    REQUIRE(vault->put_system(kSigningSeedName, *seed));
    key = vault::SigningKey::of(*seed)->public_key();
  }

  [[nodiscard]] std::string folder(const std::string& name) const { return home.path + "/" + name; }

  [[nodiscard]] std::string yaml(const std::string& name) const {
    return "version: 1\nsecrets: {}\naudit: { path: " + folder(name) + " }\n";
  }

  void write(const std::string& name) const {
    CHECK(temp.put("bindings.yaml", yaml(name)) == home.bindings());
  }

  [[nodiscard]] KnownLog known(const std::string& named = "") const {
    auto log = known_log(home, *vault, named);
    REQUIRE(log);
    return std::move(log).value();
  }

  test::TempHome temp;
  Home home = temp.home();
  std::optional<vault::Vault> vault;
  std::array<std::uint8_t, 32> key{};
};

}  // namespace

TEST_CASE("the log that the vault knows is where it was written, whatever the bindings say now",
          "[I7]") {
  ServedHome served;
  served.write("one");
  CHECK(served.known().folder == served.folder("one"));  // by the file, as long as nothing is known
  const AuditPlace place{served.folder("one"), served.folder("one.d")};
  REQUIRE_FALSE(prepare_audit_folder(served.home, place, *served.vault));
  served.write("another");
  CHECK(served.known().folder == served.folder("one"));
  const AuditPlace own{served.home.audit(), ""};
  REQUIRE_FALSE(remember_audit_folder(served.home, own, *served.vault));
  CHECK(served.known().folder == served.home.audit());
}

TEST_CASE("before a log was written it is where the approved policy puts it", "[I7][I17]") {
  ServedHome served;
  served.write("one");
  const auto nothing = nothing_approved(vault::ApprovalMode::passphrase);
  REQUIRE_FALSE(approve(served.home, *served.vault, nothing, {served.yaml("one"), {}}, {}));
  served.write("another");
  CHECK(served.known().folder == served.folder("one"));
  CHECK(approved_audit_place(served.home, *served.vault).folder == served.folder("one"));
}

TEST_CASE("its key and its head are the vault's", "[I7]") {
  ServedHome served;
  served.write("one");
  CHECK(served.known().public_key == served.key);
  CHECK_FALSE(served.known().head);
  audit::Head head;
  head.seq = 7;
  REQUIRE(keep_head(served.home, served.folder("one"), *served.vault, head));
  CHECK(served.known().head == head);
  CHECK(served.known(served.folder("one")).head == head);
  CHECK_FALSE(served.known(served.folder("copy")).head);
}

}  // namespace keyswap::cli
