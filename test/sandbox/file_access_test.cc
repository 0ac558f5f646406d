// SPDX-License-Identifier: Apache-2.0
#include "proxy/sandbox/file_access.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <linux/landlock.h>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/sandbox/privileges.h"
#include "test/support/forked.h"

namespace keyswap::sandbox {

namespace {

using test::Ended;
using test::in_child;

long landlock_version() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

// Two folders, gone at the end: one that may be written, and one with a file in it that may not.
class Folders {
 public:
  Folders() {
    std::string made = (std::filesystem::temp_directory_path() / "keyswap-files-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) {
      std::abort();
    }
    path_ = made;
    home = made + "/home";
    other = made + "/other";
    std::filesystem::create_directory(home);
    std::filesystem::create_directory(other);
    static_cast<void>(write_to(other + "/there"));
  }

  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;
  Folders(Folders&&) = delete;
  Folders& operator=(Folders&&) = delete;

  ~Folders() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // Makes a file, or writes one anew: 0, or errno.
  static int write_to(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
      return errno;
    }
    const bool is_written = ::write(file, "x", 1) == 1 && ::fdatasync(file) == 0;
    ::close(file);
    return is_written ? 0 : EIO;
  }

  std::string home;
  std::string other;

 private:
  std::string path_;
};

// errno of what must not have been done; 0 if it was done.
int error_of(int result) {
  return result < 0 ? errno : 0;
}

bool can_read(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const bool is_read = file >= 0 && ::read(file, &byte, 1) >= 0;
  if (file >= 0) {
    ::close(file);
  }
  return is_read;
}

// In a child that may write `folders.home`: what `tries` gives, or kNotHere.
template <typename Tries>
Ended when_restricted(const Folders& folders, const Tries& tries) {
  return in_child([&] {
    const std::vector<std::string> writable = {folders.home};
    const auto restricted = restrict_files(writable);
    if (!restricted) {
      return restricted.error().code == base::Errc::unsupported ? test::kNotHere : 100;
    }
    return tries();
  });
}

void check_held(const Ended& ended) {
  if (ended.status == test::kNotHere) {
    WARN("no Landlock here: what may be written was not tried");
    return;
  }
  CHECK(ended.signal == 0);
  CHECK(ended.status == 0);
}

TEST_CASE("what serving writes can be written, replaced and removed in its folders") {
  const Folders folders;
  check_held(when_restricted(folders, [&folders] {
    const std::string file = folders.home + "/vault.db-journal";
    const std::string renamed = folders.home + "/vault.db";
    if (Folders::write_to(file) != 0) {
      return 1;
    }
    if (std::rename(file.c_str(), renamed.c_str()) != 0) {
      return 2;
    }
    if (::truncate(renamed.c_str(), 0) != 0) {
      return 3;
    }
    if (::link(renamed.c_str(), file.c_str()) != 0) {
      return 4;
    }
    return ::unlink(renamed.c_str()) == 0 ? 0 : 5;
  }));
}

TEST_CASE("no file is made, changed or removed elsewhere") {
  const Folders folders;
  check_held(when_restricted(folders, [&folders] {
    const std::string there = folders.other + "/there";
    if (Folders::write_to(folders.other + "/new") != EACCES) {
      return 1;
    }
    if (error_of(::open(there.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)) != EACCES) {
      return 2;
    }
    if (error_of(::unlink(there.c_str())) != EACCES) {
      return 3;
    }
    if (landlock_version() >= 3 && error_of(::truncate(there.c_str(), 0)) != EACCES) {
      return 4;
    }
    // Out of the folder that may be written, and into it.
    if (Folders::write_to(folders.home + "/own") != 0) {
      return 5;
    }
    if (std::rename((folders.home + "/own").c_str(), (folders.other + "/own").c_str()) == 0) {
      return 6;
    }
    if (std::rename(there.c_str(), (folders.home + "/taken").c_str()) == 0) {
      return 7;
    }
    return 0;
  }));
}

TEST_CASE("of other kinds of files none but folders is made, not even in the home") {
  const Folders folders;
  check_held(when_restricted(folders, [&folders] {
    if (::mkdir((folders.home + "/folder").c_str(), 0700) != 0 ||
        Folders::write_to(folders.home + "/folder/file") != 0 ||
        error_of(::mkdir((folders.other + "/folder").c_str(), 0700)) != EACCES) {
      return 1;
    }
    if (error_of(::symlink("/etc/passwd", (folders.home + "/link").c_str())) != EACCES) {
      return 2;
    }
    return error_of(::mkfifo((folders.home + "/pipe").c_str(), 0600)) == EACCES ? 0 : 3;
  }));
}

TEST_CASE("where files may only be removed, none is made or changed") {
  const Folders folders;
  check_held(in_child([&folders] {
    const std::vector<std::string> writable = {folders.home};
    const std::vector<std::string> removable = {folders.other};
    const auto restricted = restrict_files(writable, removable);
    if (!restricted) {
      return restricted.error().code == base::Errc::unsupported ? test::kNotHere : 100;
    }
    const std::string there = folders.other + "/there";
    if (Folders::write_to(folders.other + "/new") != EACCES) {
      return 1;
    }
    if (Folders::write_to(there) != EACCES) {
      return 2;
    }
    return ::unlink(there.c_str()) == 0 ? 0 : 3;
  }));
}

TEST_CASE("what lies anywhere is read, as a ca_file has to be, and nothing is run") {
  const Folders folders;
  check_held(when_restricted(folders, [&folders] {
    if (!can_read(folders.other + "/there") || !can_read("/etc/passwd")) {
      return 1;
    }
    const std::string shell = "/bin/sh";
    std::vector<char*> words = {nullptr};
    ::execv(shell.c_str(), words.data());
    return errno == EACCES ? 0 : 2;
  }));
}

TEST_CASE("other processes are neither looked into nor reached by signals") {
  const Folders folders;
  check_held(when_restricted(folders, [] {
    // With the capabilities of root a process may look into every other.
    if (!give_up_privileges(std::nullopt)) {
      return 1;
    }
    const std::string parent = "/proc/" + std::to_string(::getppid());
    if (can_read(parent + "/environ") || can_read(parent + "/mem")) {
      return 2;
    }
    if (landlock_version() >= 6 && error_of(::kill(::getppid(), 0)) != EPERM) {
      return 3;
    }
    return ::kill(::getpid(), 0) == 0 ? 0 : 4;
  }));
}

TEST_CASE("a thread that is started later is bound, too") {
  const Folders folders;
  check_held(when_restricted(folders, [&folders] {
    int error = 0;
    std::thread([&] { error = Folders::write_to(folders.other + "/by-thread"); }).join();
    return error == EACCES ? 0 : 1;
  }));
}

TEST_CASE("a folder that is not there restricts nothing, and is told") {
  const auto ended = in_child([] {
    const std::vector<std::string> writable = {"/no/such/folder"};
    const auto restricted = restrict_files(writable);
    if (restricted) {
      return 1;
    }
    const bool is_told = restricted.error().code == base::Errc::not_found ||
                         restricted.error().code == base::Errc::unsupported;
    const Folders folders;
    return is_told && Folders::write_to(folders.other + "/still") == 0 ? 0 : 2;
  });
  CHECK(ended.status == 0);
}

}  // namespace

}  // namespace keyswap::sandbox
