// SPDX-License-Identifier: Apache-2.0
//
// keyswap serve: opens and checks every part, in the order in which a failure is cheapest to mend,
// then hands them to the server. Nothing listens before everything is in order (I13).
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/line_output.h"
#include "proxy/base/thread.h"
#include "proxy/cli/approval_record.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/audit_rotation.h"
#include "proxy/cli/command.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/policy_watch.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/serve_loops.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/serve_sandbox.h"
#include "proxy/cli/systemd_notify.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"
#include "proxy/net/server.h"
#include "proxy/tls/context.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap serve --listen 127.0.0.1:8472\n"
    "  curl --proxy http://127.0.0.1:8472 --cacert ~/.local/state/keyswap/ca.pem "
    "https://api.example.com/";
constexpr std::chrono::milliseconds kLookForUsers{50};

struct ServeOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string bindings;
  std::string listen = "127.0.0.1:8472";
  std::optional<sandbox::User> user;  // to become
  unsigned threads = 0;
  bool while_used = false;
};

// Everything that lives as long as the server; in the order in which it must go.
struct Opened {
  Home home;
  ListenAddress listen;
  unsigned threads = 1;
  std::optional<ServeLock> lock;
  std::string bindings_file;
  std::optional<vault::Vault> vault;
  std::shared_ptr<const ca::Authority> authority;
  LoadedPolicy policy;
  PolicyWatch approval;
  base::SystemClock clock;
  OpenLog log;
  std::optional<HeadKeeper> head;
  std::optional<Confirmation> confirmation;
  std::unique_ptr<limits::Limiter> limiter;
};

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

// A reload that is asked for while we start is done once we are ready, and does not end us.
void hold_reloads(int how) {
  sigset_t reload{};
  sigemptyset(&reload);
  sigaddset(&reload, SIGHUP);
  pthread_sigmask(how, &reload, nullptr);
}

Problem take_lock(Opened& opened) {
  auto lock = ServeLock::take(
      opened.home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return lock.failure();
  }
  if (!lock.value()) {
    const auto other = find_running(opened.home);
    const std::string pid =
        other && other->pid > 0 ? " (pid " + std::to_string(other->pid) + ")" : "";
    return Failure{Exit::cannot,
                   "a proxy runs on this home already" + pid + ": " + opened.home.path,
                   "use that one, stop it first, or name another --home"};
  }
  opened.lock = std::move(*lock.value());
  return opened.lock->announce({getpid(), "", opened.bindings_file});
}

void warn_about_missing_secrets(const Opened& opened) {
  for (const bindings::SecretRule& rule : opened.policy.policy.bindings->rules) {
    for (const vault::SecretName& name : rule.needs()) {
      if (!opened.vault->has(name)) {
        warn("the secret " + name.text() + " of " + opened.bindings_file +
                 " is not in the vault: requests that need it get 503",
             "add it with: keyswap secret add " + name.text());
      }
    }
  }
}

void warn_about_missing_callers(const Opened& opened) {
  for (const auto& caller : missing_callers(*opened.policy.policy.bindings, *opened.vault)) {
    warn("the caller " + caller + " of " + opened.bindings_file + " has no token: it cannot come",
         "give it one with: keyswap caller add " + caller);
  }
}

Problem open_configuration(const ServeOptions& options, Opened& opened) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return home.failure();
  }
  opened.home = std::move(home).value();
  opened.bindings_file =
      options.bindings.empty() ? opened.home.bindings() : absolute_path(options.bindings);
  if (auto problem = take_lock(opened)) {
    return problem;
  }
  auto policy = load_policy(opened.bindings_file, own_ca_of(opened.home));
  if (!policy) {
    return policy.failure();
  }
  opened.policy = std::move(policy).value();
  return std::nullopt;
}

Problem open_secrets(const ServeOptions& options, Opened& opened) {
  const bool by_key_file = has_key_file(opened.home, options.unlock);
  auto vault = open_vault(opened.home, options.unlock);
  if (!vault) {
    return vault.failure();
  }
  opened.vault = std::move(vault).value();
  opened.approval = PolicyWatch(opened.home, opened.bindings_file);
  // I17: before anything is done by the word of a policy.
  if (auto problem = opened.approval.accept_first(
          *opened.vault, opened.policy, {by_key_file, options.approval})) {
    if (const auto refused = opened.approval.told_at_start()) {
      record_refused_start(
          opened.home, opened.bindings_file, *opened.vault, *refused, opened.clock);
    }
    return problem;
  }
  auto authority = open_authority(opened.home, *opened.vault, now_s());
  if (!authority) {
    return authority.failure();
  }
  opened.authority = std::move(authority).value();
  opened.confirmation.emplace(*opened.vault, opened.authority->certificate_sha256());
  const std::string folder = audit_folder(opened.home, *opened.policy.policy.bindings);
  if (auto problem = prepare_audit_folder(opened.home, folder, *opened.vault)) {
    return problem;
  }
  if (auto problem = restrict_files(opened.home, folder)) {
    return problem;
  }
  auto log = open_audit_log(opened.home, folder, *opened.vault, opened.clock);
  if (!log) {
    return log.failure();
  }
  opened.log = std::move(log).value();
  opened.head.emplace(opened.home, folder, *opened.vault, *opened.log.log, opened.clock);
  if (const std::string& torn = opened.log.log->torn_end(); !torn.empty()) {
    warn("the audit log ended in an unfinished line, as after a crash; it was moved to " + torn +
             " in the log's folder, and the log records that",
         "no request was answered on its word; see: keyswap audit verify");
  }
  return std::nullopt;
}

