// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/system_calls.h"

#include <algorithm>
#include <array>
#include <asm/ioctls.h>
#include <cerrno>
#include <cstdint>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <memory>
#include <seccomp.h>
#include <type_traits>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/sanitizers.h"
#include "proxy/sandbox/call_list.h"

namespace keyswap::sandbox {

namespace {

using base::Errc;
using base::Error;

#if defined(KS_ADDRESS_SANITIZER) || defined(KS_THREAD_SANITIZER)
constexpr bool kIsDeadly = false;
#else
constexpr bool kIsDeadly = true;
#endif

// The low bits of socket(2)'s second argument; above them stand flags (<linux/net.h>).
constexpr std::uint64_t kSocketTypeMask = 0xf;

// The kernel takes these arguments as 32 bits, so what stands above them must not matter.
constexpr std::uint64_t kWordMask = 0xffffffff;

// What a network namespace holds back. Others (vsock, Bluetooth) reach past it.
constexpr std::array<std::uint64_t, 4> kGuestFamilies = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

// Typing into the terminal, for the shell that reads it next.
constexpr std::array<std::uint64_t, 2> kGuestDenied = {TIOCSTI, TIOCLINUX};

// On any descriptor: what libuv and the loops do with sockets, and how stdio sees a terminal. None
// that types into a terminal for somebody else (TIOCSTI).
constexpr std::array<std::uint64_t, 8> kControls = {
    FIONBIO, FIONREAD, FIOCLEX, TIOCOUTQ, TCGETS, TIOCGWINSZ, SIOCGIFINDEX, SIOCGIFNAME};

// What fcntl(2) is for: locks, and what a descriptor is like. Not F_SETOWN, F_SETSIG or a lease,
// which have the kernel send signals, also to a process that kill(2) does not reach from here.
constexpr std::array<std::uint64_t, 11> kDescriptorCommands = {F_DUPFD,
                                                               F_DUPFD_CLOEXEC,
                                                               F_GETFD,
                                                               F_SETFD,
                                                               F_GETFL,
                                                               F_GETLK,
                                                               F_SETLK,
                                                               F_SETLKW,
                                                               F_OFD_GETLK,
                                                               F_OFD_SETLK,
                                                               F_OFD_SETLKW};

struct SocketKind {
  int family;
  int type;
  int protocol;
};

constexpr std::array kSockets = {SocketKind{AF_INET, SOCK_STREAM, 0},
                                 SocketKind{AF_INET, SOCK_STREAM, IPPROTO_TCP},
                                 SocketKind{AF_INET, SOCK_DGRAM, 0},
                                 SocketKind{AF_INET, SOCK_DGRAM, IPPROTO_UDP},
                                 SocketKind{AF_INET6, SOCK_STREAM, 0},
                                 SocketKind{AF_INET6, SOCK_STREAM, IPPROTO_TCP},
                                 SocketKind{AF_INET6, SOCK_DGRAM, 0},
                                 SocketKind{AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
                                 // Who is at the other end of a connection.
                                 SocketKind{AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG},
                                 SocketKind{AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG}};

struct Release {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

// The filter while it is put together. The first rule that is not taken decides what is told.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : filter_(::seccomp_init(otherwise)) {
    failed_ = filter_ == nullptr ? -ENOMEM : 0;
  }

  template <typename... Comparison>
  void add(std::uint32_t action, const char* name, Comparison... comparison) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (failed_ != 0 || number == __NR_SCMP_ERROR) {
      return;
    }
    const std::array<scmp_arg_cmp, sizeof...(comparison)> all = {comparison...};
    const int added = ::seccomp_rule_add_array(
        filter_.get(), action, number, static_cast<unsigned>(all.size()), all.data());
    // A call that this processor has not.
    if (added != 0 && added != -EDOM) {
      failed_ = added;
    }
  }

  template <typename... Comparison>
  void allow(const char* name, Comparison... comparison) {
    add(SCMP_ACT_ALLOW, name, comparison...);
  }

