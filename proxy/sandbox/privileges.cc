// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/privileges.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <grp.h>
#include <linux/capability.h>
#include <vector>

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace keyswap::sandbox {

namespace {

using base::Errc;
using base::Error;

// Of one user's line: the longest that anything writes is much shorter.
constexpr std::size_t kUserLineBytesMax = std::size_t{64} * 1024;

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

// Of the calling thread; libcap would be a dependency for two calls.
base::Status set_capabilities(const Capabilities& wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, wanted.data()) != 0) {
    return Error{Errc::permission, "the capabilities cannot be given up", errno};
  }
  return {};
}

bool has_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Capabilities held{};
  return ::syscall(SYS_capget, &header, held.data()) != 0 ||
         std::any_of(held.begin(), held.end(), [](const __user_cap_data_struct& word) {
           return (word.effective | word.permitted | word.inheritable) != 0;
         });
}

// An ordinary user may not, and has nothing there that a program of ours could take.
void empty_bounding_set() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    static_cast<void>(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
  }
}

bool is_now(const User& user) {
  std::array<uid_t, 3> users{};
  std::array<gid_t, 3> groups{};
  return ::getresuid(users.data(), &users[1], &users[2]) == 0 &&
         ::getresgid(groups.data(), &groups[1], &groups[2]) == 0 &&
         std::count(users.begin(), users.end(), user.id) == 3 &&
         std::count(groups.begin(), groups.end(), user.group) == 3;
}

// The groups first: who is no longer root may not change them.
base::Status become(const User& user) {
  if (::initgroups(user.name.c_str(), user.group) != 0) {
    return Error{Errc::permission, "the groups cannot be set", errno};
  }
  if (::setresgid(user.group, user.group, user.group) != 0) {
    return Error{Errc::permission, "the group cannot be set", errno};
  }
  if (::setresuid(user.id, user.id, user.id) != 0) {
    return Error{Errc::permission, "the user cannot be set", errno};
  }
  if (!is_now(user)) {
    return Error{Errc::permission, "the kernel did not change the user"};
  }
  return {};
}

}  // namespace

base::Result<User> find_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> line(kUserLineBytesMax);
  const int failed = ::getpwnam_r(name.c_str(), &entry, line.data(), line.size(), &found);
  if (found != nullptr) {
    return User{name, entry.pw_uid, entry.pw_gid, entry.pw_dir == nullptr ? "" : entry.pw_dir};
  }
  // getpwnam(3): some of its sources say these where they mean that there is none.
  if (failed == 0 || failed == ENOENT || failed == ESRCH) {
    return Error{Errc::not_found, "there is no such user"};
  }
  return Error{Errc::io, "the users of this machine cannot be read", failed};
}

base::Status give_up_privileges(const std::optional<User>& user) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Error{Errc::permission, "no_new_privs cannot be set", errno};
  }
  // While there is the capability that this takes.
  empty_bounding_set();
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return Error{Errc::permission, "the ambient capabilities cannot be given up", errno};
  }
  if (user) {
    KS_TRY(become(*user));
  }
  KS_TRY(set_capabilities({}));
  if (has_capabilities()) {
    return Error{Errc::permission, "the kernel did not take the capabilities"};
  }
  if (user && user->id != 0 && (::setuid(0) == 0 || ::setgid(0) == 0)) {
    return Error{Errc::permission, "there is a way back to root"};
  }
  // Another user's process is dumpable again, or what fs.suid_dumpable says (I1).
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Error{Errc::permission, "the process cannot be made undumpable", errno};
  }
  return {};
}

}  // namespace keyswap::sandbox
