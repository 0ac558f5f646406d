// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_steps.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "test/support/temp_home.h"
#include "vault/arena.h"

namespace keyswap {
namespace {

using base::Errc;

// A file of this home, with that mode.
std::string put(const test::TempHome& home,
                const std::string& name,
                std::string_view bytes,
                mode_t mode = 0600) {
  const std::string path = home.path() + "/" + name;
  std::ofstream(path) << bytes;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

std::string read(const std::string& path) {
  REQUIRE(vault::lock_memory());
  const auto answer = cli::read_own_file({path});
  REQUIRE(std::holds_alternative<vault::EntryAnswer>(answer));
  return std::string(std::get<vault::EntryAnswer>(answer).value.reveal());
}

Errc refusal(const std::string& path) {
  REQUIRE(vault::lock_memory());
  const auto answer = cli::read_own_file({path});
  REQUIRE(std::holds_alternative<base::Error>(answer));
  return std::get<base::Error>(answer).code;
}

TEST_CASE("a source's file is read as it is, up to a secret's length") {
  const test::TempHome home;
  const std::string longest(base::bounds::kSecretBytesMax, 'x');
  CHECK(read(put(home, "token", "sesame\n")) == "sesame\n");
  CHECK(read(put(home, "read_only", "sesame", 0400)) == "sesame");
  CHECK(read(put(home, "longest", longest)) == longest);
  CHECK(read(put(home, "empty", "")).empty());
  CHECK(refusal(put(home, "longer", longest + "x")) == Errc::limit_exceeded);
}

TEST_CASE("what is read of a file takes the locked memory of its own length alone", "[I10]") {
  const test::TempHome home;
  const std::string path = put(home, "token", "sesame");
  REQUIRE(vault::lock_memory());
  const std::size_t before = vault::arena::free_bytes();
  const auto answer = cli::read_own_file({path});
  REQUIRE(std::holds_alternative<vault::EntryAnswer>(answer));
  CHECK(before - vault::arena::free_bytes() == vault::arena::block_size(6));
}

TEST_CASE("G16 a file that others may read, write or have put there is refused") {
  const test::TempHome home;
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0644}) {
    INFO(mode);
    CHECK(refusal(put(home, "loose", "sesame", mode)) == Errc::permission);
  }
  const std::string token = put(home, "token", "sesame");
  const std::string link = home.path() + "/link";
  REQUIRE(::symlink(token.c_str(), link.c_str()) == 0);
  CHECK(refusal(link) == Errc::permission);
  CHECK(refusal(home.path()) == Errc::permission);
  CHECK(refusal("token") == Errc::permission);
  const std::string pipe = home.path() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal(pipe) == Errc::permission);
  const std::string folder = home.path() + "/folder";
  std::filesystem::create_directory(folder);
  const std::string inside = put(home, "folder/token", "sesame");
  REQUIRE(::chmod(folder.c_str(), 0777) == 0);
  CHECK(refusal(inside) == Errc::permission);
}

TEST_CASE("what a platform mounts may be a link that others can read, and nobody else can write") {
  const test::TempHome home;
  REQUIRE(vault::lock_memory());
  const std::string token = put(home, "token", "sesame", 0644);
  const std::string link = home.path() + "/link";
  REQUIRE(::symlink(token.c_str(), link.c_str()) == 0);
  CHECK(std::holds_alternative<vault::EntryAnswer>(
      cli::read_own_file({.path = link, .is_mounted = true})));
  for (const mode_t mode : {0664, 0646}) {
    INFO(mode);
    put(home, "token", "sesame", mode);
    CHECK(std::holds_alternative<base::Error>(
        cli::read_own_file({.path = link, .is_mounted = true})));
  }
  // Nor may another have put it there, or what a link leads to. A sticky folder is no such.
  put(home, "token", "sesame", 0644);
  const std::string mount = home.path() + "/mount";
  std::filesystem::create_directory(mount);
  REQUIRE(::symlink(token.c_str(), (mount + "/link").c_str()) == 0);
  for (const mode_t mode : {0777, 01777}) {
    INFO(mode);
    REQUIRE(::chmod(mount.c_str(), mode) == 0);
    const auto answer = cli::read_own_file({.path = mount + "/link", .is_mounted = true});
    CHECK(std::holds_alternative<base::Error>(answer) == (mode == 0777));
  }
}

TEST_CASE("a credential of systemd is one name in its folder") {
  const test::TempHome home;
  put(home, "bws", "sesame\n", 0440);
  REQUIRE(::unsetenv("CREDENTIALS_DIRECTORY") == 0);
  CHECK(refusal("credential:bws") == Errc::not_found);
  REQUIRE(::setenv("CREDENTIALS_DIRECTORY", home.path().c_str(), 1) == 0);
  CHECK(read("credential:bws") == "sesame\n");
  CHECK(refusal("credential:none") == Errc::not_found);
  for (const auto* const bad : {"credential:", "credential:../bws", "credential:a/b"}) {
    INFO(bad);
    CHECK(refusal(bad) == Errc::not_found);
  }
  put(home, "bws", "sesame", 0460);
  CHECK(refusal("credential:bws") == Errc::permission);
  REQUIRE(::unsetenv("CREDENTIALS_DIRECTORY") == 0);
}

TEST_CASE("a source's file that is not there is told as that") {
  const test::TempHome home;
  CHECK(refusal(home.path() + "/none") == Errc::not_found);
}

}  // namespace
}  // namespace keyswap
