// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/isolation.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <net/if.h>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/sandbox/privileges.h"
#include "proxy/sandbox/system_calls.h"
#include "test/support/forked.h"

namespace keyswap::sandbox {

namespace {

namespace fs = std::filesystem;

using test::Ended;
using test::in_child;
using test::kNotHere;

// Whether it was tried, and went well. Where users may have no namespaces, `run --isolated` does
// not run either; then nothing is shown here.
bool is_good(const Ended& ended) {
  if (ended.status == kNotHere) {
    WARN("this machine gives its users no namespaces: not tried");
    return true;
  }
  CHECK(ended.signal == 0);
  CHECK(ended.status == 0);
  return ended.status == 0;
}

template <typename Try>
Ended in_namespaces(const Try& tried) {
  return in_child([&tried] {
    const auto entered = enter_namespaces();
    if (!entered) {
      return entered.error().code == base::Errc::unsupported ? kNotHere : 1;
    }
    return tried();
  });
}

// errno of a connection to that address, 0 when it is there.
int connect_to(const char* host, std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  static_cast<void>(::inet_pton(AF_INET, host, &address.sin_addr));
  const int failed =
      ::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0
                                                                                         : errno;
  ::close(made);
  return failed;
}

// A listener on this machine's loopback; its port.
std::uint16_t listen_here(int& made) {
  made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* general = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(made, general, size) == 0);
  REQUIRE(::listen(made, 1) == 0);
  REQUIRE(::getsockname(made, general, &size) == 0);
  return ntohs(address.sin_port);
}

class Folder {
 public:
  Folder() {
    std::string made = (fs::temp_directory_path() / "keyswap-cover-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) {
      std::abort();
    }
    path = made;
    fs::create_directories(path + "/kept/below");
    std::ofstream(path + "/kept/below/file") << "kept";
    std::ofstream(path + "/one") << "one";
    std::ofstream(path + "/secret") << "secret";
  }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;

  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