Problem open_limits(Opened& opened) {
  auto limiter = limits::Limiter::open(opened.home.limits());
  if (!limiter && base::is_lack_of_threads(limiter.error())) {
    return thread_failure(limiter.error());
  }
  if (!limiter) {
    return Failure{Exit::cannot,
                   "cannot open the file of the limits " + opened.home.limits() + ": " +
                       explain(limiter.error()),
                   "free the disk, or put back a backup; removing it forgets what was used today"};
  }
  opened.limiter = std::move(*limiter);
  return std::nullopt;
}

// I10: as many event loops as there is locked memory and open files for.
Problem choose_loops(const ServeOptions& options, Opened& opened) {
  LoopWish wish = wish_loops(options.threads);
  if (auto problem = begin_guarded(locked_bytes_wanted(wish))) {
    return problem;
  }
  if (auto problem = raise_open_files()) {
    return problem;
  }
  auto loops = fit_into_files(wish, base::descriptors_allowed());
  if (loops) {
    wish.count = loops.value();
    loops = fit_into_memory(wish, vault::locked_memory_size());
  }
  if (!loops) {
    return loops.failure();
  }
  opened.threads = loops.value();
  return std::nullopt;
}

Problem open_all(const ServeOptions& options, Opened& opened) {
  auto listen = parse_listen(options.listen);
  if (!listen) {
    return listen.failure();
  }
  opened.listen = std::move(listen).value();
  if (auto problem = choose_loops(options, opened)) {
    return problem;
  }
  if (const auto started = tls::start_library(); !started) {
    return Failure{Exit::cannot,
                   "TLS cannot be started: " + explain(started.error()),
                   "allow more locked memory: ulimit -l, or LimitMEMLOCK in a systemd unit"};
  }
  if (auto problem = cli::give_up_privileges(options.user)) {
    return problem;
  }
  if (auto problem = open_configuration(options, opened)) {
    return problem;
  }
  if (auto problem = open_secrets(options, opened)) {
    return problem;
  }
  if (auto problem = open_limits(opened)) {
    return problem;
  }
  warn_about_missing_secrets(opened);
  warn_about_missing_callers(opened);
  return std::nullopt;
}

