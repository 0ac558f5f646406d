// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/descriptors.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/base/bounds.h"

namespace keyswap::base {

namespace {
// Descriptors are given out from below, so what is open stands there.
constexpr std::size_t kNumbersLookedAt = 4096;
}  // namespace

bool is_exhaustion(int number) {
  return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS;
}

std::size_t descriptors_allowed() {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? static_cast<std::size_t>(files.rlim_cur) : 0;
}

std::size_t descriptors_open() {
  const int end = static_cast<int>(std::min(descriptors_allowed(), kNumbersLookedAt));
  std::size_t open = 0;
  for (int number = 0; number < end; ++number) {
    open += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
  }
  return open;
}

void hold_standard_descriptors() {
  // The lowest number that is free is what open() gives.
  int opened = 0;
  while (opened >= 0 && opened <= STDERR_FILENO) {
    opened = ::open("/dev/null", O_RDWR);  // NOLINT(android-cloexec-open): children have them, too
  }
  if (opened >= 0) {
    ::close(opened);
  }
}

std::size_t clients_that_fit(std::size_t allowed, std::size_t open) {
  const std::size_t taken = open + bounds::kDescriptorsReserved;
  const std::size_t left = allowed > taken ? allowed - taken : 0;
  return std::clamp<std::size_t>(
      left / bounds::kDescriptorsPerClient, 1, bounds::kClientConnectionsMax);
}

SpareDescriptors::SpareDescriptors(std::size_t count) : count_(count) {
  held_.reserve(count);
  hold();
}

SpareDescriptors::SpareDescriptors(SpareDescriptors&& other) noexcept
    : count_(std::exchange(other.count_, 0)), held_(std::exchange(other.held_, {})) {}

void SpareDescriptors::give() {
  for (const int number : held_) {
    ::close(number);
  }
  held_.clear();
}

// What cannot be had now is held the next time.
void SpareDescriptors::hold() {
  while (held_.size() < count_) {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (number < 0) {
      return;
    }
    held_.push_back(number);
  }
}

}  // namespace keyswap::base
