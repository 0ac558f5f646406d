// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/workshop.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInfix = ".init-";
constexpr std::string_view kRandom = "XXXXXX";  // what mkdtemp replaces

base::Error not_made(int number) {
  return {base::write_errc(number), "the folder could not be made", number};
}

// The folder, locked; closed when somebody else works in it, or it is no folder of ours.
File lock_folder(const std::string& path) {
  File folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

  struct stat info {};

  if (!folder.is_open() || fstat(folder.descriptor(), &info) != 0 || info.st_uid != geteuid() ||
      flock(folder.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    return {};
  }
  return folder;
}

// What a kill left: folders of that name that nobody holds. (One that somebody has made and not yet
// locked goes too: two who build for one place at a time get in each other's way in any case.)
void forget_abandoned(const fs::path& place) {
  const std::string prefix = place.filename().string() + std::string(kInfix);
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(place.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.size() == prefix.size() + kRandom.size()) {
      found.push_back(entry.path());
    }
  }
  for (const fs::path& path : found) {
    if (const File lock = lock_folder(path.string()); lock.is_open()) {
      fs::remove_all(path, ignored);
    }
  }
}

}  // namespace

Workshop::Workshop(std::string place)
    : place_(std::move(place)), path_(place_ + std::string(kInfix) + std::string(kRandom)) {
  forget_abandoned(place_);
  if (mkdtemp(path_.data()) == nullptr) {
    made_ = not_made(errno);
    return;
  }
  is_ours_to_remove_ = true;
  lock_ = lock_folder(path_);  // where folders cannot be locked (NFS), none is taken away either
}

Workshop::~Workshop() {
  if (is_ours_to_remove_) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
}

base::Status Workshop::move_into_place() {
  if (SignalHold::has_one()) {
    return not_made(EINTR);
  }
  if (std::rename(path_.c_str(), place_.c_str()) != 0) {
    return not_made(errno);
  }
  is_ours_to_remove_ = false;
  return {};
}

}  // namespace keyswap::cli
