// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/line_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::base {

LineOutput::~LineOutput() {
  if (own_ >= 0) {
    ::close(own_);
  }
}

void LineOutput::stop_waiting() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!waits_) {
    return;
  }
  waits_ = false;

  struct stat info {};

  if (::fstat(descriptor_, &info) != 0) {
    return;
  }
  is_socket_ = S_ISSOCK(info.st_mode);
  if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
    // O_NONBLOCK on the descriptor itself would be the mode of everybody who shares it. Opened by
    // its name it is ours alone; where that is not allowed write_some() asks first.
    const std::string name = "/proc/self/fd/" + std::to_string(descriptor_);
    own_ = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }
}

void LineOutput::write(std::string_view lines) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!put_rest() || !put_count() || !put(lines)) {
    dropped_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
}

void LineOutput::tell_dropped() {
  const std::lock_guard<std::mutex> guard(mutex_);
  static_cast<void>(put_rest() && put_count());
}

// false: nothing of it was taken. What was taken in part is finished before anything else.
bool LineOutput::put(std::string_view lines) {
  const std::size_t taken = write_some(lines);
  if (taken > 0) {
    rest_ = lines.substr(taken);
  }
  return taken > 0 || lines.empty();
}

bool LineOutput::put_rest() {
  rest_.erase(0, write_some(rest_));
  return rest_.empty();
}

bool LineOutput::put_count() {
  if (dropped_ > 0 && put("keyswap: warning: " + std::to_string(dropped_) +
                          " lines are missing here: nobody read them in time\n")) {
    dropped_ = 0;
  }
  return dropped_ == 0 && rest_.empty();
}

// How many bytes were taken; all of them when it may wait, unless it fails.
std::size_t LineOutput::write_some(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const char* const next = bytes.data() + taken;
    std::size_t size = bytes.size() - taken;
    if (!waits_ && own_ < 0 && !is_socket_) {
      // A pipe that can be written takes that much at once (pipe(7)).
      size = std::min<std::size_t>(size, PIPE_BUF);
      if (!is_writable()) {
        break;
      }
    }
    const ssize_t count = is_socket_ && !waits_
                              ? ::send(descriptor_, next, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(own_ >= 0 ? own_ : descriptor_, next, size);
    if (count > 0) {
      taken += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      break;
    }
  }
  return taken;
}

bool LineOutput::is_writable() const {
  pollfd asked{descriptor_, POLLOUT, 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

LineOutput& standard_error() {
  static LineOutput output(STDERR_FILENO);
  return output;
}

}  // namespace keyswap::base
