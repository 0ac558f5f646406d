// SPDX-License-Identifier: Apache-2.0
//
// A process whose file descriptors are used up, as by a flood of connections.
#pragma once

#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace keyswap::test {

// While it lives nothing can be opened: all that are allowed are open.
class DescriptorsUsedUp {
 public:
  DescriptorsUsedUp() {
    require(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit few = before_;
    few.rlim_cur = kFew;
    require(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int taken = open_one(); taken >= 0; taken = open_one()) {
      taken_.push_back(taken);
    }
  }

  DescriptorsUsedUp(const DescriptorsUsedUp&) = delete;
  DescriptorsUsedUp& operator=(const DescriptorsUsedUp&) = delete;
  DescriptorsUsedUp(DescriptorsUsedUp&&) = delete;
  DescriptorsUsedUp& operator=(DescriptorsUsedUp&&) = delete;

  ~DescriptorsUsedUp() {
    for (const int taken : taken_) {
      ::close(taken);
    }
    require(::setrlimit(RLIMIT_NOFILE, &before_) == 0);
  }

 private:
  static constexpr rlim_t kFew = 64;

  static int open_one() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  static void require(bool holds) {
    if (!holds) {
      std::abort();
    }
  }

  rlimit before_{};
  std::vector<int> taken_;
};

// While it lives no new descriptor is allowed, not even in the place of one that was closed.
class NoDescriptorsAllowed {
 public:
  NoDescriptorsAllowed() {
    if (::getrlimit(RLIMIT_NOFILE, &before_) != 0) {
      std::abort();
    }
    rlimit none = before_;
    none.rlim_cur = 0;
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) {
      std::abort();
    }
  }

  NoDescriptorsAllowed(const NoDescriptorsAllowed&) = delete;
  NoDescriptorsAllowed& operator=(const NoDescriptorsAllowed&) = delete;
  NoDescriptorsAllowed(NoDescriptorsAllowed&&) = delete;
  NoDescriptorsAllowed& operator=(NoDescriptorsAllowed&&) = delete;

  ~NoDescriptorsAllowed() { static_cast<void>(::setrlimit(RLIMIT_NOFILE, &before_)); }

 private:
  rlimit before_{};
};

}  // namespace keyswap::test
