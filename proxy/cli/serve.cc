// SPDX-License-Identifier: Apache-2.0
//
// keyswap serve: what serve_open.h opened is handed to the server, and what there is to tell is
// told.
#include <csignal>

#include <unistd.h>

#include "proxy/base/line_output.h"
#include "proxy/cli/approval_record.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/audit_rotation.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/environment_format.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/options.h"
#include "proxy/cli/serve_failure.h"
#include "proxy/cli/serve_open.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/serve_sandbox.h"
#include "proxy/cli/serve_talk.h"
#include "proxy/cli/source_flushing.h"
#include "proxy/cli/systemd_notify.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/user_watch.h"
#include "proxy/net/server.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap serve --detach                 # asks for the passphrase, then the background\n"
    "  keyswap serve --listen 127.0.0.1:8472\n"
    "  curl --proxy http://127.0.0.1:8472 --cacert ~/.local/state/keyswap/ca.pem "
    "https://api.example.com/";

// A reload that is asked for while we start is done once we are ready, and does not end us.
void hold_reloads(int how) {
  sigset_t reload{};
  sigemptyset(&reload);
  sigaddset(&reload, SIGHUP);
  pthread_sigmask(how, &reload, nullptr);
}

// To whoever started it; from here on nothing waits for a reader.
void say_ready(const ServeOptions& options,
               Opened& opened,
               ServeTalk& talk,
               const std::vector<std::string>& addresses) {
  ReadyFacts facts{address_for_clients(addresses), opened.home.ca(), getpid(), "", ""};
  facts.listen = addresses_to_tell(addresses);
  facts.manage = opened.managed_at;
  facts.home = options.home.empty() ? "" : " --home " + word_for_shell(opened.home.path);
  if (options.departure == nullptr) {
    talk.ready(ready_text(facts, talk.audience()));
    return;
  }
  facts.log = opened.home.serve_log();
  options.departure->leave(ready_text(facts, talk.audience()));
  talk.ready_in_background();
}

void tell_ready(const ServeOptions& options,
                Opened& opened,
                ServeTalk& talk,
                const std::vector<std::string>& addresses) {
  opened.approval.keep(*opened.vault);
  if (const auto first = opened.approval.told_at_start()) {
    record_approval(*opened.log.log, *first, opened.clock);
  }
  RunningProxy running{getpid(), address_for_clients(addresses), opened.bindings_file};
  running.listen = addresses_to_tell(addresses);
  running.manage = opened.managed_at;
  running.audit =
      name_of_audit_folder(opened.home, audit_folder(opened.home, *opened.policy.policy.bindings));
  opened.reloads = ReloadNotes(*opened.lock, running);
  if (auto problem = opened.lock->announce(running)) {
    report(*problem);  // `run` will not find this proxy; who reads the line below will
  }
  say_ready(options, opened, talk, addresses);
  hold_reloads(SIG_UNBLOCK);
}

// I14: the new policy, or the reason on stderr and nothing.
net::Reloaded reload_policy(Opened& opened) {
  opened.reloads.begin();
  const std::string own_ca = opened.authority->certificate_pem();
  auto policy = load_policy(opened.bindings_file, own_ca);
  if (!policy) {
    report(policy.failure());
    note("  the bindings in force stay in force");
    opened.reloads.refuse(policy.failure());
    return {};
  }
  // Fails closed: where we listen is not changed by a file, and nobody comes there without a token.
  if (const auto refused = opened.listen.check(*policy->policy.bindings, opened.bindings_file)) {
    report(*refused);
    note("  the bindings in force stay in force");
    opened.reloads.refuse(*refused);
    return {};
  }
  auto reloaded = opened.approval.accept(*opened.vault, policy.value());
  if (!reloaded.policy) {
    opened.reloads.refuse(opened.approval.refusal());
  }
  return reloaded;
}

