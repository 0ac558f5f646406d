// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/entry_lock.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace keyswap::outgoing {

namespace {

constexpr mode_t kOwnerOnly = 0600;

// FNV-1a. Two names at one place wait for each other without need, and no more.
std::int64_t place_of(std::string_view name) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325U;
  constexpr std::uint64_t kPrime = 0x100000001b3U;
  std::uint64_t hash = kBasis;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  return static_cast<std::int64_t>(hash >> 2U);  // an offset, with room behind it
}

}  // namespace

base::Result<EntryLock> EntryLock::of(const std::string& file, const vault::SecretName& name) {
  const int descriptor =
      ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (descriptor < 0) {
    return base::Error{base::Errc::io, "the file of locks cannot be opened", errno};
  }
  return EntryLock(descriptor, place_of(name.text()));
}

EntryLock::EntryLock(EntryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), place_(other.place_) {}

EntryLock& EntryLock::operator=(EntryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(place_, other.place_);
  return *this;
}

EntryLock::~EntryLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

base::Status EntryLock::take() {
  struct flock byte {};

  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = place_;
  byte.l_len = 1;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the system's only way
  if (::fcntl(descriptor_, F_OFD_SETLK, &byte) == 0) {
    return {};
  }
  if (errno == EAGAIN || errno == EACCES) {
    return base::Error{base::Errc::locked, "another run has the entry"};
  }
  return base::Error{base::Errc::io, "an entry cannot be locked", errno};
}

}  // namespace keyswap::outgoing
