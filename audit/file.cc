// SPDX-License-Identifier: Apache-2.0
#include "audit/file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/descriptors.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

constexpr mode_t kFileMode = 0600;

FileState state_from(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_size), info.st_dev, info.st_ino, info.st_nlink};
}

// An open file, or why there is none. What is no regular file is never waited for: a FIFO that
// nobody writes to would hold up a start, or a check, for ever.
Result<int> open_regular(const std::string& path, int flags, base::Note cannot) {
  const int fd =
      ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, kFileMode);
  if (fd < 0) {
    return file_error(cannot, errno);
  }

  struct stat info {};

  const bool is_known = ::fstat(fd, &info) == 0;
  if (is_known && S_ISREG(info.st_mode)) {
    return fd;
  }
  const int failed = errno;
  static_cast<void>(::close(fd));
  return is_known ? Error{Errc::io, "an audit file is not a regular file"}
                  : file_error("an audit file cannot be examined", failed);
}

class SystemFile final : public File {
 public:
  explicit SystemFile(int fd) : fd_(fd) {}

  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;
  SystemFile(SystemFile&&) = delete;
  SystemFile& operator=(SystemFile&&) = delete;

  // What matters was synced; a failing close can take nothing back.
  ~SystemFile() override { static_cast<void>(::close(fd_)); }

  Result<std::size_t> write(std::string_view bytes) override {
    while (true) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count >= 0) {
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) {
        return file_error("the audit log cannot be written", errno);
      }
    }
  }

  // Not repeated, not even when interrupted: after a failure the kernel may have dropped the pages,
  // and a second call would say that all is well.
  Status sync() override {
    if (::fdatasync(fd_) != 0) {
      return file_error("the audit log cannot be made durable", errno);
    }
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
      return file_error("an audit file cannot be cut to its whole lines", errno);
    }
    return {};
  }

  [[nodiscard]] Result<FileState> state() const override {
    struct stat info {};

    if (::fstat(fd_, &info) != 0) {
      return file_error("the audit log cannot be examined", errno);
    }
    return state_from(info);
  }

 private:
  int fd_;
};

class SystemFolder final : public Folder {
 public:
  explicit SystemFolder(int fd) : fd_(fd) {}

  SystemFolder(const SystemFolder&) = delete;
  SystemFolder& operator=(const SystemFolder&) = delete;
  SystemFolder(SystemFolder&&) = delete;
  SystemFolder& operator=(SystemFolder&&) = delete;

  ~SystemFolder() override { static_cast<void>(::close(fd_)); }

  Status sync() override {
    if (::fsync(fd_) != 0) {
      return file_error("the audit folder cannot be made durable", errno);
    }
    return {};
  }

 private:
  int fd_;
};

class SystemFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    const int fd = ::open(
        path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (fd < 0) {
      return file_error("an audit file cannot be created", errno);
    }
    auto file = std::make_unique<SystemFile>(fd);
    if (::fchmod(fd, kFileMode) != 0) {  // whatever the umask took away
      const int failed = errno;
      static_cast<void>(::unlink(path.c_str()));  // a failure leaves nothing behind
      return file_error("an audit file's mode cannot be set", failed);
    }
    return std::unique_ptr<File>(std::move(file));
  }

  Result<std::unique_ptr<File>> open(const std::string& path) override {
    const Result<int> fd =
        open_regular(path, O_WRONLY | O_APPEND, "an audit file cannot be opened for writing");
    if (!fd) {
      return fd.error();
    }
    return std::unique_ptr<File>(std::make_unique<SystemFile>(*fd));
  }

  Result<std::unique_ptr<Folder>> open_folder(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      return file_error("the audit folder cannot be opened", errno);
    }
    return std::unique_ptr<Folder>(std::make_unique<SystemFolder>(fd));
  }

  [[nodiscard]] Result<FileState> state_of(const std::string& path) const override {
    struct stat info {};

    if (::lstat(path.c_str(), &info) != 0) {
      return file_error("an audit file cannot be examined", errno);
    }
    return state_from(info);
  }
};

}  // namespace

Files& system_files() {
  static SystemFiles files;  // without state
  return files;
}

Error file_error(base::Note note, int number) {
  if (base::is_exhaustion(number)) {
    return {Errc::unavailable, note, number};
  }
  switch (number) {
    case ENOENT:
      return {Errc::not_found, note, number};
    case EEXIST:
      return {Errc::already_exists, note, number};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Errc::permission, note, number};
    default:
      return {base::write_errc(number), note, number};
  }
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  const Result<int> fd =
      open_regular(path, O_RDWR | O_CREAT, "the audit folder's lock file cannot be opened");
  if (!fd) {
    return fd.error();
  }
  FileLock lock(*fd);

  struct flock wanted {};

  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  if (::fcntl(*fd, F_OFD_SETLK, &wanted) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Error{Errc::locked, "the audit log is in use by another keyswap", errno};
    }
    return file_error("the audit folder cannot be locked", errno);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) {
    static_cast<void>(::close(fd_));  // gives the lock up
  }
}

Result<Input> Input::open(const std::string& path) {
  const Result<int> fd = open_regular(path, O_RDONLY, "an audit file cannot be opened");
  if (!fd) {
    return fd.error();
  }
  return Input(*fd);
}

Input::Input(Input&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Input::~Input() {
  if (fd_ >= 0) {
    static_cast<void>(::close(fd_));
  }
}

Result<std::size_t> Input::read(std::uint64_t offset, char* out, std::size_t count) const {
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(fd_, out + filled, count - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno != EINTR) {
      return file_error("an audit file cannot be read", errno);
    }
    if (got == 0) {
      break;
    }
    filled += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return filled;
}

Result<std::uint64_t> Input::size() const {
  struct stat info {};

  if (::fstat(fd_, &info) != 0) {
    return file_error("an audit file cannot be examined", errno);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

Status check_folder(const std::string& path) {
  struct stat info {};

  if (::stat(path.c_str(), &info) != 0) {
    return file_error("the audit folder cannot be examined", errno);
  }
  if (!S_ISDIR(info.st_mode)) {
    return Error{Errc::io, "the audit folder is not a folder"};
  }
  if (info.st_uid != ::geteuid()) {
    return Error{Errc::permission, "the audit folder belongs to another user"};
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Errc::permission, "the audit folder is writable by others than its owner"};
  }
  return {};
}

}  // namespace keyswap::audit
