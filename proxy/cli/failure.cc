// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/failure.h"

#include <cstring>

namespace keyswap::cli {

std::string explain_errno(int number) {
  const char* text = strerrordesc_np(number);  // unlike strerror: thread-safe, and never localized
  return text == nullptr ? "error " + std::to_string(number) : text;
}

std::string explain(const base::Error& error) {
  using base::Errc;
  std::string text = error.note.text();
  const bool is_errno = error.code == Errc::io || error.code == Errc::permission ||
                        error.code == Errc::no_space || error.code == Errc::network;
  // SQLite's extended codes and OpenSSL's also travel in `number`; errno values are small.
  if (is_errno && error.number > 0 && error.number < 134) {
    text += ": " + explain_errno(static_cast<int>(error.number));
  } else if (error.number != 0) {
    text += " (" + std::to_string(error.number) + ")";
  }
  return text;
}

Failure thread_failure(const base::Error& error) {
  return {Exit::cannot,
          std::string(error.note.text()) + ": " + explain_errno(static_cast<int>(error.number)),
          "allow more threads: ulimit -u, TasksMax in a systemd unit, or the container's limit of "
          "processes; fewer are needed with --threads 1"};
}

}  // namespace keyswap::cli
