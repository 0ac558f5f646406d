// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/path_trust.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <grp.h>
#include <vector>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kLinksMax = 40;  // as the kernel
constexpr std::size_t kRecordBytesMax = std::size_t{64} * 1024;

// In a user namespace that does not know them, the owners of folders outside of it are all shown as
// this user: root, too.
bool is_unknown_here(uid_t owner) {
  constexpr uid_t kOverflow = 65534;
  constexpr std::size_t kMapBytesMax = std::size_t{64} * 1024;
  if (owner != kOverflow) {
    return false;
  }
  const auto map = read_file("/proc/self/uid_map", kMapBytesMax);
  return map && map->find("4294967295") == std::string::npos;
}

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == geteuid() || is_unknown_here(owner);
}

// Many systems give each user a group of the same name, and let it write what he makes. A list of
// members that is too long to be read is not that.
bool is_own_group(gid_t id) {
  if (id == 0) {
    return true;  // root's
  }
  std::vector<char> user_bytes(kRecordBytesMax);
  std::vector<char> group_bytes(kRecordBytesMax);

  struct passwd user {};

  struct group entry {};

  struct passwd* found_user = nullptr;
  struct group* found_group = nullptr;
  if (getpwuid_r(geteuid(), &user, user_bytes.data(), user_bytes.size(), &found_user) != 0 ||
      getgrgid_r(id, &entry, group_bytes.data(), group_bytes.size(), &found_group) != 0 ||
      found_user == nullptr || found_group == nullptr) {
    return false;
  }
  if (user.pw_gid != id || std::strcmp(user.pw_name, entry.gr_name) != 0) {
    return false;
  }
  for (char** member = entry.gr_mem; *member != nullptr; ++member) {
    if (std::strcmp(*member, user.pw_name) != 0) {
      return false;
    }
  }
  return true;
}

bool others_can_write(const struct stat& info) {
  return (info.st_mode & S_IWOTH) != 0 ||
         ((info.st_mode & S_IWGRP) != 0 && !is_own_group(info.st_gid));
}

PathProblem of_another(const std::string& what, const std::string& path, uid_t owner) {
  return {what + " belongs to another user (uid " + std::to_string(owner) + "): " + path,
          "what he puts there would be trusted: choose another place, or run: chown " +
              std::to_string(geteuid()) + " " + path};
}

std::optional<PathProblem> judge_folder(const std::string& path, const struct stat& info) {
  if (!is_trusted(info.st_uid)) {
    return of_another("the folder above", path, info.st_uid);
  }
  if (!others_can_write(info) || (info.st_mode & S_ISVTX) != 0) {
    return std::nullopt;
  }
  const bool by_all = (info.st_mode & S_IWOTH) != 0;
  return PathProblem{std::string("the folder above can be written by ") +
                         (by_all ? "everybody: " : "others of its group: ") + path,
                     std::string("run: chmod ") + (by_all ? "o-w " : "g-w ") + path +
                         "   or choose another place"};
}

// Follows a path as the kernel does, a name at a time, and judges each folder before it looks for
// a name in it.
class Walk {
 public:
  explicit Walk(const fs::path& path) { put_before(path); }

  std::optional<PathProblem> go() {
    while (true) {
      if (auto problem = judge_here()) {
        return problem;
      }
      if (!take_name()) {
        return std::nullopt;
      }
      if (auto problem = step()) {
        return problem;
      }
      if (names_.empty()) {
        return std::nullopt;
      }
    }
  }

 private:
  void put_before(const fs::path& path) {
    std::deque<std::string> names;
    for (const fs::path& name : path.relative_path()) {
      if (!name.empty() && name != ".") {
        names.push_back(name.string());
      }
    }
    names_.insert(names_.begin(), names.begin(), names.end());
  }

  std::optional<PathProblem> judge_here() {
    struct stat info {};

    if (lstat(here_.c_str(), &info) != 0) {
      return cannot_look_at(here_.string(), errno);
    }
    return judge_folder(here_.string(), info);
  }

  bool take_name() {
    if (names_.empty()) {
      return false;
    }
    name_ = names_.front();
    names_.pop_front();
    return true;
  }

  std::optional<PathProblem> step() {
    if (name_ == "..") {
      here_ = here_.parent_path();
      return std::nullopt;
    }
    const fs::path next = here_ / name_;

    struct stat info {};

    if (lstat(next.c_str(), &info) != 0) {
      names_.clear();
      return errno == ENOENT ? std::nullopt : std::optional(cannot_look_at(next.string(), errno));
    }
    if (!S_ISLNK(info.st_mode)) {
      here_ = next;
      return std::nullopt;
    }
    if (!is_trusted(info.st_uid)) {
      return of_another("a link on the way", next.string(), info.st_uid);
    }
    return follow(next);
  }

  std::optional<PathProblem> follow(const fs::path& link) {
    std::error_code failed;
    const fs::path target = fs::read_symlink(link, failed);
    if (failed) {
      return cannot_look_at(link.string(), failed.value());
    }
    if (++links_ > kLinksMax) {
      return cannot_look_at(link.string(), ELOOP);
    }
    if (target.is_absolute()) {
      here_ = "/";
    }
    put_before(target);
    return std::nullopt;
  }

  fs::path here_ = "/";  // a folder that was judged, or is judged next
  std::string name_;
  std::deque<std::string> names_;  // still to be followed from there
  int links_ = 0;
};

}  // namespace

PathProblem cannot_look_at(const std::string& path, int number) {
  return {"cannot look at " + path + ": " + explain_errno(number),
          "check that this user may enter every folder above it"};
}

std::optional<PathProblem> check_folders_above(const std::string& path) {
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  if (failed) {
    return cannot_look_at(path, failed.value());
  }
  return Walk(absolute).go();
}

std::optional<PathProblem> check_trusted_file(const std::string& path) {
  if (auto problem = check_folders_above(path)) {
    return problem;
  }

  struct stat info {};

  if (stat(path.c_str(), &info) != 0) {
    return cannot_look_at(path, errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return PathProblem{"not a plain file: " + path, "name the file itself"};
  }
  if (!is_trusted(info.st_uid)) {
    return of_another("the file", path, info.st_uid);
  }
  if (others_can_write(info)) {
    return PathProblem{"other users can write " + path, "run: chmod go-w " + path};
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