  std::string path;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool can_write(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  }
  return file >= 0;
}

// Which of the families that pass network namespaces by can still be had; 0: none.
int open_family() {
  for (const int family : {AF_VSOCK, AF_BLUETOOTH, AF_PACKET, AF_ALG, AF_TIPC}) {
    if (::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EAFNOSUPPORT) {
      return family;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("in namespaces of its own a process has its user, and a loopback of its own") {
  int made = -1;
  const std::uint16_t port = listen_here(made);
  CHECK(connect_to("127.0.0.1", port) == 0);
  const auto user = ::geteuid();
  is_good(in_namespaces([&] {
    if (::geteuid() != user || connect_to("127.0.0.1", port) != ECONNREFUSED) {
      return 2;
    }
    return connect_to("192.0.2.1", port) == ENETUNREACH ? 0 : 3;
  }));
  ::close(made);
}

TEST_CASE("no right of root's is needed for that") {
  const auto nobody = find_user("nobody");
  REQUIRE(nobody);
  is_good(in_child([&nobody] {
    if (::geteuid() == 0 && (::setresgid(nobody->group, nobody->group, nobody->group) != 0 ||
                             ::setresuid(nobody->id, nobody->id, nobody->id) != 0)) {
      return kNotHere;
    }
    if (const auto entered = enter_namespaces(); !entered) {
      return entered.error().code == base::Errc::unsupported ? kNotHere : 1;
    }
    return connect_to("192.0.2.1", 443) == ENETUNREACH && give_up_privileges(std::nullopt) ? 0 : 2;
  }));
}

TEST_CASE("what rights it has in its namespaces are given up with all others") {
  is_good(in_namespaces([] {
    if (!give_up_privileges(std::nullopt) || !restrict_guest()) {
      return 2;
    }
    if (::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) >= 0 || errno != EPERM) {
      return 3;
    }
    return ::umount2("/proc", MNT_DETACH) == 0 || errno != EPERM ? 4 : 0;
  }));
}

TEST_CASE("a guest makes no socket that a network namespace does not hold back") {
  const auto ended = in_child([] {
    if (!restrict_guest()) {
      return 1;
    }
    for (const int family : {AF_UNIX, AF_INET, AF_NETLINK}) {
      const int made = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (made < 0) {
        return 2;
      }
      ::close(made);
    }
    return open_family() == 0 ? 0 : 3;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a guest types into no terminal, and reads no key of the kernel") {
  const auto ended = in_child([] {
    if (!restrict_guest()) {
      return 1;
    }
    char key = 'x';
    if (::ioctl(0, TIOCSTI, &key) == 0 || errno != EPERM) {
      return 2;
    }
    // The kernel looks at 32 bits of it.
    if (::syscall(SYS_ioctl, 0, (1UL << 32U) | TIOCSTI, &key) == 0 || errno != EPERM) {
      return 3;
    }
    if (::syscall(SYS_keyctl, 0, 0, 0, 0, 0) == 0 || errno != ENOSYS) {
      return 4;
    }
    return ::syscall(SYS_io_uring_setup, 1, nullptr) >= 0 || errno != ENOSYS ? 5 : 0;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("of a covered folder only what is kept is seen, and nothing can be written there") {
  const Folder folder;
  is_good(in_namespaces([&] {
    const Cover cover{folder.path, {"kept/below", "one", "missing"}, {{"new", "text"}}};
    if (!cover_folder(cover) || !give_up_privileges(std::nullopt)) {
      return 2;
    }
    if (text_of(folder.path + "/kept/below/file") != "kept" ||
        text_of(folder.path + "/one") != "one" || text_of(folder.path + "/new") != "text") {
      return 3;
    }
    if (fs::exists(folder.path + "/secret") || fs::exists(folder.path + "/missing")) {
      return 4;
    }
    for (const char* name : {"/kept/below/file", "/kept/below/more", "/one", "/new", "/more"}) {
      if (can_write(folder.path + name)) {
        return 5;
      }
    }
    return ::umount2(folder.path.c_str(), MNT_DETACH) == 0 ? 6 : 0;
  }));
  CHECK(text_of(folder.path + "/secret") == "secret");
}

TEST_CASE("a covered file is another one") {
  const Folder folder;
  is_good(in_namespaces([&] {
    if (!cover_file(folder.path + "/secret", "/dev/null") ||
        !cover_file(folder.path + "/one", folder.path + "/kept/below/file")) {
      return 2;
    }
    if (!text_of(folder.path + "/secret").empty() || text_of(folder.path + "/one") != "kept") {
      return 3;
    }
    const auto missing = cover_file(folder.path + "/missing", "/dev/null");
    const auto no_folder = cover_folder({folder.path + "/missing", {}, {}});
    return !missing && missing.error().code == base::Errc::not_found && !no_folder &&
                   no_folder.error().code == base::Errc::not_found
               ? 0
               : 4;
  }));
  CHECK(text_of(folder.path + "/one") == "one");
}

TEST_CASE("other processes are neither seen nor reached, and all ends with the one that began it") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t outside = ::getpid();
  const auto ended = in_namespaces([&] {
    const auto first = start_first_process();
    if (!first) {
      return first.error().code == base::Errc::unsupported ? kNotHere : 2;
    }
    // It holds the pipe open, for as long as it lives.
    if (::fork() == 0) {
      for (;;) {
        ::pause();
      }
    }
    return in_child([&] {
             if (fs::exists("/proc/" + std::to_string(outside) + "/mem") ||
                 !fs::exists("/proc/1")) {
               return 3;
             }
             if (::kill(outside, 0) == 0 || ::getpid() != 3) {
               return 4;
             }
             return 0;
           })
        .status;
  });
  is_good(ended);
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);  // everybody who had it open has ended
  ::close(ends[0]);
}

}  // namespace keyswap::sandbox