// Contract 2: exactly this line, so that a program can wait for it.
void tell_ready(Opened& opened, const std::string& address) {
  opened.approval.keep(*opened.vault);
  if (const auto first = opened.approval.told_at_start()) {
    record_approval(*opened.log.log, *first, opened.clock);
  }
  nlohmann::ordered_json json;
  json["event"] = "ready";
  json["proxy"] = address;
  json["ca"] = opened.home.ca();
  json["pid"] = getpid();
  if (auto problem = opened.lock->announce({getpid(), address, opened.bindings_file})) {
    report(*problem);  // `run` will not find this proxy; those who read the line below will
  }
  base::LineOutput output(STDOUT_FILENO);
  output.stop_waiting();
  output.write(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  hold_reloads(SIG_UNBLOCK);
  notify_systemd(environment_variable("NOTIFY_SOCKET"), "READY=1");
}

// I14: the new policy, or the reason on stderr and nothing.
net::Reloaded reload_policy(Opened& opened) {
  const std::string own_ca = opened.authority->certificate_pem();
  auto policy = load_policy(opened.bindings_file, own_ca);
  if (!policy) {
    report(policy.failure());
    note("  the bindings in force stay in force");
    return {};
  }
  return opened.approval.accept(*opened.vault, policy.value());
}

std::shared_ptr<const ca::Authority> reload_authority(Opened& opened) {
  if (const auto refreshed = opened.vault->refresh(); !refreshed) {
    report({Exit::cannot,
            "the vault cannot be read again: " + explain(refreshed.error()),
            "what was read before stays in force"});
    return nullptr;
  }
  auto authority = open_authority(opened.home, *opened.vault, now_s());
  if (!authority) {
    report(authority.failure());
    note("  the CA in force stays in force");
    return nullptr;
  }
  if (authority.value()->certificate_sha256() == opened.authority->certificate_sha256()) {
    return nullptr;
  }
  opened.authority = authority.value();
  return opened.authority;
}

// With --while-used: ends the process as SIGTERM does once no `keyswap run` uses it any more.
class UserWatch {
 public:
  UserWatch() = default;
  UserWatch(const UserWatch&) = delete;
  UserWatch& operator=(const UserWatch&) = delete;
  UserWatch(UserWatch&&) = delete;
  UserWatch& operator=(UserWatch&&) = delete;

  ~UserWatch() {
    {
      const std::scoped_lock lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  base::Status start(const Home& home) {
    auto thread = base::start_thread([this, &home] { watch(home); });
    if (!thread) {
      return thread.error();
    }
    thread_ = std::move(*thread);
    return {};
  }

  // From now on there is somebody who takes the signal, and ends in order.
  void begin() {
    {
      const std::scoped_lock lock(mutex_);
      is_ready_ = true;
    }
    wake_.notify_one();
  }

 private:
  void watch(const Home& home) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return is_ready_ || is_stopping_; });
    while (!wake_.wait_for(lock, kLookForUsers, [this] { return is_stopping_; })) {
      auto unused = ServeLock::take(
          home, ServeLock::Byte::using_it, ServeLock::Kind::exclusive, ServeLock::Wait::no);
      if (unused && unused.value()) {
        last_ = std::move(*unused.value());  // a `run` that comes now waits for us to end
        kill(getpid(), SIGTERM);
        return;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ready_ = false;  // guarded by mutex_, and so is the next
  bool is_stopping_ = false;
  std::optional<ServeLock> last_;
  std::thread thread_;
};

Failure serve_failure(const ServeOptions& options, const base::Error& error) {
  if (error.code == base::Errc::already_exists) {
    return {Exit::cannot,
            options.listen + " is in use by another program",
            "choose another --listen ADDRESS:PORT, or port 0 for a free one"};
  }
  if (base::is_lack_of_threads(error)) {
    return thread_failure(error);
  }
  if (error.code == base::Errc::unsupported) {
    return sandbox_failure(error);
  }
  return {Exit::cannot,
          "cannot serve on " + options.listen + ": " + explain(error),
          "check the address and this user's limits"};
}

int serve_until_stopped(const ServeOptions& options, Opened& opened, UserWatch& watch) {
  net::ServerParts parts;
  parts.vault = &*opened.vault;
  parts.log = opened.log.log.get();
  parts.clock = &opened.clock;
  parts.limiter = std::move(opened.limiter);
  parts.policy = opened.policy.policy;
  parts.authority = opened.authority;
  parts.signing_key_hex = opened.log.public_key_hex;
  parts.home = opened.home.path;
  parts.listen = {opened.listen.host, opened.listen.port};
  parts.threads = opened.threads;
  parts.reload = [&opened] {
    return reload_policy(opened);
  };
  parts.reload_authority = [&opened] {
    return reload_authority(opened);
  };
  parts.behind.ca_in_force = [&opened](const std::string& sha256) {
    opened.confirmation->set_ca(sha256);
  };
  parts.behind.vault_read = [&opened] {
    opened.confirmation->tell();
    opened.head->keep();
    if (take_rotation_request(opened.home)) {
      opened.log.log->end_segment();
    }
  };
  parts.confine = restrict_system_calls;
  parts.ready = [&options, &opened, &watch](const std::string& address) {
    if (!options.while_used) {
      warn_about_root();
    }
    tell_ready(opened, address);
    watch.begin();
  };
  const auto served = net::serve(std::move(parts));
  opened.log.log->close();
  opened.head->keep_last();
  notify_systemd(environment_variable("NOTIFY_SOCKET"), "STOPPING=1");
  if (!served) {
    return report(serve_failure(options, served.error()));
  }
  return static_cast<int>(Exit::done);
}

int serve(const ServeOptions& options) {
  // Neither a reload nor the end may hang on whoever does not read what is said about them.
  base::standard_error().stop_waiting();
  hold_reloads(SIG_BLOCK);
  Opened opened;
  if (auto problem = open_all(options, opened)) {
    return report(*problem);
  }
  UserWatch watch;
  if (options.while_used) {
    if (const auto started = watch.start(opened.home); !started) {
      return report(thread_failure(started.error()));
    }
  }
  return serve_until_stopped(options, opened, watch);
}

}  // namespace

int run_serve(const Arguments& arguments) {
  ServeOptions options;
  CLI::App app(
      "Runs the proxy in the foreground. When it accepts it prints one JSON line. SIGHUP reloads "
      "the\n"
      "bindings and the CA, SIGTERM finishes what is under way (at most 30 s) and ends.",
      "keyswap serve");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  app.add_option("--bindings", options.bindings, "the bindings (default: the home's bindings.yaml)")
      ->type_name("FILE");
  app.add_option("--listen", options.listen, "loopback address and port; port 0 picks a free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  std::string user;
  app.add_option("--user", user, "as root: become this user, who owns the home")->type_name("NAME");
  app.add_option("--threads", options.threads, "event loops (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1U, base::bounds::kLoopsMax));
  app.add_flag(
      "--while-used", options.while_used, "end when no `keyswap run` uses this proxy any more");
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  auto become = user_to_become(user);
  if (!become) {
    return report(become.failure());
  }
  options.user = std::move(become).value();
  if (options.user) {
    options.home = home_of(*options.user, options.home);
  }
  return serve(options);
}

}  // namespace keyswap::cli
