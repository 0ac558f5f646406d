// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_steps.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "test/support/temp_home.h"

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

TEST_CASE("a source's file that is not there is told as that") {
  const test::TempHome home;
  CHECK(refusal(home.path() + "/none") == Errc::not_found);
}

}  // namespace
}  // namespace keyswap
