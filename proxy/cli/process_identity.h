// SPDX-License-Identifier: Apache-2.0
//
// Which process that is, for whoever asks later whether it still lives: a number alone is given
// again to another, but not with the same time of starting since the same start of the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace keyswap::cli {

struct ProcessIdentity {
  pid_t pid = 0;              // 0: not known
  std::uint64_t started = 0;  // in the kernel's ticks since the machine's start
  std::string boot;           // the id that the kernel gave to that start

  bool operator==(const ProcessIdentity&) const = default;
};

// Of this process; not known where there is no /proc.
ProcessIdentity own_identity();

// Does it live? One that has ended and was not yet waited for does not. Of a process that cannot be
// seen from here (another machine, another namespace): no.
bool is_alive(const ProcessIdentity& process);

// What /proc/PID/stat says; pure. Nothing of one that has ended.
std::optional<std::uint64_t> start_of(std::string_view stat);

}  // namespace keyswap::cli
