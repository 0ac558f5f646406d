// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/privileges.h"

#include <array>
#include <cerrno>
#include <linux/capability.h>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/support/forked.h"

namespace keyswap::sandbox {

namespace {

using test::in_child;

// Which of the things that should hold does not: 0 if all do.
int first_that_is_wrong() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held{};
  if (::syscall(SYS_capget, &header, held.data()) != 0) {
    return 1;
  }
  for (const __user_cap_data_struct& word : held) {
    if (word.effective != 0 || word.permitted != 0 || word.inheritable != 0) {
      return 2;
    }
  }
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
    return 3;
  }
  if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return 4;
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) != 0) {
    return 5;
  }
  return 0;
}

// In a container that root of few users has, there may be no other to become.
bool can_become(const User& user) {
  return ::geteuid() == 0 && in_child([&user] {
                               return ::setresgid(user.group, user.group, user.group) == 0 &&
                                              ::setresuid(user.id, user.id, user.id) == 0
                                          ? 0
                                          : 1;
                             }).status == 0;
}

TEST_CASE("nothing that root has is left when privileges are given up") {
  const auto ended = in_child([] {
    const bool was_root = ::geteuid() == 0;
    if (!give_up_privileges(std::nullopt)) {
      return 100;
    }
    // An ordinary user may not touch the bounding set.
    if (was_root && ::prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0) {
      return 101;
    }
    return first_that_is_wrong();
  });
  CHECK(ended.status == 0);
}

TEST_CASE("privileges that are given up twice are given up") {
  const auto ended = in_child(
      [] { return give_up_privileges(std::nullopt) && give_up_privileges(std::nullopt) ? 0 : 1; });
  CHECK(ended.status == 0);
}

TEST_CASE("root becomes another user, with no way back and no file of root's") {
  const auto nobody = find_user("nobody");
  REQUIRE(nobody);
  if (!can_become(*nobody)) {
    WARN("this is not root, or of a container with one user: becoming another was not tried");
    return;
  }
  const auto ended = in_child([&nobody] {
    if (!give_up_privileges(*nobody)) {
      return 100;
    }
    if (::getuid() != nobody->id || ::geteuid() != nobody->id || ::getgid() != nobody->group) {
      return 101;
    }
    std::array<gid_t, 64> groups{};
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    for (int i = 0; i < count; ++i) {
      if (groups.at(static_cast<std::size_t>(i)) == 0) {
        return 102;
      }
    }
    if (::setuid(0) == 0 || ::setresuid(0, 0, 0) == 0 || ::setgid(0) == 0) {
      return 103;
    }
    if (::open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0) {
      return 104;
    }
    return first_that_is_wrong();
  });
  CHECK(ended.status == 0);
}

TEST_CASE("[I13] who is not root becomes nobody else, and is told") {
  const auto nobody = find_user("nobody");
  REQUIRE(nobody);
  if (::geteuid() == 0 && !can_become(*nobody)) {
    WARN("a container with one user: becoming another was not tried");
    return;
  }
  const auto ended = in_child([&nobody] {
    if (::geteuid() == 0 && !give_up_privileges(*nobody)) {
      return 100;
    }
    const auto refused = give_up_privileges(User{"root", 0, 0, "/root"});
    return !refused && refused.error().code == base::Errc::permission ? 0 : 101;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a user is found by name, or is not there") {
  const auto root = find_user("root");
  REQUIRE(root);
  CHECK(root->id == 0);
  CHECK_FALSE(root->folder.empty());
  const auto none = find_user("no-such-user-of-keyswap");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::Errc::not_found);
}

}  // namespace

}  // namespace keyswap::sandbox
