// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home_folder.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr int kDepthMax = 3;  // what we make is less deep

using base::Errc;
using base::Error;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// Without `.` and `..`.
std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> opened(again < 0 ? nullptr : fdopendir(again));
  if (opened == nullptr) {
    const File unused(again);
    return names;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): of a stream that nobody else has
  while (const dirent* entry = readdir(opened.get())) {
    const std::string_view name(&entry->d_name[0]);
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  return names;
}

void remove_at(int folder, const std::string& name, int depth) {
  if (unlinkat(folder, name.c_str(), 0) == 0 || depth == 0) {
    return;
  }
  const File inside(openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inside.is_open()) {
    return;
  }
  for (const std::string& each : names_in(inside.descriptor())) {
    remove_at(inside.descriptor(), each, depth - 1);
  }
  static_cast<void>(unlinkat(folder, name.c_str(), AT_REMOVEDIR));
}

}  // namespace

base::Result<HomeFolder> HomeFolder::open_at(int folder, const std::string& name) {
  if (mkdirat(folder, name.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Error{base::write_errc(errno), "the folder cannot be made", errno};
  }
  File opened(openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.is_open()) {
    const bool is_other = errno == ELOOP || errno == ENOTDIR;
    return is_other ? Error{Errc::permission, "a link or a file stands where a folder of ours was"}
                    : Error{Errc::io, "the folder cannot be opened", errno};
  }

  struct stat found {};

  if (fstat(opened.descriptor(), &found) != 0 || found.st_uid != geteuid()) {
    return Error{Errc::permission, "the folder belongs to another user"};
  }
  return HomeFolder(std::move(opened));
}

base::Result<HomeFolder> HomeFolder::open(const std::string& path) {
  return open_at(AT_FDCWD, path);
}

base::Result<HomeFolder> HomeFolder::open_inside(const std::string& name) const {
  return open_at(folder_.descriptor(), name);
}

std::vector<std::string> HomeFolder::names() const {
  std::vector<std::pair<std::pair<time_t, long>, std::string>> found;
  for (std::string& name : names_in(folder_.descriptor())) {
    struct stat state {};

    if (fstatat(folder_.descriptor(), name.c_str(), &state, AT_SYMLINK_NOFOLLOW) == 0) {
      found.emplace_back(std::pair(state.st_mtim.tv_sec, state.st_mtim.tv_nsec), std::move(name));
    }
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> names;
  names.reserve(found.size());
  for (auto& [changed, name] : found) {
    names.push_back(std::move(name));
  }
  return names;
}

void HomeFolder::touch(const std::string& name) const {
  static_cast<void>(utimensat(folder_.descriptor(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW));
}

void HomeFolder::remove(const std::string& name) const {
  remove_at(folder_.descriptor(), name, kDepthMax);
}

bool is_hex_name(std::string_view name, std::size_t digits) {
  return name.size() >= digits && (name.size() == digits || name[digits] == '.') &&
         std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(digits), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace keyswap::cli
