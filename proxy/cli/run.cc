// SPDX-License-Identifier: Apache-2.0
//
// keyswap run: the command's environment, a proxy for its life when none runs, and its end.
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/caller_choice.h"
#include "proxy/cli/child.h"
#include "proxy/cli/client_files.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/command_line_split.h"
#include "proxy/cli/isolated_run.h"
#include "proxy/cli/java_options.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/node_version.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/request_watch.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/supervise.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unbound.h"
#include "proxy/cli/unlock.h"
#include "vault/process_guard.h"

namespace keyswap::cli {

namespace {

// The quotes matter: the user's own shell would fill in its variable, most likely nothing.
constexpr const char* kExample =
    "keyswap run -- sh -c 'curl https://api.openai.com/v1/models \\\n"
    "    -H \"Authorization: Bearer $OPENAI_API_KEY\"'\n"
    "  keyswap run -- python3 agent.py";
constexpr int kStartMs = 60'000;  // opening a vault takes a second, on a small machine several
constexpr int kStopMs = 3'000;

struct RunOptions {
  std::string home;
  UnlockOptions unlock;
  std::string bindings;
  CallerChoice caller;
  std::string caller_token;
  bool has_no_preload = false;
  bool is_verbose = false;
  bool is_isolated = false;
  Arguments command;
};

// What the command runs with.
struct Ready {
  Home home;
  std::optional<ServeLock> use;  // held until the command has ended
  std::string address;
  std::string bindings;
  pid_t own_proxy = 0;  // the proxy that this process started, or 0
};

// In the child that asks: from the question to what is written into the pipe.
int ask(const Home& home, int pipe) {
  if (auto problem = begin_guarded()) {
    return report(*problem);
  }
  auto passphrase = read_passphrase(home, {});
  if (!passphrase) {
    return report(passphrase.failure());
  }
  return static_cast<int>(write_all(pipe, passphrase->view()) ? Exit::done : Exit::cannot);
}

// The passphrase is asked for by a child of its own, which hands it to the proxy through a pipe:
// the process that starts the command never holds it (I1), and keeps its limits as they are for the
// command.
Outcome<File> ask_in_child(const Home& home) {
  auto pipe = make_pipe();
  if (!pipe) {
    return pipe.failure();
  }
  int status = 0;
  {
    const PassedSignals passed;
    const pid_t child = fork();
    if (child < 0) {
      return Failure{
          Exit::cannot, "cannot start a process: " + explain_errno(errno), "see: ulimit -u"};
    }
    if (child == 0) {
      pthread_sigmask(SIG_SETMASK, &passed.before(), nullptr);
      const int asked = ask(home, pipe->write_end.descriptor());
      muted_terminal().restore();
      _exit(asked);
    }
    pipe->write_end.close();
    status = passed.follow(child, 0);
  }
  if (WIFSIGNALED(status)) {
    raise(WTERMSIG(status));  // it put the terminal back, and ended as we were to end
  }
  if (status != 0) {
    return Failure{
        WIFEXITED(status) ? static_cast<Exit>(WEXITSTATUS(status)) : Exit::cannot, "", ""};
  }
  return std::move(pipe->read_end);
}

std::vector<std::string> serve_words(const RunOptions& options,
                                     const Home& home,
                                     bool gets_descriptor) {
  std::vector<std::string> words = {
      kOwnProgram, "serve", "--home", home.path, "--listen", "127.0.0.1:0", "--while-used"};
  if (!options.bindings.empty()) {
    words.insert(words.end(), {"--bindings", options.bindings});
  }
  if (gets_descriptor) {
    words.insert(words.end(), {"--password-fd", std::to_string(kPassedDescriptor)});
  } else if (!options.unlock.password_file.empty()) {
    words.insert(words.end(), {"--password-file", options.unlock.password_file});
  }
  if (options.unlock.uses_keyring) {
    words.emplace_back("--keyring");
  }
  return words;
}

// The proxy said on stderr why it did not start; its exit status is passed on.
Failure start_failure(pid_t proxy) {
  const auto ended = wait_for_end(proxy, kStopMs);
  const int status = ended ? shell_status(*ended) : 0;
  if (status == static_cast<int>(Exit::no) || status == static_cast<int>(Exit::usage) ||
      status == static_cast<int>(Exit::cannot)) {
    return {static_cast<Exit>(status), "", ""};
  }
  if (!ended) {
    kill(proxy, SIGTERM);
  }
  return {Exit::cannot, "the proxy did not start", "try it by itself: keyswap serve"};
}

Problem start_proxy(const RunOptions& options, File passphrase, Ready& ready) {
  if (needs_prompt(ready.home, options.unlock)) {
    auto asked = ask_in_child(ready.home);
    if (!asked) {
      return asked.failure();
    }
    passphrase = std::move(asked).value();
  }
  auto output = make_pipe();
  if (!output) {
    return output.failure();
  }
  Variables environment = inherited_environment();
  environment.erase("NOTIFY_SOCKET");  // that service is the command, not this proxy
  Launch serve;
  serve.words = serve_words(options, ready.home, passphrase.is_open());
  serve.environment = &environment;
  serve.group = ProcessGroup::own;
  serve.output = output->write_end.descriptor();
  pthread_sigmask(SIG_SETMASK, nullptr, &serve.signal_mask);
  serve.passed = passphrase.descriptor();
  const auto started = launch(serve);
  passphrase.close();
  output->write_end.close();
  if (!started) {
    return Failure{Exit::cannot, "the proxy cannot be started: " + explain(started.error()), ""};
  }
  auto address = read_ready_address(output->read_end.descriptor(), kStartMs);
  if (!address) {
    return start_failure(*started);
  }
  ready.address = *std::move(address);
  ready.bindings = options.bindings.empty() ? ready.home.bindings() : options.bindings;
  ready.own_proxy = *started;
  return std::nullopt;
}

// `use` is taken before anybody looks, so that a proxy that is about to end for want of users
// either sees us or is gone; `looking` lets one `run` at a time start a proxy.
Problem find_or_start_proxy(const RunOptions& options, Ready& ready) {
  // What opens the vault is for the proxy that we may start, and never for the command.
  const int given = passphrase_descriptor(options.unlock);
  File passphrase = given >= 0 ? take_descriptor(given) : File();
  auto use = ServeLock::take(
      ready.home, ServeLock::Byte::using_it, ServeLock::Kind::shared, ServeLock::Wait::yes);
  if (!use) {
    return use.failure();
  }
  ready.use = std::move(use).value();
  const auto looking = ServeLock::take(
      ready.home, ServeLock::Byte::looking, ServeLock::Kind::exclusive, ServeLock::Wait::yes);
  if (const auto running = find_ready(ready.home, kStartMs)) {
    if (auto problem = check_client_address(running->address)) {
      return problem;
    }
    ready.address = running->address;
    ready.bindings = running->bindings.empty() ? ready.home.bindings() : running->bindings;
    if (!options.bindings.empty() && options.bindings != ready.bindings) {
      warn("the running proxy serves " + ready.bindings + ", not " + options.bindings,
           "stop it first, or name another --home");
    }
    return std::nullopt;
  }
  return start_proxy(options, std::move(passphrase), ready);
}

// Our own proxy ends by itself when nobody uses it any more (--while-used); if we are the last,
// that is waited for.
void leave_proxy(Ready& ready) {
  ready.use.reset();
  if (ready.own_proxy == 0) {
    return;
  }
  const bool is_used =
      ServeLock::is_held(ready.home, ServeLock::Byte::using_it, ServeLock::Kind::exclusive);
  const bool is_ending =
      ServeLock::is_held(ready.home, ServeLock::Byte::using_it, ServeLock::Kind::shared);
  if (!is_used || is_ending) {
    wait_for_end(ready.own_proxy, kStopMs);
  }
}

int fail(const Failure& failure) {
  return failure.what.empty() ? static_cast<int>(failure.exit) : report(failure);
}

// Without the preload a Node of old goes past the proxy, and nobody would notice.
void warn_of_node(const RunOptions& options, const Variables& inherited) {
  const std::string version = options.has_no_preload ? node_that_bypasses(inherited) : "";
  if (!version.empty()) {
    warn("without the preload, programs for Node " + version + " go past the proxy",
         "leave --no-preload out, or use Node 22.21 or 24.5 (or later)");
  }
}

// A command that went past the proxy had nothing but placeholders, and mostly fails. Who wants to
// know in any case says --verbose.
void tell_of_requests(const RunOptions& options, const RequestWatch& watch, int status) {
  constexpr int kNotRun = 126;  // or 127; above are signals
  const auto seen = watch.has_seen_any();
  if (options.is_verbose && seen) {
    note(*seen ? "keyswap: requests came through the proxy"
               : "keyswap: no request came through the proxy");
  } else if (seen == false && status != 0 && status < kNotRun && watch.were_connections_opened()) {
    warn("no request came through the proxy while the command ran, and connections were opened",
         "does it read HTTPS_PROXY? keyswap doctor says so of each client");
  }
}

// What an isolated command is not to see besides the home: the audit log, and what opens the vault.
Hidden hidden_from_command(const RunOptions& options, const bindings::Bindings& bindings) {
  Hidden hidden;
  for (std::string folder : {bindings.audit_path, environment_variable("CREDENTIALS_DIRECTORY")}) {
    if (!folder.empty()) {
      hidden.folders.push_back(std::move(folder));
    }
  }
  for (std::string file :
       {options.unlock.password_file, environment_variable("KEYSWAP_PASSWORD_FILE")}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) {  // a pipe had its bytes for us alone
      hidden.files.push_back(std::move(file));
    }
  }
  return hidden;
}

int run_command(const RunOptions& options, Ready& ready) {
  auto bindings = load_bindings(ready.bindings);
  if (!bindings) {
    return report(bindings.failure());
  }
  if (auto problem = check_caller_token(options.caller, options.caller_token, *bindings.value())) {
    return report(*problem);
  }
  const Variables inherited = inherited_environment();
  Variables shown = inherited;
  if (options.is_isolated) {  // there is nothing else to go to
    std::erase_if(shown, [](const auto& variable) {
      const std::string name = base::to_lower(variable.first);
      return name == "no_proxy" || name == "npm_config_noproxy";
    });
  }
  const std::string address = options.is_isolated ? address_inside(ready.address) : ready.address;
  auto plan = prepare_environment(ready.home,
                                  shown,
                                  {address, options.caller_token},
                                  *bindings.value(),
                                  options.has_no_preload ? Preload::no : Preload::yes);
  if (!plan) {
    return report(plan.failure());
  }
  for (const std::string& warning : plan->warnings) {
    warn(warning);
  }
  if (const auto unbound = unbound_in(ready.home, *bindings.value()); !unbound.empty()) {
    remark("keyswap: " + unbound_text(unbound));
  }
  warn_of_node(options, inherited);
  if (!plan->java_advice.empty() && is_java_program(options.command.front())) {
    warn(plan->java_advice);
  }
  const Variables environment = apply_plan(inherited, plan.value());
  const RequestWatch watch(audit_folder(ready.home, *bindings.value()));
  const int status = options.is_isolated
                         ? run_isolated({options.command,
                                         environment,
                                         ready.home,
                                         hidden_from_command(options, *bindings.value()),
                                         ready.address,
                                         bindings.value(),
                                         ready.own_proxy})
                         : supervise(options.command, environment, ready.own_proxy);
  tell_of_requests(options, watch, status);
  return status;
}

int run(const RunOptions& options) {
  // The command runs as the same user, and looks at its parent first.
  if (const auto hidden = vault::forbid_tracing(); !hidden) {
    return report({Exit::cannot, explain(hidden.error()), "try it again"});
  }
  if (options.is_isolated) {
    if (auto problem = check_isolation()) {
      return fail(*problem);
    }
  }
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  Ready ready;
  ready.home = std::move(home).value();
  if (auto problem = find_or_start_proxy(options, ready)) {
    return fail(*problem);
  }
  const int status = run_command(options, ready);
  leave_proxy(ready);
  return status;
}

}  // namespace

