// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

Error write_error(int number) {
  return {base::write_errc(number), "cannot write", number};
}

// The group of `from`, and its access list (acl(5)), if it has one.
base::Status take_access(int from, int to) {
  constexpr const char* kAccessList = "system.posix_acl_access";
  constexpr std::size_t kAccessListBytesMax = 4096;

  struct stat before {};

  struct stat now {};

  if (fstat(from, &before) != 0 || fstat(to, &now) != 0) {
    return write_error(errno);
  }
  if (before.st_gid != now.st_gid && fchown(to, static_cast<uid_t>(-1), before.st_gid) != 0) {
    return Error{Errc::permission, "the new file cannot have the old one's group", errno};
  }
  std::array<char, kAccessListBytesMax> list{};
  const ssize_t size = fgetxattr(from, kAccessList, list.data(), list.size());
  if (size < 0 && (errno == ENODATA || errno == ENOTSUP)) {
    return {};
  }
  if (size < 0 || fsetxattr(to, kAccessList, list.data(), static_cast<std::size_t>(size), 0) != 0) {
    return Error{Errc::permission, "the new file cannot have the old one's access list", errno};
  }
  return {};
}

base::Status write_new(int descriptor, std::string_view bytes, const Replacing& how) {
  if (how.like >= 0) {
    KS_TRY(take_access(how.like, descriptor));
  }
  KS_TRY(write_all(descriptor, bytes));
  if (fchmod(descriptor, how.mode) != 0 || fsync(descriptor) != 0) {
    return write_error(errno);
  }
  return how.check ? how.check() : base::Status();
}

base::Status rename_over(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 ? base::Status() : write_error(errno);
}

// `move`: how the whole file gets its name.
base::Status write_beside(const std::string& path,
                          std::string_view bytes,
                          const Replacing& how,
                          base::Status (*move)(const std::string& from, const std::string& to)) {
  std::string beside = path + ".XXXXXX";
  File file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) {
    return write_error(errno);
  }
  base::Status written = write_new(file.descriptor(), bytes, how);
  if (written) {
    written = move(beside, path);
  }
  if (!written) {
    unlink(beside.c_str());
    return written;
  }
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

File::~File() {
  close();
}

void File::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

File take_descriptor(int number) {
  if (number > STDERR_FILENO) {
    return fcntl(number, F_SETFD, FD_CLOEXEC) == 0 ? File(number) : File();
  }
  File taken(fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  // The number is not left free: what is opened next would get it, and be taken for stdin.
  const File nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (taken.is_open() && nothing.is_open()) {
    static_cast<void>(dup2(nothing.descriptor(), number));
  }
  return taken;
}

base::Result<File> open_file(const std::string& path) {
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) {
    return errno == ENOENT ? Error{Errc::not_found, "no such file"}
                           : Error{Errc::io, "cannot read", errno};
  }

  struct stat info {};

  if (fstat(file.descriptor(), &info) != 0) {
    return Error{Errc::io, "cannot read", errno};
  }
  if (S_ISFIFO(info.st_mode)) {
    return Error{Errc::io, "it is a FIFO, not a file"};
  }
  return file;
}

base::Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto opened = open_file(path);
  if (!opened) {
    return opened.error();
  }
  const File& file = *opened;
  std::string bytes;
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t count = read(file.descriptor(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Error{Errc::io, "cannot read", errno};
    }
    if (count == 0) {
      return bytes;
    }
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    if (bytes.size() > bytes_max) {
      return Error{
          Errc::limit_exceeded, "the file is too large", static_cast<std::int64_t>(bytes_max)};
    }
  }
}

base::Status write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return write_error(errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

base::Status write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  return write_file(path, bytes, Replacing{.mode = mode, .like = -1, .check = {}});
}

base::Status write_file(const std::string& path, std::string_view bytes, const Replacing& how) {
  return write_beside(path, bytes, how, rename_over);
}

base::Status write_new_file(const std::string& path, std::string_view bytes, mode_t mode) {
  return write_beside(path, bytes, Replacing{.mode = mode, .like = -1, .check = {}}, rename_new);
}

base::Status write_file_if_changed(const std::string& path, std::string_view bytes, mode_t mode) {
  const auto now = read_file(path, bytes.size());
  if (now && *now == bytes) {
    return {};
  }
  return write_file(path, bytes, mode);
}

base::Status rename_new(const std::string& from, const std::string& to) {
  int failed =
      renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (failed == EINVAL || failed == ENOSYS) {  // a file system without it: a second name, then
    failed = link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
    if (failed == 0) {
      unlink(from.c_str());
    }
  }
  if (failed == EEXIST) {
    return Error{Errc::already_exists, "there is something of that name already"};
  }
  return failed == 0 ? base::Status() : write_error(failed);
}

base::Status write_output(const std::string& path, std::string_view bytes, mode_t mode) {
  struct stat info {};

  if (stat(path.c_str(), &info) != 0) {
    return write_file(path, bytes, mode);
  }
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
    std::error_code failed;
    const std::filesystem::path meant = std::filesystem::canonical(path, failed);
    return write_file(failed ? path : meant.string(), bytes, mode);
  }
  const File file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  return file.is_open() ? write_all(file.descriptor(), bytes) : write_error(errno);
}

base::Status sync_folder(const std::string& path) {
  // The parent of a bare file name is "".
  const File folder(open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || fsync(folder.descriptor()) != 0) {
    return Error{base::write_errc(errno), "cannot make the folder durable", errno};
  }
  return {};
}

}  // namespace keyswap::cli
