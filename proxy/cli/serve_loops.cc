// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_loops.h"

#include <algorithm>
#include <string>
#include <thread>

#include "proxy/base/bounds.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/terminal.h"
#include "proxy/net/loop_thread.h"

namespace keyswap::cli {

namespace {

namespace bounds = base::bounds;

constexpr const char* kMoreMemory =
    "allow more locked memory: ulimit -l, or LimitMEMLOCK=64M in a systemd unit";
// With less of it many that wait at once are refused.
constexpr std::size_t kHeldBytesEnough = bounds::kHeldBytesWanted / 4;

// What is open besides the loops': ours, what is kept back, and a few clients.
constexpr std::size_t kFilesBesides = 176;
static_assert(kFilesBesides + net::LoopThread::kDescriptors <= kOpenFilesMin);

std::string kib(std::size_t bytes) {
  return std::to_string(bytes / 1024) + " KiB";
}

// `what` there is suffices for `most`.
Outcome<unsigned> fit(const LoopWish& wish,
                      std::size_t most,
                      const std::string& what,
                      const std::string& hint) {
  if (wish.count <= most) {
    return wish.count;
  }
  const std::string count = std::to_string(most);
  const std::string text = what + " suffice for " + count + " event loops";
  if (wish.is_said) {
    return Failure{Exit::cannot, text, hint + "; or give --threads " + count};
  }
  warn(text + ", not for one a core", hint);
  return static_cast<unsigned>(most);
}

}  // namespace

LoopWish wish_loops(unsigned asked) {
  const unsigned wanted = asked != 0 ? asked : std::thread::hardware_concurrency();
  return {std::clamp(wanted, 1U, bounds::kLoopsMax), asked != 0};
}

std::size_t locked_bytes_wanted(const LoopWish& wish) {
  return wish.count * net::LoopThread::locked_bytes() + bounds::kHeldBytesWanted +
         bounds::kCallsLockedBytes + bounds::kSourceCacheBytesMax;
}

Outcome<unsigned> fit_into_memory(const LoopWish& wish, std::size_t bytes) {
  const std::size_t kept = wish.is_said ? bounds::kHeldBytesMin : kHeldBytesEnough;
  const std::size_t most = (bytes - kept) / net::LoopThread::locked_bytes();
  auto loops = fit(wish, most, kib(bytes) + " of locked memory", kMoreMemory);
  if (!loops) {
    return loops;
  }
  const std::size_t held = bytes - loops.value() * net::LoopThread::locked_bytes();
  if (held < kHeldBytesEnough) {
    warn("requests share " + kib(held) +
             " of locked memory while they wait; those that find no room get 503 too_busy",
         kMoreMemory);
  }
  return loops;
}

Outcome<unsigned> fit_into_files(const LoopWish& wish, std::size_t allowed) {
  const std::size_t most = (allowed - kFilesBesides) / net::LoopThread::kDescriptors;
  return fit(wish,
             most,
             std::to_string(allowed) + " open files",
             "raise the limit: ulimit -n 4096, or LimitNOFILE=65536 in a systemd unit");
}

}  // namespace keyswap::cli