std::shared_ptr<const ca::Authority> reload_authority(Opened& opened) {
  if (const auto refreshed = opened.vault->refresh(); !refreshed) {
    report({Exit::cannot,
            "the vault cannot be read again: " + explain(refreshed.error()),
            "what was read before stays in force"});
    return nullptr;
  }
  auto authority = open_authority(opened.home, *opened.vault, opened.clock.wall_us() / 1'000'000);
  if (!authority) {
    report(authority.failure());
    note("  the CA in force stays in force");
    opened.reloads.refuse(authority.failure());
    return nullptr;
  }
  if (authority.value()->certificate_sha256() == opened.authority->certificate_sha256()) {
    return nullptr;
  }
  opened.authority = authority.value();
  return opened.authority;
}

Failure vault_not_written(const Opened& opened, const base::Error& error) {
  return {Exit::cannot,
          "the vault " + opened.home.vault() + " cannot be written: " + explain(error),
          "make room on the disk, or end what else uses it"};
}

net::Behind behind_of(Opened& opened, ServeTalk& talk) {
  net::Behind behind;
  opened.management.begin(
      opened.home, opened.bindings_file, *opened.vault, *opened.log.log, opened.clock);
  opened.management.show_log(audit_place(opened.home, *opened.policy.policy.bindings).folder,
                             *opened.log.log,
                             opened.log.public_key_hex);
  behind.manage = opened.management.listen_on();
  behind.api = opened.management.api();
  behind.managing = [&opened](const std::string& address) {
    opened.managed_at = address;
    opened.management.listens(address);
  };
  behind.hold_policy = [&opened] {
    // As for a reload: an approval does not open to everybody where we listen, either.
    return opened.approval.hold(*opened.vault,
                                opened.authority->certificate_pem(),
                                [&opened](const bindings::Bindings& bindings) {
                                  return opened.listen.check(bindings, opened.bindings_file);
                                });
  };
  behind.renew_policy = [&opened] {
    return opened.notes->renew();
  };
  behind.in_force = [&opened] {
    opened.confirmation->set_in_force(in_force(opened));
  };
  behind.reloaded = [&opened] {
    opened.reloads.end();
  };
  behind.vault_read = [&opened] {
    static_cast<void>(opened.confirmation->tell());  // tried again with the next look
  };
  behind.looked = [&opened] {
    opened.head->keep();
    opened.kept_records.look(*opened.log.log, *opened.vault);
    if (auto lost = opened.lock->keep_in_place(opened.home)) {
      report(*lost);
    }
    if (take_rotation_request(opened.home)) {
      opened.log.log->end_segment();
    }
  };
  behind.flushing = [&opened](const std::function<void(std::string_view id)>& flush) {
    if (const auto id = asked_to_flush(opened.home)) {
      flush(*id);
      flushed(opened.home);
    }
  };
  behind.troubled = [&opened](const net::Troubles& troubles) {
    opened.reloads.tell(troubles);
  };
  behind.refused = [&talk](std::uint64_t in_a_minute) {
    talk.refused(in_a_minute);
  };
  return behind;
}

net::Outside outside_of(Opened& opened) {
  return {.engine = opened.engine.get(),
          .listening = [&opened](const net::Listening& where) { *opened.listening = where; },
          .start = [&opened] { return opened.engine->start(); },
          .apply =
              [&opened](const net::Policy& policy) {
                opened.engine->apply(policy.bindings, policy.upstream_tls);
                opened.management.apply(policy.bindings);
              }};
}

// I13: a terminal can be left only while the kernel still takes that call.
base::Status confine(const ServeOptions& options) {
  if (options.departure != nullptr) {
    KS_TRY(options.departure->leave_terminal());
  }
  // The last moment for it: a socket that leads there could lead to any other of this machine.
  notify_systemd(environment_variable("NOTIFY_SOCKET"), "READY=1");
  return restrict_system_calls();
}

