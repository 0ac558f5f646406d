// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/launcher_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/launcher/command_child.h"
#include "proxy/launcher/launcher_message.h"

namespace keyswap::launcher {

namespace {

constexpr int kSocket = 3;

// Nothing of the proxy's: its files, its sockets, its terminal.
bool keep_only(int socket) {
  const int nothing = ::open("/dev/null", O_RDWR);
  if (nothing < 0) {
    return false;
  }
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(nothing, standard) < 0) {
      return false;
    }
  }
  if (socket != kSocket && ::dup3(socket, kSocket, O_CLOEXEC) < 0) {
    return false;
  }
  return ::syscall(SYS_close_range, kSocket + 1, ~0U, 0) == 0;
}

// A passphrase in the proxy's environment is not for here either.
void wipe_environment() {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    base::wipe(*entry, std::strlen(*entry));
  }
  static_cast<void>(::clearenv());
}

std::vector<std::string> environment_of(const CommandSpec& command) {
  std::vector<std::string> names = {"PATH", "HOME", "LANG"};
  names.insert(names.end(), command.environment.begin(), command.environment.end());
  std::vector<std::string> environment;
  for (const std::string& name : names) {
    if (const char* const value = std::getenv(name.c_str()); value != nullptr) {
      environment.push_back(name + "=" + value);
    }
  }
  return environment;
}

// Alone: no terminal's signals, no core, no other process's eyes, and no life without the proxy.
bool stand_alone() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
    static_cast<void>(std::signal(signal, SIG_IGN));  // ended children need no wait
  }
  static_cast<void>(::setsid());
  // NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): the system's only way
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
  // NOLINTEND(cppcoreguidelines-pro-type-vararg)
}

void launch(const RequestMessage& request,
            std::vector<PreparedCommand>& commands,
            const IsTrusted& is_trusted) {
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
    run_command(kSocket, request.id, commands[request.index], is_trusted);
  }
  if (child < 0) {
    answer_not_started(kSocket, request.id);
  }
}

}  // namespace

void run_launcher(int socket,
                  const std::vector<CommandSpec>& commands,
                  const IsTrusted& is_trusted) {
  if (!keep_only(socket) || !stand_alone()) {
    ::_exit(1);
  }
  std::vector<PreparedCommand> prepared;
  prepared.reserve(commands.size());
  for (const CommandSpec& command : commands) {
    prepared.push_back({command, environment_of(command)});
  }
  wipe_environment();
  for (;;) {
    RequestMessage request;
    const ssize_t taken = ::recv(kSocket, &request, sizeof(request), 0);
    if (taken < 0 && errno == EINTR) {
      continue;
    }
    if (taken != static_cast<ssize_t>(sizeof(request))) {
      ::_exit(0);  // the proxy has ended
    }
    if (request.index < prepared.size()) {
      launch(request, prepared, is_trusted);
    } else {
      answer_not_started(kSocket, request.id);
    }
  }
}

}  // namespace keyswap::launcher
