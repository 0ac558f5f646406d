// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit rotate: closes the segment that is being written, by the proxy that writes it, or
// here while none runs.
#include <filesystem>

#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/audit_rotation.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/known_log.h"
#include "proxy/cli/options.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

struct RotateOptions {
  std::string home;
  UnlockOptions unlock;
};

std::string segment_path(const std::string& folder, std::uint32_t number) {
  return audit::path_of(folder, audit::segment_name(number));
}

// Its end has to be signed, so the vault is opened.
Problem rotate_here(const RotateOptions& options, const std::string& folder) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  auto lock = ServeLock::take(
      opened->home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return lock.failure();
  }
  // By the vault's word, too: whoever can write the home can remove the lock.
  if (!lock.value() || named_proxy(opened->home, opened->vault)) {
    return Failure{
        Exit::cannot, "a proxy runs on this home, and did not close the segment", "try it again"};
  }
  // I7: the key signs no log but the vault's own, wherever files that others can write lead.
  auto known = known_log(opened->home, opened->vault, "");
  if (!known) {
    return known.failure();
  }
  if (known->folder != folder) {
    return Failure{Exit::no,
                   "the log that the vault knows is in " + known->folder + ", not in " + folder,
                   "nothing was signed; find out who changed bindings.yaml or serve.lock"};
  }
  const base::SystemClock clock;
  auto log = open_audit_log(opened->home, folder, opened->vault, clock);
  if (!log) {
    return log.failure();
  }
  log->log->end_segment();
  log->log->close();
  // What the vault knows may stay behind, as after a crash.
  if (const auto head = log->log->head()) {
    static_cast<void>(keep_head(opened->home, folder, opened->vault, *head));
  }
  return std::nullopt;
}

Problem close_segment(const RotateOptions& options,
                      const Home& home,
                      const std::string& folder,
                      std::uint32_t newest) {
  auto done = ask_for_rotation(home, folder, newest);
  if (!done) {
    return done.failure();
  }
  if (done.value()) {
    return std::nullopt;
  }
  if (auto problem = rotate_here(options, folder)) {
    return problem;
  }
  const auto now = audit::list_segments(folder);
  if (!now || now->newest <= newest) {
    return Failure{Exit::cannot, "the next segment cannot be made in " + folder, "check the disk"};
  }
  return std::nullopt;
}

int rotate(const RotateOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  const std::string folder = audit_folder(home.value());
  const auto segments = audit::list_segments(folder);
  if (!segments) {
    return report(unread_log(folder, segments.error()));
  }
  if (segments->newest == 0) {
    return report(unread_log(folder, {base::Errc::not_found, "there is no segment"}));
  }
  std::error_code error;
  const auto bytes = std::filesystem::file_size(segment_path(folder, segments->newest), error);
  if (!error && bytes == 0 && segments->newest > segments->oldest) {
    note("nothing was recorded since the last segment was closed");
    print_line(segment_path(folder, segments->newest - 1));
    return static_cast<int>(Exit::done);
  }
  if (!error && bytes == 0 && segments->newest > 1) {
    return report({Exit::no,
                   "nothing was recorded since the last segment was closed, and that was archived",
                   "there is nothing to close"});
  }
  if (auto problem = close_segment(options, home.value(), folder, segments->newest)) {
    return report(*problem);
  }
  print_line(segment_path(folder, segments->newest));
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_rotate(const Arguments& arguments) {
  RotateOptions options;
  CommandLine app(
      "Closes the segment of the audit log that is being written, signed to its end, begins the\n"
      "next, and prints the path of the closed one, which does not change any more: copy it where\n"
      "you keep such files. A running proxy is asked to do it; else the vault is opened.",
      "keyswap audit rotate");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  if (const auto status =
          parse_arguments(app, arguments, "cp \"$(keyswap audit rotate)\" /archive/")) {
    return *status;
  }
  return rotate(options);
}

}  // namespace keyswap::cli
