// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home.h"

#include <cerrno>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

constexpr mode_t kOthersBits = S_IRWXG | S_IRWXO;

std::string octal(mode_t mode) {
  std::string text = "0000";
  mode_t bits = mode & 07777U;
  for (std::size_t place = text.size(); place-- > 0; bits >>= 3U) {
    text[place] = static_cast<char>('0' + (bits & 7U));
  }
  return text;
}

std::optional<HomeProblem> check_folder(const std::string& path) {
  struct stat info {};

  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return HomeProblem{"no keyswap home at " + path,
                         "run: keyswap init   (or name another with --home)"};
    }
    return cannot_look_at(path, errno);
  }
  if (S_ISLNK(info.st_mode)) {
    return HomeProblem{"the home is a symbolic link: " + path,
                       "name the folder itself with --home"};
  }
  if (!S_ISDIR(info.st_mode)) {
    return HomeProblem{"the home is not a folder: " + path, "name another with --home"};
  }
  if (info.st_uid != geteuid()) {
    return HomeProblem{
        "the home belongs to another user: " + path,
        "run as its owner (uid " + std::to_string(info.st_uid) + "), or name another with --home"};
  }
  if ((info.st_mode & kOthersBits) != 0) {
    return HomeProblem{
        "the home can be entered by other users: " + path + " has mode " + octal(info.st_mode),
        "run: chmod 700 " + path};
  }
  return check_folders_above(path);
}

// A public file: others may read it (0644), nobody else may write it.
std::optional<HomeProblem> check_public_file(const std::string& path) {
  struct stat info {};

  if (lstat(path.c_str(), &info) != 0) {
    return std::nullopt;  // the command that needs it says so
  }
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
    return HomeProblem{"not a plain file of this user: " + path,
                       "put back the file that init made"};
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return HomeProblem{"other users can write " + path, "run: chmod 644 " + path};
  }
  return std::nullopt;
}

}  // namespace

Home choose_home(const HomeChoice& choice) {
  std::filesystem::path chosen;
  if (!choice.option.empty()) {
    chosen = choice.option;
  } else if (!choice.keyswap_home.empty()) {
    chosen = choice.keyswap_home;
  } else if (!choice.xdg_state_home.empty() && choice.xdg_state_home.front() == '/') {
    chosen = std::filesystem::path(choice.xdg_state_home) / "keyswap";
  } else if (!choice.user_home.empty() && choice.user_home.front() == '/') {
    chosen = std::filesystem::path(choice.user_home) / ".local/state/keyswap";
  } else {
    return Home{};
  }
  std::error_code ignored;  // without a current folder the path stays relative, and is not found
  const std::filesystem::path absolute = std::filesystem::absolute(chosen, ignored);
  std::string path = (absolute.empty() ? chosen : absolute).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return Home{std::move(path)};
}

HomeProblem no_home_named() {
  return {"nothing says where the home is: $HOME is not set, or no whole path",
          "name it with --home DIR, or set KEYSWAP_HOME"};
}

std::optional<HomeProblem> check_private_file(const std::string& path) {
  struct stat info {};

  if (lstat(path.c_str(), &info) != 0) {
    return cannot_look_at(path, errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return HomeProblem{"not a plain file: " + path, "put the file itself there, not a link to it"};
  }
  if (info.st_nlink != 1) {
    return HomeProblem{"the file has a second name (a hard link): " + path,
                       "find it with: find / -xdev -samefile " + path + "   and remove it"};
  }
  if (info.st_uid != geteuid()) {
    return HomeProblem{"the file belongs to another user: " + path,
                       "run as its owner (uid " + std::to_string(info.st_uid) + ")"};
  }
  if ((info.st_mode & kOthersBits) != 0) {
    return HomeProblem{
        "the file can be opened by other users: " + path + " has mode " + octal(info.st_mode),
        "run: chmod 600 " + path};
  }
  return std::nullopt;
}

std::optional<HomeProblem> check_home(const Home& home) {
  if (home.path.empty()) {
    return no_home_named();
  }
  if (auto problem = check_folder(home.path)) {
    return problem;
  }

  struct stat info {};

  if (lstat(home.vault().c_str(), &info) != 0 && errno == ENOENT) {
    return HomeProblem{"no vault in " + home.path,
                       "this is no keyswap home: name another with --home, or run: keyswap init"};
  }
  if (auto problem = check_private_file(home.vault())) {
    return problem;
  }
  if (lstat(home.key().c_str(), &info) == 0) {
    if (auto problem = check_private_file(home.key())) {
      return problem;
    }
  }
  if (auto problem = check_public_file(home.ca())) {
    return problem;
  }
  return check_public_file(home.old_ca());
}

}  // namespace keyswap::cli
