// SPDX-License-Identifier: Apache-2.0
//
// A Unix socket that listens at a path: who may connect its file's mode says, and its peers' users
// the kernel (proxy/uv/local_users.h). Where it lies nobody else may be able to put another one
// (proxy/cli/path_trust.h).
#pragma once

#include <string>
#include <utility>

#include <sys/types.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

class UnixSocket {
 public:
  // Makes the file, of that mode whatever the umask, and listens. One that is there is replaced if
  // nobody listens on it any more. A failure (usage) for a path that is too long; (cannot) where
  // somebody listens, what is there is no socket, or the folders on the way are not to be trusted.
  static Outcome<UnixSocket> listen(const std::string& path, mode_t mode);
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&& other) noexcept;
  // Removes the file, unless it is another one meanwhile.
  ~UnixSocket();

  [[nodiscard]] const std::string& path() const { return path_; }

  // The folder that the file is in, and removed from.
  [[nodiscard]] std::string folder() const;

  // Gives the descriptor away, for good: non-blocking, close-on-exec.
  int release() { return socket_.release(); }

 private:
  UnixSocket(File socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {}

  void remove();

  File socket_;
  std::string path_;  // "" once it was moved from
  dev_t device_ = 0;
  ino_t number_ = 0;  // of the file
};

}  // namespace keyswap::cli
