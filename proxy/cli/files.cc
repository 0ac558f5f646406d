// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/files.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

Error write_error(int number) {
  return {base::write_errc(number), "cannot write", number};
}

base::Status write_new(int descriptor, std::string_view bytes, mode_t mode) {
  KS_TRY(write_all(descriptor, bytes));
  if (fchmod(descriptor, mode) != 0 || fsync(descriptor) != 0) {
    return write_error(errno);
  }
  return {};
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
  std::string beside = path + ".XXXXXX";
  File file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) {
    return write_error(errno);
  }
  base::Status written = write_new(file.descriptor(), bytes, mode);
  if (written && rename(beside.c_str(), path.c_str()) != 0) {
    written = write_error(errno);
  }
  if (!written) {
    unlink(beside.c_str());
    return written;
  }
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

base::Status write_file_if_changed(const std::string& path, std::string_view bytes, mode_t mode) {
  const auto now = read_file(path, bytes.size());
  if (now && *now == bytes) {
    return {};
  }
  return write_file(path, bytes, mode);
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
