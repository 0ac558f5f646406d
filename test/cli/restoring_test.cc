// SPDX-License-Identifier: Apache-2.0
//
// A restore that is stopped at any step is gone on with, and ends with the home of the backup.
#include "proxy/cli/restoring.h"

#include <cstdio>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/cli/files.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

constexpr const char* kBefore = "before-restore-x";

std::string content(const Home& home, const std::string& name) {
  const auto text = read_file(home.path + "/" + name, 1024);
  return text ? *text : "none";
}

bool exists(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

// A home, and one to take its place that is whole.
void prepare(const test::TempHome& temp) {
  const Home home = temp.home();
  REQUIRE(write_files(home.path,
                      {{"bindings.yaml", "old"},
                       {"ca.pem", "old"},
                       {"ca-old.pem", "old"},
                       {"approved/old", "old"},
                       {"roots/corp.pem", "old"},
                       {"roots.pem", "old"}}));
  static_cast<void>(temp.put("vault.db", "old"));
  static_cast<void>(temp.put("vault.db-journal", "old"));
  static_cast<void>(temp.put("key", "old"));
  REQUIRE(mkdir(home.audit().c_str(), 0700) == 0);
  static_cast<void>(temp.put("audit/audit-000001.jsonl", "log"));
  const std::string made = home.path + "/made";
  REQUIRE(mkdir(made.c_str(), 0700) == 0);
  REQUIRE(write_files(made,
                      {{"bindings.yaml", "new"},
                       {"ca.pem", "new"},
                       {"approved/new", "new"},
                       {"roots/corp.pem", "new"},
                       {"roots.pem", "new"}}));
  REQUIRE(write_file(made + "/vault.db", "new", 0600));
  REQUIRE(write_plan(made, kBefore, {"key"}));
}

void check_new(const Home& home) {
  CHECK(content(home, "vault.db") == "new");
  CHECK(content(home, "bindings.yaml") == "new");
  CHECK(content(home, "ca.pem") == "new");
  CHECK(content(home, "approved/new") == "new");
  // What the bindings name in the home is in a backup, and no part of every home.
  CHECK(content(home, "roots/corp.pem") == "new");
  CHECK(content(home, "roots.pem") == "new");
  CHECK_FALSE(exists(home.path + "/approved/old"));
  // One that the backup does not have; and what SQLite would play into the new vault.
  CHECK_FALSE(exists(home.old_ca()));
  CHECK_FALSE(exists(home.vault() + "-journal"));
  CHECK_FALSE(exists(home.key()));
  CHECK(content(home, "audit/audit-000001.jsonl") == "log");
  for (const char* name : {"vault.db",
                           "vault.db-journal",
                           "key",
                           "ca-old.pem",
                           "approved/old",
                           "roots/corp.pem",
                           "roots.pem"}) {
    CHECK(content(home, std::string(kBefore) + "/" + name) == "old");
  }
  CHECK_FALSE(exists(restored_folder(home)));
  CHECK_FALSE(exists(restored_folder(home) + ".moving"));
  CHECK_FALSE(exists(home.path + "/.plan"));
}

}  // namespace

TEST_CASE("a restore that is killed at any step ends with the next command, whole", "[I13]") {
  bool is_ended = false;
  for (int steps = 0; !is_ended; ++steps) {
    INFO("killed before step " << steps);
    const test::TempHome temp;
    prepare(temp);
    REQUIRE_FALSE(finish_restore(temp.home()));  // nothing has begun
    CHECK(content(temp.home(), "vault.db") == "old");
    REQUIRE(std::rename((temp.path() + "/made").c_str(), restored_folder(temp.home()).c_str()) ==
            0);
    int left = steps;
    is_ended = !finish_restore(temp.home(), [&] { return left-- > 0; });
    REQUIRE_FALSE(finish_restore(temp.home()));
    check_new(temp.home());
    REQUIRE(steps < 50);
  }
}

TEST_CASE("what an earlier restore put away is not overwritten by a later one of that second") {
  const test::TempHome temp;
  CHECK(free_before_name(temp.home(), "20261201T035300Z") == "before-restore-20261201T035300Z");
  REQUIRE(mkdir((temp.path() + "/before-restore-20261201T035300Z").c_str(), 0700) == 0);
  CHECK(free_before_name(temp.home(), "20261201T035300Z") == "before-restore-20261201T035300Z-2");
  REQUIRE(mkdir((temp.path() + "/before-restore-20261201T035300Z-2").c_str(), 0700) == 0);
  CHECK(free_before_name(temp.home(), "20261201T035300Z") == "before-restore-20261201T035300Z-3");
}

TEST_CASE("a folder that no restore made is not taken for one") {
  const test::TempHome temp;
  const Home home = temp.home();
  REQUIRE(mkdir(restored_folder(home).c_str(), 0700) == 0);
  static_cast<void>(temp.put("vault.db", "old"));
  static_cast<void>(temp.put("restored/vault.db", "new"));
  const auto problem = finish_restore(home);
  REQUIRE(problem);
  CHECK(problem->what.find("no restore") != std::string::npos);
  CHECK(content(home, "vault.db") == "old");
}

}  // namespace keyswap::cli
