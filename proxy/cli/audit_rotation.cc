// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_rotation.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "audit/segment.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr mode_t kFileMode = 0600;
constexpr std::chrono::milliseconds kLookAgain{20};

// Takes the request back, if nobody took it.
class Request {
 public:
  explicit Request(const Home& home) : home_(home) {}

  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  Request(Request&&) = delete;
  Request& operator=(Request&&) = delete;

  ~Request() { take_rotation_request(home_); }

  // One that is there already, of another command, will do.
  Problem make() {
    const File file(
        open(home_.rotation().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
    if (!file.is_open()) {
      return Failure{Exit::cannot,
                     "cannot make " + home_.rotation() + ": " + explain_errno(errno),
                     "the running proxy is asked by it to close the segment"};
    }
    return std::nullopt;
  }

 private:
  const Home& home_;
};

}  // namespace

bool take_rotation_request(const Home& home) {
  return unlink(home.rotation().c_str()) == 0;
}

Outcome<bool> ask_for_rotation(const Home& home, const std::string& folder, std::uint32_t newest) {
  if (!find_running(home)) {
    return false;
  }
  Request request(home);
  if (auto problem = request.make()) {
    return *std::move(problem);
  }
  const auto deadline = Clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  for (;;) {
    // An error shows in that nothing is done.
    const auto segments = audit::list_segments(folder);
    if (segments && segments->newest > newest) {
      return true;
    }
    if (!find_running(home)) {
      return false;
    }
    if (Clock::now() >= deadline) {
      return Failure{Exit::no,
                     "the running proxy did not close the segment",
                     "see what it says on stderr, and whether it writes its log elsewhere"};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace keyswap::cli
