// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit accept-loss: goes on with the log that is there, or a new one, although the vault
// knows of more (I7). The loss is a record of the log that goes on.
#include "audit/recover.h"
#include "proxy/base/bytes.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/known_log.h"
#include "proxy/cli/options.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/terminal.h"
#include "proxy/net/record_waiter.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

struct LossOptions {
  std::string home;
  UnlockOptions unlock;
};

// What was there once, and where a log goes on.
struct Loss {
  AuditPlace place;
  std::optional<audit::Head> head;  // nothing: the vault kept none of it
};

std::string hex_of(const audit::Hash& hash) {
  return base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

Outcome<std::optional<audit::Head>> read_kept(OpenHome& opened, const std::string& folder) {
  const auto kept = kept_head(opened.home, folder, opened.vault);
  if (!kept) {
    return Failure{Exit::cannot,
                   "the vault's head of the audit log cannot be read: " + explain(kept.error()),
                   "put back a backup of vault.db"};
  }
  return *kept;
}

Failure nothing_is_lost(const std::string& folder) {
  return {Exit::no,
          "nothing is lost: the audit log in " + folder + " is the one that the vault knows",
          "nothing was changed"};
}

// As a start judges it, and without changing anything.
base::Status goes_on_from(const OpenHome& opened,
                          const std::string& folder,
                          const audit::Head& head) {
  const auto seed = opened.vault.fetch_system(kSigningSeedName);
  if (!seed) {
    return seed.error();
  }
  const auto key = vault::SigningKey::of(*seed);
  if (!key) {
    return key.error();
  }
  const auto found = audit::examine(folder, key->public_key());
  if (!found) {
    return found.error();
  }
  return audit::hold_against(folder, *found, head);
}

Outcome<Loss> find_loss(OpenHome& opened) {
  const AuditPlace place = approved_audit_place(opened.home, opened.vault);
  const std::string& folder = place.folder;
  const auto gone = lost_audit_folder(opened.home, place, opened.vault);
  auto head = read_kept(opened, gone.value_or(folder));
  if (!head) {
    return head.failure();
  }
  if (gone) {
    return Loss{place, head.value()};
  }
  if (!head.value()) {
    return nothing_is_lost(folder);
  }
  if (const auto goes_on = goes_on_from(opened, folder, *head.value()); !goes_on) {
    // What is locked, unreadable or damaged is not lost.
    return goes_on.error().code == base::Errc::older ? Outcome<Loss>(Loss{place, head.value()})
                                                     : log_failure(folder, goes_on.error());
  }
  return nothing_is_lost(folder);
}

bool record_loss(audit::Log& log, const Loss& loss, const base::Clock& clock) {
  const std::string id = loss.head ? hex_of(loss.head->log) : "";
  const std::string hash = loss.head ? hex_of(loss.head->hash) : "";
  net::RecordWaiter recorded;
  return recorded.record(
      log, audit::LossAcceptedRecord{clock.wall_us(), id, loss.head ? loss.head->seq : 0, hash});
}

// The record first, then the head, then which folder is the log's: killed between them, the log is
// refused as before.
Problem go_on(OpenHome& opened, const Loss& loss, const base::Clock& clock) {
  const std::string& folder = loss.place.folder;
  if (auto problem = make_audit_folder(folder)) {
    return problem;
  }
  auto log = open_audit_log(opened.home, folder, opened.vault, clock, HeldAgainst::nothing);
  if (!log) {
    return log.failure();
  }
  const bool is_recorded = record_loss(*log->log, loss, clock);
  log->log->close();
  const auto head = log->log->head();
  const auto kept =
      is_recorded && head ? keep_head(opened.home, folder, opened.vault, *head) : base::Status();
  if (!is_recorded || !head) {
    return Failure{Exit::cannot,
                   "the audit log in " + folder + " cannot be written",
                   "check the disk; the loss is not accepted"};
  }
  if (!kept) {
    return Failure{Exit::cannot,
                   "the vault cannot be written: " + explain(kept.error()),
                   "check the disk; the loss is not accepted"};
  }
  return remember_audit_folder(opened.home, loss.place, opened.vault);
}

int accept_loss(const LossOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  auto lock = ServeLock::take(
      opened->home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return report(lock.failure());
  }
  // By the vault's word, too: whoever can write the home can remove the lock.
  if (!lock.value() || named_proxy(opened->home, opened->vault)) {
    return report({Exit::cannot,
                   "a proxy runs on this home: " + opened->home.path,
                   "stop it first; it writes the log"});
  }
  const base::SystemClock clock;
  auto loss = find_loss(opened.value());
  if (!loss) {
    return report(loss.failure());
  }
  if (auto problem = go_on(opened.value(), loss.value(), clock)) {
    return report(*problem);
  }
  print_long_line(loss->head
                      ? "the audit log goes on in " + loss->place.folder +
                            "; what was lost reached record " + std::to_string(loss->head->seq)
                      : "a new audit log begins in " + loss->place.folder);
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_accept_loss(const Arguments& arguments) {
  LossOptions options;
  CommandLine app(
      "Goes on with the audit log that is there, or with a new one, although the vault knows of\n"
      "one that is gone or reached further. The loss is recorded in the log that goes on. Exit\n"
      "status 1 if nothing is lost.",
      "keyswap audit accept-loss");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit accept-loss")) {
    return *status;
  }
  return accept_loss(options);
}

}  // namespace keyswap::cli
