// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/process_identity.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include <unistd.h>

#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kStatBytesMax = 4096;

std::string boot_id() {
  auto id = read_file("/proc/sys/kernel/random/boot_id", kStatBytesMax);
  return id ? id->substr(0, id->find('\n')) : std::string();
}

base::Result<std::string> stat_of(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/stat", kStatBytesMax);
}

}  // namespace

ProcessIdentity own_identity() {
  const auto stat = stat_of(getpid());
  const auto started = stat ? start_of(*stat) : std::nullopt;
  std::string boot = boot_id();
  return started && !boot.empty() ? ProcessIdentity{getpid(), *started, std::move(boot)}
                                  : ProcessIdentity{};
}

bool is_alive(const ProcessIdentity& process) {
  if (process.pid <= 0 || process.boot != boot_id()) {
    return false;
  }
  const auto stat = stat_of(process.pid);
  if (!stat) {
    // It has ended, or /proc hides it.
    return kill(process.pid, 0) == 0 || errno == EPERM;
  }
  return start_of(*stat) == process.started;
}

std::optional<std::uint64_t> start_of(std::string_view stat) {
  // The name in parentheses may hold anything; behind it stand the state and numbers (proc(5)).
  constexpr int kFieldsFromStateToStart = 19;
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || stat.size() < name_end + 3) {
    return std::nullopt;
  }
  std::string_view rest = stat.substr(name_end + 2);
  if (rest.front() == 'Z' || rest.front() == 'X') {
    return std::nullopt;
  }
  for (int i = 0; i < kFieldsFromStateToStart; ++i) {
    const auto blank = rest.find(' ');
    if (blank == std::string_view::npos) {
      return std::nullopt;
    }
    rest.remove_prefix(blank + 1);
  }
  std::uint64_t started = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), started);
  return end.ec == std::errc() ? std::optional(started) : std::nullopt;
}

}  // namespace keyswap::cli
