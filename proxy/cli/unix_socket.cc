// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unix_socket.h"

#include <cerrno>
#include <filesystem>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/cli/path_trust.h"

namespace keyswap::cli {

namespace {

constexpr int kBacklog = 1024;
// sun_path, with the 0 at its end.
constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), kPathBytesMax);
  return address;
}

File new_socket() {
  return File(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Failure cannot_listen(const std::string& path, int number) {
  return {Exit::cannot,
          "cannot listen on unix:" + path + ": " + explain_errno(number),
          "name a place whose folder is there, and which this user can write"};
}

// Takes away what an ended proxy left there, and nothing else.
Problem make_room(const std::string& path) {
  struct stat info {};

  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? std::nullopt : Problem(cannot_listen(path, errno));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Failure{Exit::cannot,
                   "what is at " + path + " is no socket",
                   "take it away, or choose another --listen unix:PATH"};
  }
  const File probe = new_socket();
  const sockaddr_un address = address_of(path);
  const int connected =
      ::connect(probe.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int number = connected == 0 ? 0 : errno;
  if (number == 0 || number == EAGAIN) {  // EAGAIN: somebody who has enough to do
    return Failure{Exit::cannot,
                   "unix:" + path + " is in use by another program",
                   "stop that one, or choose another --listen unix:PATH"};
  }
  if (number != ECONNREFUSED) {
    return Failure{
        Exit::cannot,
        "cannot tell whether somebody listens on unix:" + path + ": " + explain_errno(number),
        "take that socket away if it is of no use, or choose another place"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(path, errno);
  }
  return std::nullopt;
}

}  // namespace

Outcome<UnixSocket> UnixSocket::listen(const std::string& path, mode_t mode) {
  if (path.size() > kPathBytesMax) {
    return Failure{Exit::usage,
                   "the path of a socket may have " + std::to_string(kPathBytesMax) +
                       " bytes, and this has " + std::to_string(path.size()) + ": " + path,
                   "choose a shorter one, like: --listen unix:/run/keyswap/proxy.sock"};
  }
  if (auto problem = check_folders_above(path)) {
    return Failure{Exit::cannot, problem->what, problem->hint};
  }
  if (auto problem = make_room(path)) {
    return *std::move(problem);
  }
  UnixSocket made(new_socket(), path);
  const int socket = made.socket_.descriptor();
  const sockaddr_un address = address_of(path);
  // The file takes the socket's own mode, less the umask: it is never open any wider.
  if (socket < 0 || ::fchmod(socket, mode) != 0 ||
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int failed = errno;
    made.path_.clear();  // what is there is not ours
    return cannot_listen(path, failed);
  }

  struct stat info {};

  if (::lstat(path.c_str(), &info) != 0) {
    return cannot_listen(path, errno);
  }
  made.device_ = info.st_dev;
  made.number_ = info.st_ino;
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket, kBacklog) != 0) {
    return cannot_listen(path, errno);
  }
  return made;
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      number_(other.number_) {}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
  if (this != &other) {
    remove();
    socket_ = std::move(other.socket_);
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    number_ = other.number_;
  }
  return *this;
}

UnixSocket::~UnixSocket() {
  remove();
}

std::string UnixSocket::folder() const {
  return std::filesystem::path(path_).parent_path().string();
}

void UnixSocket::remove() {
  struct stat info {};

  const bool is_ours = !path_.empty() && ::lstat(path_.c_str(), &info) == 0 &&
                       info.st_dev == device_ && info.st_ino == number_;
  if (is_ours) {
    ::unlink(path_.c_str());
  }
}

}  // namespace keyswap::cli
