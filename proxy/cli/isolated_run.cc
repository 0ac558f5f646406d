// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/isolated_run.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/descriptor_passing.h"
#include "proxy/cli/name_answers.h"
#include "proxy/cli/relay.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/supervise.h"
#include "proxy/cli/terminal.h"
#include "proxy/sandbox/isolation.h"
#include "proxy/sandbox/privileges.h"
#include "proxy/sandbox/system_calls.h"

namespace keyswap::cli {

namespace {

constexpr std::uint16_t kNamesPort = 53;
constexpr int kWaitingMax = 128;

// `error.number` is errno, whatever its code is.
Failure no_isolation(const base::Error& error) {
  const std::string why =
      error.number == 0 ? "" : ": " + explain_errno(static_cast<int>(error.number));
  return {Exit::cannot,
          std::string("cannot isolate a command here: ") + error.note.text() + why,
          "the command was not run; look at sysctl user.max_user_namespaces, "
          "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns"};
}

Problem enter() {
  if (const auto entered = sandbox::enter_namespaces(); !entered) {
    return no_isolation(entered.error());
  }
  return std::nullopt;
}

Problem start_first() {
  if (const auto started = sandbox::start_first_process(); !started) {
    return no_isolation(started.error());
  }
  return std::nullopt;
}

// What is run from here on has no rights in the namespaces, and gets none.
Problem give_up_rights() {
  auto given_up = sandbox::give_up_privileges(std::nullopt);
  if (given_up) {
    given_up = sandbox::restrict_guest();
  }
  if (!given_up) {
    return no_isolation(given_up.error());
  }
  return std::nullopt;
}

std::string_view port_of(std::string_view address) {
  return address.substr(address.rfind(':') + 1);
}

// A socket at that port of the loopback of these namespaces; not open if that fails (errno).
File inside_socket(int type, std::uint16_t port) {
  File made(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!made.is_open() ||
      bind(made.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      (type == SOCK_STREAM && listen(made.descriptor(), kWaitingMax) != 0)) {
    return {};
  }
  return made;
}

Problem hand_out_sockets(const std::string& proxy, const File& channel) {
  const std::string_view port_text = port_of(proxy);
  std::uint16_t port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const File connections = inside_socket(SOCK_STREAM, port);
  const File names = inside_socket(SOCK_DGRAM, kNamesPort);
  if (port == 0 || !connections.is_open() || !names.is_open()) {
    return Failure{Exit::cannot,
                   "cannot listen for an isolated command at port " + std::string(port_text) +
                       " or 53 of its loopback: " + explain_errno(errno),
                   "the command was not run; try another port: keyswap serve --listen"};
  }
  if (const auto sent = send_two(channel, connections, names); !sent) {
    return no_isolation(sent.error());
  }
  return std::nullopt;
}

// When `parent` ends, so does this process. False: it has ended already.
bool end_with(pid_t parent) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

// From a process like any other to the parent of the isolated command.
Problem isolate(const IsolatedCommand& command, const File& channel) {
  auto around = look_around();
  if (!around) {
    return around.failure();
  }
  if (auto problem = enter()) {
    return problem;
  }
  if (auto problem = hand_out_sockets(command.proxy, channel)) {
    return problem;
  }
  if (auto problem = hide(command.home, command.hidden, around.value())) {
    return problem;
  }
  if (auto problem = start_first()) {
    return problem;
  }
  return give_up_rights();
}

// Descriptors that we were started with and that lead out of any namespace, such as a socket that
// an editor or an agent left open. What is opened at 0 to 2 was meant for the command.
Problem keep_back_ways_out() {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failed)) {
    const std::string name = entry.path().filename().string();
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);

    struct stat info {};

    const bool leads_out = number > STDERR_FILENO && fstat(number, &info) == 0 &&
                           (S_ISSOCK(info.st_mode) || S_ISDIR(info.st_mode));
    if (leads_out && fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      return no_isolation({base::Errc::io, "a descriptor cannot be kept back", errno});
    }
  }
  return failed ? Problem(no_isolation(
                      {base::Errc::io, "it cannot be seen what is open", failed.value()}))
                : std::nullopt;
}

// In the child; gives its exit status.
int be_inside(const IsolatedCommand& command, const File& channel, pid_t parent) {
  auto problem = keep_back_ways_out();  // with the /proc of outside
  if (!problem) {
    problem = isolate(command, channel);
  }
  if (problem) {
    return report(*problem);
  }
  if (!end_with(parent) || !wait_to_go_on(channel)) {
    return static_cast<int>(Exit::cannot);  // who started us says why, if it can
  }
  return supervise(command.words, command.environment, 0);
}

// In the child, whose end is its parent's.
int be_relay(const IsolatedCommand& command, const RelaySockets& sockets, pid_t parent) {
  // Not for the keys of a terminal that are meant for the command.
  if (setpgid(0, 0) != 0 || !end_with(parent)) {
    return static_cast<int>(Exit::cannot);
  }
  static_cast<void>(raise_open_files());  // with fewer there are fewer connections at once
  const auto error = relay(sockets, command.proxy, [&command](std::string_view host) {
    return may_be_reached(*command.bindings, host);
  });
  return report(no_isolation(error));
}

// 0 when it cannot be started.
pid_t start_relay(const IsolatedCommand& command, std::pair<File, File> sockets) {
  const RelaySockets served{std::move(sockets.first), std::move(sockets.second)};
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    _exit(be_relay(command, served, parent));
  }
  if (child < 0) {
    report({Exit::cannot, "cannot start a process: " + explain_errno(errno), "see: ulimit -u"});
    return 0;
  }
  return child;
}

void end_relay(pid_t relay) {
  if (relay != 0) {
    kill(relay, SIGKILL);
    while (waitpid(relay, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace

Problem check_isolation() {
  const PassedSignals passed;
  const pid_t child = fork();
  if (child == 0) {
    pthread_sigmask(SIG_SETMASK, &passed.before(), nullptr);
    auto problem = enter();
    if (!problem) {
      problem = start_first();
    }
    _exit(problem ? report(*problem) : 0);
  }
  if (child < 0) {
    return Failure{
        Exit::cannot, "cannot start a process: " + explain_errno(errno), "see: ulimit -u"};
  }
  if (passed.follow(child, 0) != 0) {
    return Failure{Exit::cannot, "", ""};  // the child said why
  }
  return std::nullopt;
}

std::string address_inside(const std::string& proxy) {
  return "127.0.0.1:" + std::string(port_of(proxy));
}

int run_isolated(IsolatedCommand command) {
  auto channel = make_channel();
  if (!channel) {
    return report(channel.failure());
  }
  forget_sockets(command.environment);
  auto& [inside, outside] = channel.value();
  const PassedSignals passed;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    return report(
        {Exit::cannot, "cannot start a process: " + explain_errno(errno), "see: ulimit -u"});
  }
  if (child == 0) {
    outside.close();
    pthread_sigmask(SIG_SETMASK, &passed.before(), nullptr);
    _exit(be_inside(command, inside, parent));
  }
  inside.close();
  pid_t relay = 0;
  if (auto sockets = receive_two(outside)) {
    relay = start_relay(command, *std::move(sockets));
  }
  if (relay == 0 || !say_go_on(outside)) {
    outside.close();
  }
  const int status = passed.follow(child, command.own_proxy);
  end_relay(relay);
  return shell_status(status);
}

}  // namespace keyswap::cli
