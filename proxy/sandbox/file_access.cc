// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/file_access.h"

#include <cerrno>
#include <cstdint>
#include <linux/landlock.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace keyswap::sandbox {

namespace {

using base::Errc;
using base::Error;

// What later versions of the interface added, which the headers of Debian 12 do not have.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14U;       // version 3
constexpr std::uint64_t kDeviceControl = std::uint64_t{1} << 15U;  // version 5
constexpr std::uint64_t kSignals = std::uint64_t{1} << 1U;         // version 6, of `scoped`

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | kTruncate;

// All rights that this version of the interface can take away.
std::uint64_t known_rights(long version) {
  std::uint64_t known = (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1U) - 1;
  if (version >= 2) {
    known |= LANDLOCK_ACCESS_FS_REFER;
  }
  if (version >= 3) {
    known |= kTruncate;
  }
  if (version >= 5) {
    known |= kDeviceControl;
  }
  return known;
}

// A kernel takes no more of the attributes than it knows.
std::size_t attribute_bytes(long version) {
  if (version >= 6) {
    return sizeof(RulesetAttributes);
  }
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

class Descriptor {
 public:
  explicit Descriptor(long number) : number_(static_cast<int>(number)) {}

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

base::Status allow_below(int ruleset, const char* folder, std::uint64_t rights) {
  const Descriptor opened(::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) {
    return Error{errno == ENOENT ? Errc::not_found : Errc::io,
                 "a folder that is to be written cannot be opened",
                 errno};
  }
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = opened.number();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Error{Errc::permission, "Landlock does not take a rule", errno};
  }
  return {};
}

}  // namespace

base::Status restrict_files(std::span<const std::string> writable,
                            std::span<const std::string> removable) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) {
    return Error{Errc::unsupported, "the kernel does not let us use Landlock", errno};
  }
  const std::uint64_t known = known_rights(version);
  const RulesetAttributes attributes{
      .files = known, .network = 0, .scoped = version >= 6 ? kSignals : 0};
  const Descriptor ruleset(
      ::syscall(SYS_landlock_create_ruleset, &attributes, attribute_bytes(version), 0));
  if (ruleset.number() < 0) {
    return Error{Errc::permission, "Landlock does not take the rules", errno};
  }
  KS_TRY(allow_below(ruleset.number(), "/", kRead));
  for (const std::string& folder : writable) {
    KS_TRY(allow_below(ruleset.number(), folder.c_str(), (kRead | kWrite) & known));
  }
  for (const std::string& folder : removable) {
    KS_TRY(allow_below(ruleset.number(), folder.c_str(), LANDLOCK_ACCESS_FS_REMOVE_FILE));
  }
  // Without it the kernel refuses: a restricted program must not get a setuid program to help.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0) {
    return Error{Errc::permission, "Landlock does not restrict this process", errno};
  }
  return {};
}

}  // namespace keyswap::sandbox