int run_run(const Arguments& arguments) {
  RunOptions options;
  CommandLine app(
      "keyswap run [options] [--] CMD [ARGUMENTS...]\n\n"
      "Runs CMD with the proxy's address, its CA and the placeholders in the variables that "
      "clients read\n"
      "(keyswap env prints them), through the proxy that runs on this home or one started "
      "for the\n"
      "command's life. The exit status is CMD's; 127 if there is no such program, 126 if it cannot "
      "be run.",
      "keyswap run");
  auto [own, command] = split_at_command(arguments);
  options.command = std::move(command);
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  app.add_option("--bindings", options.bindings, "the bindings for a proxy that is started here")
      ->type_name("FILE");
  app.add_flag("--no-preload", options.has_no_preload, "loads nothing into Node programs");
  app.add_flag("-v,--verbose", options.is_verbose, "says at the end whether any request came");
  add_caller_options(app, options.caller);
  app.add_flag("--isolated",
               options.is_isolated,
               "no way out for the command but the proxy: no network, no agents, no audit log");
  if (const auto status = parse_arguments(app, own, kExample)) {
    return *status;
  }
  if (!options.bindings.empty()) {
    options.bindings = absolute_path(options.bindings);
  }
  auto token = read_caller_token(options.caller);
  if (!token) {
    return report(token.failure());
  }
  options.caller_token = std::move(token).value();
  if (options.command.empty()) {
    return report(
        {Exit::usage, "which command shall be run?", "like: keyswap run -- curl https://..."});
  }
  return run(options);
}

}  // namespace keyswap::cli
