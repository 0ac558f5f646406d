// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/child.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <spawn.h>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/muted_terminal.h"

namespace keyswap::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadyLineBytesMax = std::size_t{16} * 1024;
constexpr std::chrono::milliseconds kLookAgain{10};

// posix_spawn wants arrays of char* that end with a null; it does not write to them.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

class SpawnSettings {
 public:
  explicit SpawnSettings(const Launch& launch) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    int flags = POSIX_SPAWN_SETSIGMASK;
    posix_spawnattr_setsigmask(&attributes_, &launch.signal_mask);
    if (launch.group == ProcessGroup::own) {
      flags |= POSIX_SPAWN_SETPGROUP;
      posix_spawnattr_setpgroup(&attributes_, 0);
    }
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    add_descriptors(launch);
    if (!launch.folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions_, launch.folder.c_str());
    }
  }

  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  SpawnSettings(SpawnSettings&&) = delete;
  SpawnSettings& operator=(SpawnSettings&&) = delete;

  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }

  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  // In the order in which no number is taken before what stands there was used.
  void add_descriptors(const Launch& launch) {
    const bool inherits_nothing = launch.inherits == Inherits::nothing;
    if (launch.output >= 0) {
      posix_spawn_file_actions_adddup2(&actions_, launch.output, STDOUT_FILENO);
    } else if (inherits_nothing) {
      add_null(STDOUT_FILENO);
    }
    if (launch.passed >= 0) {
      // Of the same number it takes close-on-exec off.
      posix_spawn_file_actions_adddup2(&actions_, launch.passed, kPassedDescriptor);
    }
    if (launch.group == ProcessGroup::own || inherits_nothing) {
      add_null(STDIN_FILENO);
    }
    if (inherits_nothing) {
      add_null(STDERR_FILENO);
    }
    if (launch.inherits != Inherits::all) {
      posix_spawn_file_actions_addclosefrom_np(
          &actions_, launch.passed >= 0 ? kPassedDescriptor + 1 : STDERR_FILENO + 1);
    }
  }

  void add_null(int number) {
    posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR, 0);
  }

  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

std::optional<std::string> address_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("proxy") || !json["proxy"].is_string()) {
    return std::nullopt;
  }
  return json["proxy"].get<std::string>();
}

}  // namespace

Outcome<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Failure{Exit::cannot,
                   "cannot make a pipe: " + explain_errno(errno),
                   "raise the limit of open files: ulimit -n"};
  }
  return Pipe{File(ends[0]), File(ends[1])};
}

base::Result<pid_t> launch(const Launch& launch) {
  muted_terminal().restore();  // the terminal is the child's, too
  std::vector<std::string> words = launch.words;
  std::vector<std::string> variables;
  for (const auto& [name, value] : *launch.environment) {
    variables.push_back(name);
    variables.back().append("=").append(value);
  }
  const auto word_pointers = pointers_to(words);
  const auto variable_pointers = pointers_to(variables);
  const SpawnSettings settings(launch);
  pid_t child = 0;
  const int failed = posix_spawnp(&child,
                                  words.front().c_str(),
                                  settings.actions(),
                                  settings.attributes(),
                                  word_pointers.data(),
                                  variable_pointers.data());
  if (failed != 0) {
    return base::Error{failed == ENOENT ? base::Errc::not_found : base::Errc::permission,
                       "cannot start the program",
                       failed};
  }
  return child;
}

std::string find_program(const std::string& name, const std::string& path) {
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string program = folder + "/" + name;

    struct stat info {};

    if (folder.starts_with('/') && stat(program.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return "";
}

int shell_status(int wait_status) {
  constexpr int kSignalled = 128;
  return WIFSIGNALED(wait_status) ? kSignalled + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

std::optional<int> wait_for_end(pid_t child, int wait_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(wait_ms);
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return status;
    }
    if ((ended < 0 && errno != EINTR) || Clock::now() >= deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

std::optional<std::string> read_ready_address(int output, int wait_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(wait_ms);
  std::string line;
  while (line.size() < kReadyLineBytesMax) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{output, POLLIN, 0};
    const int found = left.count() > 0 ? poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (found < 0 && errno == EINTR) {
      continue;
    }
    char byte = 0;
    if (found <= 0 || read(output, &byte, 1) != 1) {
      return std::nullopt;
    }
    if (byte == '\n') {
      return address_of(line);
    }
    line += byte;
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
