// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit archive DIR: moves the closed segments of the audit log away. That they are gone is
// signed by the vault's key (I7): the log begins behind them from then on. Also while a proxy runs,
// which has only the newest segment open.
#include <sys/stat.h>

#include "audit/head.h"
#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_archive_files.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/known_log.h"
#include "proxy/cli/options.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFileMode = 0600;

struct ArchiveOptions {
  std::string home;
  UnlockOptions unlock;
  std::string archive;
};

// Makes the statement durable: from here on the segments need not be there.
Problem sign_archived(const OpenHome& opened,
                      const ArchivePlan& plan,
                      const audit::Hash& log,
                      std::uint64_t bytes) {
  audit::Archived now{
      log, plan.end.segment, bytes, plan.end.seq, plan.end.hash, base::SystemClock().wall_us()};
  const auto seed = opened.vault.fetch_system(kSigningSeedName);
  const auto key =
      seed ? vault::SigningKey::of(*seed) : base::Result<vault::SigningKey>(seed.error());
  if (!key) {
    return Failure{Exit::cannot,
                   "the vault's key of the audit log cannot be read: " + explain(key.error()),
                   "nothing was taken out of the log"};
  }
  now.signature = key->sign(audit::archived_message(now));
  const std::string path = audit::path_of(plan.folder, audit::kArchivedName);
  const auto written = write_file(path, audit::archived_line(now) + "\n", kFileMode);
  if (!written) {
    return Failure{Exit::cannot,
                   "cannot write " + path + ": " + explain(written.error()),
                   "make room on the disk, and run this again"};
  }
  return std::nullopt;
}

// I7: what leaves the log is what the vault knows, and what arrives verifies by itself, before any
// original goes.
Outcome<audit::Verdict> judge(const std::string& folder, const audit::Trusted& trusted) {
  auto verdict = audit::verify(folder, trusted);
  if (!verdict) {
    return Failure{Exit::cannot,
                   "the audit log in " + folder + " cannot be read: " + explain(verdict.error()),
                   "nothing was taken out of the log"};
  }
  if (!verdict->is_intact) {
    return Failure{
        Exit::no,
        "the audit log in " + folder + " is not intact: " + std::string(verdict->problem.text()),
        "nothing was taken out of the log; see: keyswap audit verify --folder " + folder};
  }
  return *std::move(verdict);
}

Outcome<audit::Archived> archived_until_now(const KnownLog& known) {
  const auto before = audit::read_archived(known.folder, known.public_key);
  if (!before) {
    return Failure{
        Exit::cannot,
        "what was archived of " + known.folder + " cannot be read: " + explain(before.error()),
        "see: keyswap audit verify"};
  }
  return *before;
}

Problem move_segments(const OpenHome& opened, const KnownLog& known, const ArchivePlan& plan) {
  const auto log = audit::log_id(plan.folder, plan.before);
  const std::string last = audit::path_of(plan.folder, audit::segment_name(plan.end.segment));

  struct stat info {};

  if (!log || !*log || stat(last.c_str(), &info) != 0) {
    return Failure{Exit::cannot, "cannot read " + last, "see: keyswap audit verify"};
  }
  if (auto problem = copy_to_archive(plan)) {
    return problem;
  }
  const audit::Head end{**log, plan.end.seq, plan.end.hash};
  if (auto verdict = judge(plan.archive, {known.public_key, end}); !verdict) {
    return verdict.failure();
  }
  if (auto problem = sign_archived(opened, plan, **log, static_cast<std::uint64_t>(info.st_size))) {
    return problem;
  }
  return remove_archived(plan.folder, plan.end.segment);
}

Problem archive(const ArchiveOptions& options, OpenHome& opened) {
  auto known = known_log(opened.home, opened.vault, "");
  if (!known) {
    return known.failure();
  }
  const std::string& folder = known->folder;
  auto verdict = judge(folder, {known->public_key, known->head});
  if (!verdict) {
    return verdict.failure();
  }
  auto before = archived_until_now(known.value());
  if (!before) {
    return before.failure();
  }
  // What a run that was stopped had archived and not taken away yet.
  if (auto problem = remove_archived(folder, before->segment)) {
    return problem;
  }
  const audit::ClosedEnd& end = verdict->closed;
  if (end.segment <= before->segment) {
    note("no further segment is closed: keyswap audit rotate closes the one that is being written");
    return std::nullopt;
  }
  const ArchivePlan plan{folder, absolute_path(options.archive), before.value(), end};
  if (auto problem = move_segments(opened, known.value(), plan)) {
    return problem;
  }
  print_long_line("archived in " + printable(plan.archive) + ": " +
                  std::to_string(end.segment - before->segment) + " segments, records " +
                  std::to_string(before->seq + 1) + " to " + std::to_string(end.seq));
  return std::nullopt;
}

}  // namespace

int run_audit_archive(const Arguments& arguments) {
  ArchiveOptions options;
  CommandLine app(
      "Moves the closed segments of the audit log into a folder, where they are a log of their "
      "own\n"
      "(audit verify --folder DIR). The vault's key signs that they are gone, so that the log "
      "that\n"
      "stays begins behind them. Also while the proxy runs.",
      "keyswap audit archive");
  app.add_option("DIR", options.archive, "the archive; it may hold what was archived before")
      ->required();
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit archive /archive")) {
    return *status;
  }
  return do_in_home(options.home, options.unlock, [&options](OpenHome& opened) {
    return archive(options, opened);
  });
}

}  // namespace keyswap::cli