int serve_until_stopped(const ServeOptions& options,
                        Opened& opened,
                        ServeTalk& talk,
                        UserWatch& watch) {
  net::ServerParts parts;
  parts.vault = &*opened.vault;
  parts.log = opened.log.log.get();
  parts.clock = &opened.clock;
  parts.limiter = std::move(opened.limiter);
  parts.policy = opened.notes->complete(opened.policy);
  parts.authority = opened.authority;
  parts.signing_key_hex = opened.log.public_key_hex;
  parts.home = opened.home.path;
  parts.listen = opened.listen.plan();
  parts.threads = opened.threads;
  parts.reload = [&opened, &talk] {
    net::Reloaded reloaded = reload_policy(opened);
    talk.reloaded(reloaded.policy.has_value());
    return reloaded;
  };
  parts.reload_authority = [&opened] {
    return reload_authority(opened);
  };
  parts.behind = behind_of(opened, talk);
  parts.behind.outside = outside_of(opened);
  Problem unnamed;
  parts.confine = [&options, &opened, &unnamed]() -> base::Status {
    // I13: before anybody is served, so that no command takes this proxy for none, whatever becomes
    // of serve.lock. A start that fails before leaves the home as it was.
    if (const auto told = opened.confirmation->tell(); !told) {
      unnamed = vault_not_written(opened, told.error());
      return told;
    }
    return confine(options);
  };
  parts.ready = [&options, &opened, &talk, &watch](const std::vector<std::string>& addresses) {
    if (!options.while_used) {
      warn_about_root();
    }
    tell_ready(options, opened, talk, addresses);
    opened.vault->set_patience(base::bounds::kServingBusyMs);
    watch.begin();
  };
  const auto served = net::serve(std::move(parts));
  opened.vault->set_patience(base::bounds::kDatabaseBusyMs);
  opened.log.log->close();
  opened.kept_records.look(*opened.log.log, *opened.vault);  // what it took is not taken once more
  opened.head->keep_last();
  if (!served) {
    return report(unnamed ? *unnamed
                          : serve_failure(opened.listen.failed(), options.manage, served.error()));
  }
  talk.stopped();
  return static_cast<int>(Exit::done);
}

int serve(const ServeOptions& options) {
  // Neither a reload nor the end may hang on whoever does not read what is said about them. On the
  // way to the background stderr is another one later.
  if (options.departure == nullptr) {
    base::standard_error().stop_waiting();
  }
  hold_reloads(SIG_BLOCK);
  ServeTalk talk(options.json);
  Opened opened;
  if (auto problem = open_all(options, opened)) {
    return report(*problem);
  }
  muted_terminal().restore();  // the last question was asked
  UserWatch watch;
  if (options.while_used) {
    if (const auto started = watch.start(opened.home); !started) {
      return report(thread_failure(started.error()));
    }
  }
  return serve_until_stopped(options, opened, talk, watch);
}

}  // namespace

int run_serve(const Arguments& arguments) {
  ServeOptions options;
  CommandLine app(
      "Runs the proxy, in front or (--detach) in the background. When it accepts, it says so: a\n"
      "program that reads its standard output gets one JSON line, people on a terminal get how to\n"
      "use it. SIGHUP reloads the bindings and the CA, SIGTERM (kill PID; keyswap status has the\n"
      "PID) finishes what is under way (at most 30 s) and ends it.",
      "keyswap serve");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  app.add_option("--bindings", options.bindings, "the bindings (default: the home's bindings.yaml)")
      ->type_name("FILE");
  add_listen_options(app, options.listen);
  app.add_option(
         "--manage", options.manage, "loopback address and port, or unix:PATH, for management; off")
      ->type_name("ADDR:PORT");
  std::string user;
  app.add_option("--user", user, "as root: become this user, who owns the home")->type_name("NAME");
  app.add_option("--threads", options.threads, "event loops (default: one a core)")
      ->type_name("N")
      ->in_range(1, base::bounds::kLoopsMax);
  auto* while_used = app.add_flag(
      "--while-used", options.while_used, "end when no `keyswap run` uses this proxy any more");
  bool detaches = false;
  app.add_flag("--detach",
               detaches,
               "ask for the passphrase, then go on in the background; returns once it is ready")
      ->excludes(while_used);
  app.add_flag("--json", options.json, "say that it is ready in JSON, also on a terminal");
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
  if (!detaches) {
    return serve(options);
  }
  return run_detached([&options](Departure& departure) {
    options.departure = &departure;
    return serve(options);
  });
}

}  // namespace keyswap::cli
