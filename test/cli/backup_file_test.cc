// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/backup_file.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "test/support/temp_home.h"

namespace keyswap::cli {

TEST_CASE("a backup brings no file that is the home's own state, or lies elsewhere") {
  for (const char* name : {"bindings.yaml",
                           "ca.pem",
                           "ca-old.pem",
                           "limits.db",
                           "extra-roots.pem",
                           "keys.pem",
                           "approved/0123abcd",
                           "providers/mine.yaml"}) {
    CAPTURE(name);
    CHECK(is_backup_name(name));
  }
  for (const char* name : {"",
                           "/etc/passwd",
                           "../x",
                           "approved/../x",
                           "approved/",
                           "approved/a/b",
                           ".plan",
                           "approved/.x",
                           "a b",
                           "a\nb",
                           "key",
                           "key.new",
                           "vault.db",
                           "vault.db-journal",
                           "audit",
                           "audit/audit-000001.jsonl",
                           "serve.lock",
                           "restored",
                           "restored.moving/x",
                           "before-restore-1/x",
                           "clients/x"}) {
    CAPTURE(name);
    CHECK_FALSE(is_backup_name(name));
  }
}

TEST_CASE("files are packed and unpacked, and no part of them is taken for the whole") {
  const std::vector<BackedUp> files = {
      {"bindings.yaml", "version: 1\n"}, {"ca.pem", ""}, {"limits.db", std::string("\0\xff", 2)}};
  const std::string packed = pack(files);
  CHECK(unpack(packed) == files);
  CHECK(unpack("")->empty());
  for (std::size_t size = 1; size < packed.size(); ++size) {
    const auto part = unpack(std::string_view(packed).substr(0, size));
    REQUIRE((!part || *part != files));
  }
  CHECK_FALSE(unpack(pack({{"../x", ""}})));
  CHECK_FALSE(unpack(pack({{"ca.pem", ""}, {"ca.pem", "x"}})));
  // A length that no file has.
  CHECK_FALSE(unpack(std::string(8, '\xff') + "x"));
}

TEST_CASE("a backup's parts are read back, and another file is none") {
  const BackupParts parts{"the vault", {std::string(24, 'n'), "box"}};
  const std::string bytes = encode_backup(parts);
  const auto read = decode_backup(bytes);
  REQUIRE(read);
  CHECK(read->vault == parts.vault);
  CHECK(read->rest.nonce == parts.rest.nonce);
  CHECK(read->rest.box == parts.rest.box);
  CHECK_FALSE(decode_backup(""));
  CHECK_FALSE(decode_backup("SQLite format 3"));
  CHECK_FALSE(decode_backup(bytes.substr(0, 40)));
}

TEST_CASE("what a home has is collected; the key file and the log are not") {
  const test::TempHome temp;
  static_cast<void>(
      temp.put("bindings.yaml", "version: 1\nsecrets: {}\nupstream: { ca_file: roots.pem }\n"));
  static_cast<void>(temp.put("roots.pem", "roots"));
  static_cast<void>(temp.put("ca.pem", "ca"));
  static_cast<void>(temp.put("key", "the key"));
  static_cast<void>(temp.put("vault.db", "vault"));
  REQUIRE(mkdir((temp.path() + "/audit").c_str(), 0700) == 0);
  REQUIRE(mkdir((temp.path() + "/approved").c_str(), 0700) == 0);
  static_cast<void>(temp.put("audit/audit-000001.jsonl", "log"));
  static_cast<void>(temp.put("approved/0a", "text"));
  auto files = collect(temp.home());
  REQUIRE(files);
  std::vector<std::string> names;
  for (const BackedUp& file : files.value()) {
    names.push_back(file.name);
  }
  CHECK(names == std::vector<std::string>{"bindings.yaml", "ca.pem", "approved/0a", "roots.pem"});
  CHECK(roots_left_out(temp.home(), files.value()).empty());
  REQUIRE(find_file(files.value(), "roots.pem") != nullptr);
  CHECK(find_file(files.value(), "roots.pem")->bytes == "roots");
}

TEST_CASE("roots are found however they are named, and those that are left out are told") {
  const test::TempHome temp;
  static_cast<void>(temp.put("bindings.yaml",
                             "version: 1\nsecrets: {}\nupstream:\n  ca_file: [\"./roots.pem\", "
                             "\"my roots.pem\", \"audit.pem\", \"/etc/roots.pem\"]\n"));
  for (const char* name : {"roots.pem", "my roots.pem", "audit.pem"}) {
    static_cast<void>(temp.put(name, "roots"));
  }
  auto files = collect(temp.home());
  REQUIRE(files);
  CHECK(find_file(files.value(), "roots.pem") != nullptr);
  CHECK(roots_left_out(temp.home(), files.value()) ==
        std::vector<std::string>{
            temp.path() + "/my roots.pem", temp.path() + "/audit.pem", "/etc/roots.pem"});
}

TEST_CASE("a home that was changed is not the same, and one whose limits grew is") {
  const std::vector<BackedUp> files = {{"bindings.yaml", "a"}, {"limits.db", "1"}};
  CHECK(is_same_home(files, {{"bindings.yaml", "a"}, {"limits.db", "2"}}));
  CHECK(is_same_home(files, {{"bindings.yaml", "a"}}));
  CHECK_FALSE(is_same_home(files, {{"bindings.yaml", "b"}, {"limits.db", "1"}}));
  CHECK_FALSE(is_same_home(files, {{"bindings.yaml", "a"}, {"approved/0a", "text"}}));
}

}  // namespace keyswap::cli
