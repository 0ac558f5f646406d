// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unix_socket.h"

#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

mode_t mode_of(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

bool can_connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  const File client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(
             client.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

UnixSocket listening(const std::string& path, mode_t mode = 0600) {
  auto made = UnixSocket::listen(path, mode);
  REQUIRE(made);
  return std::move(made).value();
}

// As a proxy that was killed leaves it: the file, and nobody who listens.
void leave_dead(const std::string& path) {
  auto made = listening(path);
  const std::string kept = path + ".kept";
  REQUIRE(::rename(path.c_str(), kept.c_str()) == 0);
  made = listening(path + ".other");
  REQUIRE(::rename(kept.c_str(), path.c_str()) == 0);
}

}  // namespace

TEST_CASE("a socket has the mode that was asked for, whatever the umask, and goes with its maker") {
  const test::TempHome folder;
  const std::string path = folder.path() + "/proxy.sock";
  const mode_t wanted = GENERATE(0600, 0660, 0666);
  const mode_t before = umask(GENERATE(0, 0077));
  {
    const UnixSocket socket = listening(path, wanted);
    CHECK(mode_of(path) == wanted);
    CHECK(can_connect(path));
    CHECK(socket.folder() == folder.path());
  }
  umask(before);
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("AD-09 a socket is taken over only when nobody listens on it") {
  const test::TempHome folder;
  const std::string path = folder.path() + "/proxy.sock";
  leave_dead(path);
  REQUIRE(mode_of(path) != 0);
  CHECK_FALSE(can_connect(path));
  const UnixSocket socket = listening(path);
  CHECK(can_connect(path));
  const auto second = UnixSocket::listen(path, 0600);
  REQUIRE_FALSE(second);
  CHECK(second.failure().exit == Exit::cannot);
  CHECK(second.failure().what.find("in use by another program") != std::string::npos);
  CHECK(can_connect(path));
}

TEST_CASE("what is no socket is left alone") {
  const test::TempHome folder;
  const std::string path = folder.put("proxy.sock", "mine");
  const auto refused = UnixSocket::listen(path, 0600);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().exit == Exit::cannot);
  CHECK(fs::file_size(path) == 4);
  fs::remove(path);
  fs::create_symlink(folder.path() + "/elsewhere", path);
  CHECK_FALSE(UnixSocket::listen(path, 0600));
  CHECK(fs::is_symlink(path));
}

TEST_CASE("a path that does not fit, or whose folder is not there, is refused with what to do") {
  const test::TempHome folder;
  const auto too_long = UnixSocket::listen(folder.path() + "/" + std::string(108, 'x'), 0600);
  REQUIRE_FALSE(too_long);
  CHECK(too_long.failure().exit == Exit::usage);
  CHECK_FALSE(too_long.failure().hint.empty());
  const auto nowhere = UnixSocket::listen(folder.path() + "/none/proxy.sock", 0600);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.failure().exit == Exit::cannot);
}

TEST_CASE("a folder that others can write is no place for a socket") {
  const test::TempHome folder;
  const std::string open = folder.path() + "/open";
  fs::create_directory(open);
  REQUIRE(chmod(open.c_str(), 0777) == 0);
  const auto refused = UnixSocket::listen(open + "/proxy.sock", 0600);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().exit == Exit::cannot);
  CHECK(refused.failure().what.find("can be written by everybody") != std::string::npos);
}

TEST_CASE("one that somebody else put there meanwhile is not removed at the end") {
  const test::TempHome folder;
  const std::string path = folder.path() + "/proxy.sock";
  std::optional<UnixSocket> first = listening(path);
  fs::remove(path);
  const UnixSocket second = listening(path);
  first.reset();
  CHECK(can_connect(path));
}

}  // namespace keyswap::cli
