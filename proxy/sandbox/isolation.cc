// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/isolation.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <net/if.h>
#include <optional>
#include <sched.h>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/sandbox/privileges.h"

namespace keyswap::sandbox {

namespace {

namespace fs = std::filesystem;

using base::Errc;
using base::Error;

constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;

// Closes itself.
class Held {
 public:
  explicit Held(int number) : number_(number) {}

  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  Held(Held&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  Held& operator=(Held&&) = delete;

  ~Held() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// What stays to be seen of a covered folder.
struct Kept {
  std::string path;
  Held tree;
};

// 0, or errno. The kernel takes each of these files in one piece.
int put(const std::string& path, std::string_view text, int flags) {
  const Held file(::open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, kFileMode));
  if (file.number() < 0) {
    return errno;
  }
  const ssize_t written = ::write(file.number(), text.data(), text.size());
  if (written < 0) {
    return errno;
  }
  return static_cast<std::size_t>(written) == text.size() ? 0 : EIO;
}

base::Status map_one(const char* map, unsigned number) {
  const std::string text = std::to_string(number);
  if (const int failed = put(map, text + " " + text + " 1", 0); failed != 0) {
    return Error{Errc::unsupported, "the user cannot be kept in a namespace", failed};
  }
  return {};
}

base::Status start_loopback() {
  const Held socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  static_cast<void>(std::strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1));
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (socket.number() < 0 || ::ioctl(socket.number(), SIOCSIFFLAGS, &request) != 0) {
    return Error{Errc::unsupported, "the loopback of a namespace cannot be started", errno};
  }
  return {};
}

// In the child. It is told by a pipe how that went, and whether its parent still lives: the number
// of a parent outside of the namespace is 0.
[[noreturn]] void be_first_process(int pipe) {
  int failed = ::mount("proc", "/proc", "proc", kPlain, nullptr) == 0 ? 0 : errno;
  if (failed == 0 && !give_up_privileges(std::nullopt)) {
    failed = EPERM;
  }
  static_cast<void>(std::signal(SIGCHLD, SIG_IGN));  // so the kernel takes orphans away
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 && failed == 0) {
    failed = errno;
  }
  if (::write(pipe, &failed, sizeof(failed)) != sizeof(failed) || failed != 0) {
    ::_exit(1);
  }
  // Nobody waits for the end of a file that only this process has open.
  static_cast<void>(::close_range(0, ~0U, 0));
  for (;;) {
    ::pause();
  }
}

base::Status keep(const Cover& cover, std::vector<Kept>& kept) {
  for (const std::string& name : cover.kept) {
    std::string path = cover.folder + "/" + name;
    Held tree(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (tree.number() < 0) {
      if (errno == ENOENT) {
        continue;
      }
      return Error{Errc::io, "what is to stay of a folder cannot be kept", errno};
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(tree.number(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
      return Error{Errc::io, "what is to stay of a folder cannot be made read-only", errno};
    }
    kept.push_back({std::move(path), std::move(tree)});
  }
  return {};
}

base::Status show(const Kept& kept) {
  std::error_code ignored;
  fs::create_directories(fs::path(kept.path).parent_path(), ignored);

  struct stat info {};

  const bool is_folder = ::fstat(kept.tree.number(), &info) == 0 && S_ISDIR(info.st_mode);
  const int failed = is_folder ? (::mkdir(kept.path.c_str(), kFolderMode) == 0 ? 0 : errno)
                               : put(kept.path, "", O_CREAT | O_EXCL);
  if (failed != 0) {
    return Error{Errc::io, "there is no place for what stays of a folder", failed};
  }
  if (::move_mount(kept.tree.number(), "", AT_FDCWD, kept.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
      0) {
    return Error{Errc::io, "what stays of a folder cannot be shown", errno};
  }
  return {};
}

}  // namespace

base::Status enter_namespaces() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID) != 0) {
    return Error{Errc::unsupported, "namespaces cannot be made", errno};
  }
  // /proc/self belongs to root where nobody may trace the process. give_up_privileges() closes it
  // again; there is nothing here that the command does not get.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
    return Error{Errc::unsupported, "the process cannot be made traceable", errno};
  }
  if (const int failed = put("/proc/self/setgroups", "deny", 0); failed != 0) {
    return Error{Errc::unsupported, "the groups cannot be fixed in a namespace", failed};
  }
  KS_TRY(map_one("/proc/self/uid_map", user));
  KS_TRY(map_one("/proc/self/gid_map", group));
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Error{Errc::unsupported, "a namespace gives no rights over its mounts", errno};
  }
  return start_loopback();
}

base::Status start_first_process() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{Errc::io, "cannot make a pipe", errno};
  }
  const Held reading(ends[0]);
  std::optional<Held> writing(std::in_place, ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    be_first_process(ends[1]);
  }
  if (child < 0) {
    return Error{Errc::io, "cannot start a process", errno};
  }
  writing.reset();
  int failed = 0;
  if (::read(reading.number(), &failed, sizeof(failed)) != sizeof(failed)) {
    failed = ECHILD;
  }
  if (failed != 0) {
    return Error{Errc::unsupported, "a namespace cannot have a /proc of its own", failed};
  }
  return {};
}

base::Status cover_folder(const Cover& cover) {
  std::vector<Kept> kept;
  KS_TRY(keep(cover, kept));
  const char* folder = cover.folder.c_str();
  if (::mount("tmpfs", folder, "tmpfs", kPlain, "mode=0755,size=1m") != 0) {
    return Error{errno == ENOENT ? Errc::not_found : Errc::io, "a folder cannot be hidden", errno};
  }
  for (const Kept& one : kept) {
    KS_TRY(show(one));
  }
  for (const auto& [name, text] : cover.files) {
    if (const int failed = put(cover.folder + "/" + name, text, O_CREAT | O_EXCL); failed != 0) {
      return Error{Errc::io, "a file cannot be made in a hidden folder", failed};
    }
  }
  if (::mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kPlain, nullptr) != 0) {
    return Error{Errc::io, "a hidden folder cannot be made read-only", errno};
  }
  return {};
}

base::Status cover_file(const std::string& path, const std::string& with) {
  if (::mount(with.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    const bool is_out_of_reach = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    return Error{is_out_of_reach ? Errc::not_found : Errc::io, "a file cannot be hidden", errno};
  }
  return {};
}

}  // namespace keyswap::sandbox