  // What is refused stands in the kernel's log, as far as it can.
  void tell() {
    if (failed_ == 0) {
      static_cast<void>(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_LOG, 1));
    }
  }

  // Puts it in force for every thread. `foreign`: what becomes of calls of another word size, which
  // the rules are not about.
  base::Status load(std::uint32_t foreign) {
    set(SCMP_FLTATR_CTL_TSYNC, 1);
    set(SCMP_FLTATR_ACT_BADARCH, foreign);
    // A tree in place of a list, where the library can.
    if (failed_ == 0) {
      static_cast<void>(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
      failed_ = ::seccomp_load(filter_.get());
    }
    if (failed_ != 0) {
      return Error{Errc::unsupported, "the kernel takes no filter of system calls", -failed_};
    }
    return {};
  }

 private:
  void set(scmp_filter_attr attribute, std::uint32_t value) {
    if (failed_ == 0) {
      failed_ = ::seccomp_attr_set(filter_.get(), attribute, value);
    }
  }

  std::unique_ptr<void, Release> filter_;
  int failed_ = 0;  // minus errno
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return scmp_arg_cmp{argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp masked_equals(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
}

void allow_sockets(Filter& filter) {
  for (const SocketKind& kind : kSockets) {
    filter.allow("socket",
                 equals(0, static_cast<std::uint64_t>(kind.family)),
                 masked_equals(1, kSocketTypeMask, static_cast<std::uint64_t>(kind.type)),
                 equals(2, static_cast<std::uint64_t>(kind.protocol)));
  }
}

// Of these, calls with some arguments.
void allow_in_part(Filter& filter) {
  allow_sockets(filter);
  for (const std::uint64_t request : kControls) {
    filter.allow("ioctl", equals(1, request));
  }
  for (const std::uint64_t command : kDescriptorCommands) {
    filter.allow("fcntl", equals(1, command));
  }
  filter.allow("fcntl", equals(1, F_SETFL), masked_equals(2, O_ASYNC, 0));
  // Memory that can be written is never run, nor the other way round.
  for (const char* name : {"mmap", "mprotect"}) {
    filter.allow(name, masked_equals(2, PROT_EXEC, 0));
  }
  // Signals to this process: `abort`, and the end of --while-used.
  const auto self = static_cast<std::uint64_t>(::getpid());
  filter.allow("kill", equals(0, self));
  filter.allow("tgkill", equals(0, self));
  // Limits of this process, not of another.
  filter.allow("prlimit64", equals(0, 0));
}

}  // namespace

base::Status restrict_system_calls(std::span<const char* const> also) {
  Filter filter(SCMP_ACT_ERRNO(ENOSYS));
  for (const char* name : kAllowed) {
    filter.allow(name);
  }
  allow_in_part(filter);
  for (const char* name : also) {
    filter.allow(name);
  }
  if (kIsDeadly && also.empty()) {
    for (const char* name : kDeadly) {
      filter.add(SCMP_ACT_KILL_PROCESS, name);
    }
  }
  filter.tell();
  return filter.load(kIsDeadly ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(ENOSYS));
}

base::Status restrict_guest() {
  Filter filter(SCMP_ACT_ALLOW);
  for (std::uint64_t family = 0; family < AF_MAX; ++family) {
    if (std::ranges::find(kGuestFamilies, family) == kGuestFamilies.end()) {
      filter.add(SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", masked_equals(0, kWordMask, family));
    }
  }
  for (const std::uint64_t request : kGuestDenied) {
    filter.add(SCMP_ACT_ERRNO(EPERM), "ioctl", masked_equals(1, kWordMask, request));
  }
  // An io_uring makes sockets past this filter; the key rings may hold the vault's passphrase.
  for (const char* name : {"io_uring_setup", "add_key", "request_key", "keyctl"}) {
    filter.add(SCMP_ACT_ERRNO(ENOSYS), name);
  }
  return filter.load(SCMP_ACT_ERRNO(ENOSYS));
}

}  // namespace keyswap::sandbox
