// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/system_calls.h"

#include <array>
#include <asm/sockios.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <linux/netlink.h>
#include <net/if.h>
#include <seccomp.h>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/sanitizers.h"
#include "proxy/sandbox/call_list.h"
#include "test/support/forked.h"
#include "test/support/temp_file.h"

namespace keyswap::sandbox {

namespace {

using test::Ended;
using test::in_child;

#if defined(KS_ADDRESS_SANITIZER) || defined(KS_THREAD_SANITIZER)
constexpr bool kIsDeadly = false;
#else
constexpr bool kIsDeadly = true;
#endif

constexpr int kNoFilter = 100;

// I13: no container in which the tests run may do without, as the proxy does not serve there.
template <typename Tries>
Ended when_restricted(const Tries& tries) {
  return in_child([&] { return restrict_system_calls() ? tries() : kNoFilter; });
}

long call(int number) {
  return ::syscall(number, 0, 0, 0, 0, 0, 0);
}

// One thing that is tried, by what it gives; errno says why not.
struct Tried {
  const char* what;
  long (*run)();
};

// The place in the list, from 1, of the first that was not refused as an unknown call; 0: all were.
template <std::size_t n>
int first_that_is_done(const std::array<Tried, n>& all) {
  for (std::size_t i = 0; i < n; ++i) {
    errno = 0;
    if (all.at(i).run() != -1 || errno != ENOSYS) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

// The place, from 1, of the first that failed; 0: none did.
template <std::size_t n>
int first_that_fails(const std::array<Tried, n>& all) {
  for (std::size_t i = 0; i < n; ++i) {
    if (all.at(i).run() < 0) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

template <std::size_t n>
std::string name_of(const std::array<Tried, n>& all, int place) {
  return place > 0 && static_cast<std::size_t>(place) <= n
             ? all.at(static_cast<std::size_t>(place) - 1).what
             : "";
}

constexpr std::array kOtherSockets = {
    Tried{"a stream to a daemon of this machine",
          [] {
            return long{::socket(AF_UNIX, SOCK_STREAM, 0)};
          }},
    Tried{"a datagram to one, or to the journal",
          [] {
            return long{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
          }},
    Tried{"packets to one",
          [] {
            return long{::socket(AF_UNIX, SOCK_SEQPACKET, 0)};
          }},
    Tried{"raw IP",
          [] {
            return long{::socket(AF_INET, SOCK_RAW, IPPROTO_RAW)};
          }},
    Tried{"ICMP",
          [] {
            return long{::socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)};
          }},
    Tried{"raw frames",
          [] {
            return long{::socket(AF_PACKET, SOCK_RAW, 0)};
          }},
    Tried{"routes",
          [] {
            return long{::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)};
          }},
    Tried{"the audit of the kernel",
          [] {
            return long{::socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT)};
          }},
    Tried{"ciphers of the kernel",
          [] {
            return long{::socket(AF_ALG, SOCK_SEQPACKET, 0)};
          }},
    Tried{"the host of a virtual machine",
          [] {
            return long{::socket(AF_VSOCK, SOCK_STREAM, 0)};
          }},
    Tried{"bluetooth", [] {
            return long{::socket(AF_BLUETOOTH, SOCK_SEQPACKET, 0)};
          }}};

long map_to_run() {
  void* const mapped =
      ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? -1 : 0;
}

long make_runnable() {
  void* const mapped =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? 0 : ::mprotect(mapped, 4096, PROT_READ | PROT_EXEC);
}

constexpr std::array kOther = {
    Tried{"memory that is run", map_to_run},
    Tried{"memory that was written is run", make_runnable},
    Tried{"a signal to the parent",
          [] {
            return long{::kill(::getppid(), 0)};
          }},
    Tried{"one to a thread of it",
          [] {
            return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0);
          }},
    Tried{"a signal to all",
          [] {
            return long{::kill(-1, 0)};
          }},
    Tried{"the kernel's signals about a file to the parent",
          [] {
            return ::syscall(SYS_fcntl, 0, F_SETOWN, ::getppid());
          }},
    Tried{"the same in its newer form",
          [] {
            f_owner_ex owner{};
            owner.type = F_OWNER_PID;
            owner.pid = ::getppid();
            return ::syscall(SYS_fcntl, 0, F_SETOWN_EX, &owner);
          }},
    Tried{"another signal for them",
          [] {
            return ::syscall(SYS_fcntl, 0, F_SETSIG, SIGTERM);
          }},
    Tried{"such signals at all",
          [] {
            return ::syscall(SYS_fcntl, 0, F_SETFL, O_ASYNC);
          }},
    Tried{"those of a lease",
          [] {
            return ::syscall(SYS_fcntl, 0, F_SETLEASE, F_RDLCK);
          }},
    Tried{"or of a folder",
          [] {
            return ::syscall(SYS_fcntl, 0, F_NOTIFY, DN_CREATE);
          }},
    Tried{"their receiver by a socket",
          [] {
            pid_t parent = ::getppid();
            return long{::ioctl(0, FIOSETOWN, &parent)};
          }},
    Tried{"limits of the parent",
          [] {
            return ::syscall(SYS_prlimit64, ::getppid(), RLIMIT_CORE, nullptr, nullptr);
          }},
    Tried{"typing into a terminal",
          [] {
            return long{::ioctl(0, TIOCSTI, "x")};
          }},
    Tried{"listening",
          [] {
            return long{::listen(0, 1)};
          }},
    Tried{"an address of its own",
          [] {
            return ::syscall(SYS_bind, 0, nullptr, 0);
          }},
    Tried{"a thread, or a process",
          [] {
            return ::syscall(SYS_clone, 0, 0, 0, 0, 0);
          }},
    Tried{"the same in its newer form",
          [] {
            return ::syscall(SYS_clone3, nullptr, 0);
          }},
    Tried{"another user",
          [] {
            return ::syscall(SYS_setuid, 0);
          }},
    Tried{"capabilities",
          [] {
            return ::syscall(SYS_capset, nullptr, nullptr);
          }},
    Tried{"being dumpable again",
          [] {
            return long{::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)};
          }},
    Tried{"a file in memory",
          [] {
            return ::syscall(SYS_memfd_create, "x", 0);
          }},
    Tried{"calls past the filter",
          [] {
            return ::syscall(SYS_io_uring_setup, 1, nullptr);
          }},
    Tried{"a link",
          [] {
            return ::syscall(SYS_symlinkat, "/x", AT_FDCWD, "/no/such/x");
          }},
    Tried{"a device",
          [] {
            return ::syscall(SYS_mknodat, AT_FDCWD, "/no/such/x", 0, 0);
          }},
    Tried{"a pair of sockets",
          [] {
            return ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr);
          }},
    Tried{"a call that no kernel has", [] {
            return ::syscall(100'000);
          }}};

long look_at_clocks() {
  timespec now{};
  return ::clock_gettime(CLOCK_MONOTONIC, &now) == 0 && ::getpid() > 0 && ::geteuid() + 1 > 0 ? 0
                                                                                              : -1;
}

long take_and_give_memory() {
  constexpr std::size_t kBytes = std::size_t{4} * 1024 * 1024;
  std::vector<char> large(kBytes, 'x');
  large.resize(2 * kBytes);
  return large.back() == '\0' ? 0 : -1;
}

long watch_a_folder() {
  const int watch = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return ::inotify_add_watch(watch, "/", IN_CREATE);
}

long wait_for_events() {
  const int events = ::epoll_create1(EPOLL_CLOEXEC);
  const int told = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  epoll_event seen{};
  return ::epoll_ctl(events, EPOLL_CTL_ADD, told, &wanted) == 0 &&
                 ::epoll_wait(events, &seen, 1, 0) == 1
             ? 0
             : -1;
}

long open_roots() {
  const int file = ::open("/etc/hosts", O_RDONLY | O_CLOEXEC);

  struct stat info {};

  return ::fstat(file, &info) == 0 && ::close(file) == 0 ? 0 : -1;
}

long list_a_folder() {
  std::error_code failed;
  std::size_t found = 0;
  for (std::filesystem::directory_iterator at("/etc", failed);
       at != std::filesystem::directory_iterator();
       at.increment(failed)) {
    ++found;
  }
  return found > 0 ? 0 : -1;
}

long set_nonblocking() {
  int yes = 1;
  return ::ioctl(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), FIONBIO, &yes);
}

long set_descriptor() {
  const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int other = ::fcntl(first, F_DUPFD_CLOEXEC, 3);
  const int flags = ::fcntl(other, F_GETFL);
  return flags >= 0 && ::fcntl(other, F_SETFL, flags | O_NONBLOCK) == 0 &&
                 ::fcntl(other, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(other, F_GETFD) == FD_CLOEXEC
             ? 0
             : -1;
}

constexpr std::array kNeeded = {
    Tried{"TCP",
          [] {
            return long{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
          }},
    Tried{"UDP",
          [] {
            return long{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP)};
          }},
    Tried{"who is at the other end",
          [] {
            return long{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
          }},
    Tried{"the number of an interface",  // by whatever socket there is
          [] {
            return ::if_nametoindex("lo") > 0 ? 0L : -1L;
          }},
    Tried{"a socket that does not wait", set_nonblocking},
    Tried{"what a descriptor is like", set_descriptor},
    Tried{"clocks", look_at_clocks},
    Tried{"memory", take_and_give_memory},
    Tried{"the watch of a folder", watch_a_folder},
    Tried{"events", wait_for_events},
    Tried{"reading a file", open_roots},
    Tried{"reading a folder", list_a_folder},
    Tried{"a signal to itself",
          [] {
            return long{::kill(::getpid(), 0)};
          }},
    Tried{"its own limits", [] {
            rlimit files{};
            return long{::getrlimit(RLIMIT_NOFILE, &files)};
          }}};

TEST_CASE("what only an attacker asks for ends the process") {
  for (const char* name : kDeadly) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number < 0) {
      continue;  // not of this processor
    }
    INFO(name);
    const auto ended = when_restricted([number] {
      static_cast<void>(call(number));
      return errno;
    });
    if (kIsDeadly) {
      CHECK(ended.signal == SIGSYS);
    } else {
      CHECK(ended.status == ENOSYS);
    }
  }
}

TEST_CASE("no socket but what serving needs can be made") {
  const auto ended = when_restricted([] { return first_that_is_done(kOtherSockets); });
  INFO(name_of(kOtherSockets, ended.status));
  CHECK(ended.status == 0);
}

TEST_CASE("what serving does not need is refused like a call that the kernel has not") {
  const auto ended = when_restricted([] { return first_that_is_done(kOther); });
  INFO(name_of(kOther, ended.status));
  CHECK(ended.status == 0);
}

TEST_CASE("what serving needs is done") {
  const auto ended = when_restricted([] { return first_that_fails(kNeeded); });
  INFO(name_of(kNeeded, ended.status));
  CHECK(ended.status == 0);
}

TEST_CASE("files are written, synced, replaced and removed as SQLite and the audit log do") {
  const test::TempFile file("x");
  const std::string name = file.path();
  const std::string beside = name + "-journal";
  const auto ended = when_restricted([&] {
    const int opened = ::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (opened < 0 || ::fcntl(opened, F_OFD_SETLK, &whole) != 0 ||
        ::fcntl(opened, F_OFD_GETLK, &whole) != 0) {
      return 1;
    }
    whole = {};
    whole.l_type = F_UNLCK;
    if (::fcntl(opened, F_OFD_SETLK, &whole) != 0) {
      return 1;
    }
    whole.l_type = F_WRLCK;
    if (::fcntl(opened, F_SETLK, &whole) != 0 || ::fcntl(opened, F_GETLK, &whole) != 0) {
      return 1;
    }
    if (::pwrite(opened, "12345", 5, 0) != 5 || ::fchmod(opened, 0600) != 0 ||
        ::ftruncate(opened, 2) != 0 || ::fdatasync(opened) != 0 || ::fsync(opened) != 0) {
      return 2;
    }
    if (::rename(beside.c_str(), name.c_str()) != 0 ||
        ::syscall(SYS_renameat2, AT_FDCWD, name.c_str(), AT_FDCWD, beside.c_str(), 1) != 0) {
      return 3;
    }
    return ::unlink(beside.c_str()) == 0 ? 0 : 4;
  });
  ::unlink(beside.c_str());
  CHECK(ended.status == 0);
}

TEST_CASE("clients are accepted at a socket that listened before, and answered") {
  const auto ended = in_child([] {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listening, any, size) != 0 || ::listen(listening, 1) != 0 ||
        ::getsockname(listening, any, &size) != 0 || !restrict_system_calls()) {
      return kNoFilter;
    }
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(client, any, size) != 0) {
      return 1;
    }
    const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    std::array<char, 8> bytes{};
    if (::send(client, "hello", 5, MSG_NOSIGNAL) != 5) {
      return 2;
    }
    pollfd readable{accepted, POLLIN, 0};
    if (::poll(&readable, 1, 10'000) != 1 || ::recv(accepted, bytes.data(), bytes.size(), 0) != 5) {
      return 3;
    }
    return ::shutdown(accepted, SHUT_RDWR) == 0 ? 0 : 4;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("every thread is bound, also one that runs already") {
  const auto ended = in_child([] {
    std::atomic<bool> is_restricted = false;
    std::atomic<int> error = 0;
    std::thread other([&] {
      is_restricted.wait(false);
      errno = 0;
      static_cast<void>(::socket(AF_UNIX, SOCK_STREAM, 0));
      error = errno;
    });
    const bool is_done = restrict_system_calls().has_value();
    is_restricted = true;
    is_restricted.notify_all();
    other.join();
    return is_done && error == ENOSYS ? 0 : 1;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a failed assertion still ends the process as one") {
  const auto ended = when_restricted([] {
    std::abort();
    return 0;
  });
  CHECK(ended.signal == SIGABRT);
}

TEST_CASE("what is allowed besides is done, and nothing else with it") {
  const auto ended = in_child([] {
    constexpr std::array kAlso = {"prctl", "no_such_call"};
    if (!restrict_system_calls(kAlso)) {
      return kNoFilter;
    }
    if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) < 0) {
      return 1;
    }
    return first_that_is_done(kOtherSockets);
  });
  CHECK(ended.status == 0);
}

}  // namespace

}  // namespace keyswap::sandbox
