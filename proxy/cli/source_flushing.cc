// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_flushing.h"

#include <chrono>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

using FlushClock = std::chrono::steady_clock;

constexpr mode_t kRequestMode = 0600;
constexpr std::size_t kRequestBytesMax = 1024;
constexpr std::chrono::milliseconds kLookAtRequestAgain{10};

// The file that the name leads to; 0: none.
ino_t file_at(const std::string& path) {
  struct stat info {};

  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

Failure not_flushed(const std::string& what) {
  return {Exit::no, what, "see what it says on stderr; a restart drops all values"};
}

// One at a time: the request of another command is waited for.
Outcome<ino_t> put_request(const Home& home,
                           const std::string& id,
                           FlushClock::time_point deadline) {
  for (;;) {
    const auto written = write_new_file(home.flushing(), id + "\n", kRequestMode);
    if (written) {
      return file_at(home.flushing());
    }
    if (written.error().code != base::Errc::already_exists) {
      return Failure{Exit::cannot,
                     "cannot make " + home.flushing() + ": " + explain(written.error()),
                     "the running proxy is asked by it to drop the values"};
    }
    if (FlushClock::now() >= deadline || !find_running(home)) {
      static_cast<void>(::unlink(home.flushing().c_str()));  // of a command that was killed
      return not_flushed("another command's request was not carried out");
    }
    std::this_thread::sleep_for(kLookAtRequestAgain);
  }
}

}  // namespace

std::optional<std::string> asked_to_flush(const Home& home) {
  auto text = read_file(home.flushing(), kRequestBytesMax);
  if (!text) {
    return std::nullopt;
  }
  return text->substr(0, text->find('\n'));
}

void flushed(const Home& home) {
  static_cast<void>(::unlink(home.flushing().c_str()));
}

Outcome<bool> ask_to_flush(const Home& home, const std::string& id) {
  if (!find_running(home)) {
    return false;
  }
  const auto deadline = FlushClock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  auto request = put_request(home, id, deadline);
  if (!request) {
    return request.failure();
  }
  // 0: it is gone already.
  while (request.value() != 0 && file_at(home.flushing()) == request.value()) {
    const bool is_running = find_running(home).has_value();
    if (!is_running || FlushClock::now() >= deadline) {
      flushed(home);
      return is_running ? Outcome<bool>(not_flushed("the running proxy did not drop the values"))
                        : Outcome<bool>(false);
    }
    std::this_thread::sleep_for(kLookAtRequestAgain);
  }
  return true;
}

}  // namespace keyswap::cli
