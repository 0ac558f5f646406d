// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_place.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

vault::Vault make_vault(const Home& home) {
  REQUIRE(vault::lock_memory());
  const auto passphrase = vault::Secret::copy_of("passphrase");
  REQUIRE(passphrase);
  auto vault = vault::Vault::create(home.vault(), *passphrase, 1);
  REQUIRE(vault);
  return std::move(*vault);
}

// A log's folder as `audit.path` names it, and what is done there by whoever can write beside it.
struct Place {
  test::TempHome temporary;
  Home home = temporary.home();
  vault::Vault vault = make_vault(home);
  std::string log = home.path + "/log";
  std::string beside = log + ".d";

  [[nodiscard]] AuditPlace now() const {
    bindings::Bindings bindings;
    bindings.audit_path = log;
    return audit_place(home, bindings);
  }

  [[nodiscard]] std::optional<std::string> lost() const {
    return lost_audit_folder(home, now(), vault);
  }

  void begin() { REQUIRE_FALSE(prepare_audit_folder(home, now(), vault)); }
};

}  // namespace

TEST_CASE("a log that was begun is lost when it is moved away, whatever is put in its place",
          "[I7][I13]") {
  Place place;
  place.begin();
  CHECK_FALSE(place.lost());
  std::filesystem::rename(place.log, place.home.path + "/moved");
  CHECK(place.lost() == place.log);
  SECTION("an empty folder beside") {
    std::filesystem::create_directory(place.beside);
    CHECK(place.now().folder == place.beside);
  }
  SECTION("a folder with something in it") {
    std::filesystem::create_directory(place.beside);
    CHECK(place.temporary.put("log.d/audit.pub", "x") == place.beside + "/audit.pub");
  }
  SECTION("a file") {
    CHECK(place.temporary.put("log", "x") == place.log);
    CHECK(place.now().folder == place.beside);
  }
  SECTION("a link that leads nowhere") {
    std::filesystem::create_symlink("nowhere", place.log);
    CHECK(place.now().folder == place.beside);
  }
  CHECK(place.lost() == place.log);
  CHECK(prepare_audit_folder(place.home, place.now(), place.vault));
}

TEST_CASE("a log beside a file is lost when a folder takes the file's place", "[I7][I13]") {
  Place place;
  CHECK(place.temporary.put("log", "x") == place.log);
  place.begin();
  CHECK(place.now().folder == place.beside);
  std::filesystem::remove(place.log);
  CHECK_FALSE(place.lost());
  std::filesystem::create_directory(place.log);
  CHECK(place.lost() == place.beside);
}

TEST_CASE("once a loss is accepted the lost folder is no longer the log", "[I7]") {
  Place place;
  place.begin();
  const std::string moved = place.home.path + "/moved";
  std::filesystem::rename(place.log, moved);
  std::filesystem::create_directory(place.beside);
  REQUIRE_FALSE(make_audit_folder(place.beside));
  CHECK(place.lost() == place.log);  // accept-loss was killed here: as before
  REQUIRE_FALSE(remember_audit_folder(place.home, place.now(), place.vault));
  CHECK_FALSE(place.lost());
  std::filesystem::rename(moved, place.log);  // the old one comes back
  CHECK(place.now().folder == place.log);
  CHECK(place.lost() == place.beside);
}

TEST_CASE("the log is where the last proxy said, whatever the bindings say since", "[I7]") {
  const test::TempHome temporary;
  const Home home = temporary.home();
  static_cast<void>(
      temporary.put("bindings.yaml", "version: 1\nsecrets: {}\naudit: { path: other }\n"));
  CHECK(audit_folder(home) == home.path + "/other");
  static_cast<void>(temporary.put("serve.lock", R"({"pid":1,"proxy":"","bindings":""})"));
  CHECK(audit_folder(home) == home.path + "/other");
  static_cast<void>(temporary.put("serve.lock", R"({"pid":1,"audit":"/var/log/keyswap"})"));
  CHECK(audit_folder(home) == "/var/log/keyswap");
  // Of a home that was moved, or copied, since.
  CHECK(name_of_audit_folder(home, home.audit()) == "home");
  static_cast<void>(temporary.put("serve.lock", R"({"pid":1,"audit":"home"})"));
  CHECK(audit_folder(home) == home.audit());
}

TEST_CASE("the home's own log is known by its name, not by where links lead", "[I7]") {
  const test::TempHome temporary;
  const Home home = temporary.home();
  CHECK(is_log_of_home(home, home.audit()));
  CHECK(is_log_of_home(home, home.path + "/./audit/"));
  std::filesystem::create_directory(home.audit());
  std::filesystem::create_directory_symlink(home.audit(), home.path + "/link");
  CHECK_FALSE(is_log_of_home(home, home.path + "/link"));
}

TEST_CASE("the home's own log is lost when a file takes its place, until another is the log",
          "[I7][I13]") {
  Place place;
  place.log = place.home.audit();
  place.beside = place.log + ".d";
  std::filesystem::create_directory(place.log);
  CHECK_FALSE(place.lost());
  std::filesystem::remove(place.log);
  CHECK(place.temporary.put("audit", "x") == place.log);
  CHECK(place.lost() == place.log);
  REQUIRE_FALSE(make_audit_folder(place.beside));
  REQUIRE_FALSE(remember_audit_folder(place.home, place.now(), place.vault));
  CHECK_FALSE(place.lost());
  std::filesystem::remove(place.log);
  std::filesystem::create_directory(place.log);
  CHECK(place.lost() == place.beside);
}

}  // namespace keyswap::cli
