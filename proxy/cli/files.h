// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the small files of the home. Written whole or not at all: a new file beside
// the old one, made durable, then renamed over it; its mode is what is asked for whatever the
// umask. Not for secrets, which never pass through a std::string (proxy/cli/terminal.h reads
// those).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "proxy/base/result.h"

namespace keyswap::cli {

// A file descriptor that closes itself.
class File {
 public:
  File() = default;

  explicit File(int descriptor) : descriptor_(descriptor) {}

  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  void close();

  // Gives it away: it is the caller's to close.
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

// A descriptor that was handed to us by its number becomes ours: no child inherits it, and it
// closes with the File. A standard one leaves /dev/null in its place. Not open when the number is
// not.
File take_descriptor(int number);

// Open to be read, unless that is a FIFO, which could be waited for for ever; not_found; io (number
// = errno).
base::Result<File> open_file(const std::string& path);

// The whole file, as open_file() opens it; limit_exceeded past `bytes_max`; not_found; io (number
// = errno).
base::Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

// Writes all of it, going on after short writes and interrupts.
base::Status write_all(int descriptor, std::string_view bytes);

// Replaces `path` atomically and durably.
base::Status write_file(const std::string& path, std::string_view bytes, mode_t mode);
// The same of a file that is not there yet: already_exists, and that one stays.
base::Status write_new_file(const std::string& path, std::string_view bytes, mode_t mode);

// How a file is replaced that is not ours alone.
struct Replacing {
  mode_t mode = 0600;
  int like = -1;  // an open file: the new one gets its group and its access list
  // Asked last, when the new file stands beside the old one; an error leaves all as it was.
  std::function<base::Status()> check;
};

base::Status write_file(const std::string& path, std::string_view bytes, const Replacing& how);
// The same, unless the file already says just that.
base::Status write_file_if_changed(const std::string& path, std::string_view bytes, mode_t mode);

// The same for a path that a user names. A link stays a link; and what is no plain file, such as a
// pipe or /dev/stdout, is written to: a root's rename would put a file in the place of a device.
base::Status write_output(const std::string& path, std::string_view bytes, mode_t mode);

// Gives a whole file its name: already_exists where there is something of that name. Not durable
// yet.
base::Status rename_new(const std::string& from, const std::string& to);

// Makes what was created, renamed or removed in the folder durable.
base::Status sync_folder(const std::string& path);

}  // namespace keyswap::cli
