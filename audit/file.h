// SPDX-License-Identifier: Apache-2.0
//
// What the log asks of a file system, as an interface, so that a test can make any single step of
// it fail (I6, I13). system_files() is the real one: every file is 0600 whatever the umask, opened
// for appending, never through a symbolic link, and a regular one. Reading is not part of it:
// line_reader.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::audit {

struct FileState {
  std::uint64_t size = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;  // 0: it has been deleted
};

// A file that is open for appending.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;
  virtual ~File() = default;

  // Appends; gives how many bytes were taken, which may be fewer than there are.
  virtual base::Result<std::size_t> write(std::string_view bytes) = 0;
  virtual base::Status sync() = 0;  // fdatasync
  virtual base::Status truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual base::Result<FileState> state() const = 0;
};

// A folder that is held open, so that making its entries durable wants no descriptor.
class Folder {
 public:
  Folder() = default;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  virtual ~Folder() = default;

  virtual base::Status sync() = 0;
};

class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  Files(Files&&) = delete;
  Files& operator=(Files&&) = delete;
  virtual ~Files() = default;

  // already_exists if there is something of that name; unavailable for want of a descriptor or
  // memory. An error leaves nothing new behind.
  virtual base::Result<std::unique_ptr<File>> create(const std::string& path) = 0;
  virtual base::Result<std::unique_ptr<File>> open(const std::string& path) = 0;
  virtual base::Result<std::unique_ptr<Folder>> open_folder(const std::string& path) = 0;
  // Of what stands at the path now.
  [[nodiscard]] virtual base::Result<FileState> state_of(const std::string& path) const = 0;
};

Files& system_files();

// An advisory lock on the file `path`, created if need be, held until destruction. An open file
// description lock (fcntl(2), F_OFD_SETLK): it excludes this process too, and no other close of the
// file gives it up.
class FileLock {
 public:
  // locked if somebody holds it.
  static base::Result<FileLock> acquire(const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

// A file to read, closed on destruction.
class Input {
 public:
  // not_found, permission or io; io for anything but a regular file, at once.
  static base::Result<Input> open(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  Input(Input&& other) noexcept;
  Input& operator=(Input&&) = delete;
  ~Input();

  // Up to `count` bytes from `offset` into `out`; fewer only at the file's end.
  base::Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t count) const;
  [[nodiscard]] base::Result<std::uint64_t> size() const;

 private:
  explicit Input(int fd) : fd_(fd) {}

  int fd_;
};

// The error for errno `number` of a failed call.
base::Error file_error(base::Note note, int number);

// Must be a folder that only its owner, who is us, may write to: not_found, permission or io
// otherwise.
base::Status check_folder(const std::string& path);

}  // namespace keyswap::audit
