// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_open.h"

#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/thread.h"
#include "proxy/cli/approval_record.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/options.h"
#include "proxy/cli/restore_record.h"
#include "proxy/cli/serve_loops.h"
#include "proxy/cli/source_steps.h"
#include "proxy/cli/terminal.h"
#include "proxy/tls/context.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

Failure runs_already(const Opened& opened, pid_t proxy) {
  const std::string pid = proxy > 0 ? " (pid " + std::to_string(proxy) + ")" : "";
  return {Exit::cannot,
          "a proxy runs on this home already" + pid + ": " + opened.home.path,
          "use that one, stop it first, or name another --home"};
}

Problem take_lock(Opened& opened) {
  auto lock = ServeLock::take(
      opened.home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return lock.failure();
  }
  if (!lock.value()) {
    const auto other = find_running(opened.home);
    return runs_already(opened, other ? other->pid : 0);
  }
  opened.lock = std::move(*lock.value());
  return opened.lock->announce({getpid(), "", opened.bindings_file});
}

void warn_about_missing_secrets(const Opened& opened) {
  for (const vault::SecretName& name : opened.policy.policy.bindings->own_entries()) {
    // What comes with a login is not there before it.
    if (!opened.vault->has(name) && !opened.policy.policy.bindings->is_captured(name)) {
      warn("the secret " + name.text() + " of " + opened.bindings_file +
               " is not in the vault: requests that need it get 503",
           "add it with: keyswap secret add " + name.text());
    }
  }
}

void warn_about_missing_callers(const Opened& opened) {
  for (const auto& caller : missing_callers(*opened.policy.policy.bindings, *opened.vault)) {
    warn("the caller " + caller + " of " + opened.bindings_file + " has no token: it cannot come",
         "give it one with: keyswap caller add " + caller);
  }
}

Problem choose_management(const ServeOptions& options,
                          const bindings::Bindings& bindings,
                          Opened& opened) {
  if (auto problem = opened.management.choose(options.manage, bindings)) {
    return problem;
  }
  const auto& where = opened.management.where();
  return where ? opened.listen.check_beside(*where) : std::nullopt;
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
  if (options.departure != nullptr) {
    if (auto problem = options.departure->open_log(opened.home)) {
      return problem;
    }
  }
  auto policy = load_policy(opened.bindings_file, own_ca_of(opened.home));
  if (!policy) {
    return policy.failure();
  }
  opened.policy = std::move(policy).value();
  return opened.listen.check(*opened.policy.policy.bindings, opened.bindings_file);
}

Problem open_secrets(const ServeOptions& options, Opened& opened) {
  const bool by_key_file = has_key_file(opened.home, options.unlock);
  auto vault = open_vault(opened.home, options.unlock);
  if (!vault) {
    return vault.failure();
  }
  opened.vault = std::move(vault).value();
  // Whatever became of serve.lock.
  if (const auto other = named_proxy(opened.home, *opened.vault); other && *other != getpid()) {
    return runs_already(opened, *other);
  }
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
  if (auto problem = choose_management(options, *opened.policy.policy.bindings, opened)) {
    return problem;
  }
  auto authority = open_authority(opened.home, *opened.vault, opened.clock.wall_us() / 1'000'000);
  if (!authority) {
    return authority.failure();
  }
  opened.authority = std::move(authority).value();
  const AuditPlace place = audit_place(opened.home, *opened.policy.policy.bindings);
  const std::string& folder = place.folder;
  if (auto problem = prepare_audit_folder(opened.home, place, *opened.vault)) {
    return problem;
  }
  if (auto problem = opened.listen.open_sockets()) {
    return problem;
  }
  if (auto problem = opened.management.open_socket()) {
    return problem;
  }
  auto socket_folders = opened.listen.socket_folders();
  opened.management.add_socket_folder(socket_folders);
  if (auto problem = restrict_files(opened.home, folder, socket_folders)) {
    return problem;
  }
  auto log = open_audit_log(opened.home, folder, *opened.vault, opened.clock);
  if (!log) {
    return log.failure();
  }
  opened.log = std::move(log).value();
  if (auto problem = record_restored(*opened.log.log, *opened.vault, opened.clock)) {
    return problem;
  }
  if (auto problem = record_kept(*opened.log.log, *opened.vault)) {
    return problem;
  }
  opened.head.emplace(opened.home, folder, *opened.vault, *opened.log.log, opened.clock);
  if (const std::string& torn = opened.log.log->torn_end(); !torn.empty()) {
    warn("the audit log ended in an unfinished line, as after a crash; it was moved to " + torn +
             " in the log's folder, and the log records that",
         "no request was answered on its word; see: keyswap audit verify");
  }
  opened.confirmation.emplace(opened.home, *opened.vault, in_force(opened));
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

// Forked while there is no passphrase here, no vault, and one thread.
Problem open_launcher(Opened& opened) {
  auto launcher = start_launcher(opened.policy.policy.bindings->sources.get());
  if (!launcher) {
    return launcher.failure();
  }
  opened.launcher = std::move(launcher).value();
  return std::nullopt;
}

// Sources elsewhere may come with a reload, so what asks them is always there.
Problem open_engine(Opened& opened) {
  opened.listening = std::make_shared<net::Listening>();
  auto engine = SourceEngine::create(
      {.vault = &*opened.vault,
       .log = opened.log.log.get(),
       .clock = &opened.clock,
       .launcher = std::move(opened.launcher),
       .lock_file = opened.home.sources_lock(),
       .leads_here =
           [listening = opened.listening](const uv::Endpoint& endpoint) {
             return listening->is_led_to_by(endpoint);
           },
       .keep_entry =
           [&opened](const vault::KeepEntry& step) {
             return keep_own_entry(*opened.vault, step, opened.clock.wall_us() / kUsPerSecond);
           }});
  if (!engine) {
    return Failure{Exit::cannot,
                   "what asks sources of secrets cannot be made: " + explain(engine.error()),
                   "allow more locked memory: ulimit -l, or LimitMEMLOCK in a systemd unit"};
  }
  opened.engine = std::move(*engine);
  opened.notes = std::make_unique<NotesWatch>(NotesWatch::Parts{.engine = opened.engine.get(),
                                                                .log = opened.log.log.get(),
                                                                .clock = &opened.clock,
                                                                .file = opened.bindings_file});
  opened.approval.complete_by(
      [&opened](const LoadedPolicy& loaded) { return opened.notes->complete(loaded); });
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

}  // namespace

Problem open_all(const ServeOptions& options, Opened& opened) {
  auto listen = ServeListeners::parse(options.listen);
  if (!listen) {
    return listen.failure();
  }
  opened.listen = std::move(listen).value();
  // What is used wrongly is told before a passphrase is asked for.
  if (auto problem = choose_management(options, {}, opened)) {
    return problem;
  }
  if (auto problem = choose_loops(options, opened)) {
    return problem;
  }
  if (const auto started = tls::start_library(); !started) {
    return Failure{Exit::cannot,
                   "TLS cannot be started: " + explain(started.error()),
                   "allow more locked memory: ulimit -l, or LimitMEMLOCK in a systemd unit"};
  }
  if (auto problem = opened.listen.bind_low_ports()) {
    return problem;
  }
  if (auto problem = cli::give_up_privileges(options.user)) {
    return problem;
  }
  if (auto problem = open_configuration(options, opened)) {
    return problem;
  }
  if (auto problem = open_launcher(opened)) {
    return problem;
  }
  if (auto problem = open_secrets(options, opened)) {
    return problem;
  }
  if (auto problem = open_limits(opened)) {
    return problem;
  }
  if (auto problem = open_engine(opened)) {
    return problem;
  }
  warn_about_missing_secrets(opened);
  warn_about_missing_callers(opened);
  return std::nullopt;
}

InForce in_force(const Opened& opened) {
  return {opened.authority->certificate_sha256(), base::to_hex(opened.approval.digest())};
}

}  // namespace keyswap::cli
