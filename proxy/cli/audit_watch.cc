// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit watch: runs a command for each segment that was closed. The proxy does not do it,
// as it may start no program (docs/operations.md, "The sandbox").
#include <algorithm>
#include <cerrno>
#include <csignal>

#include <sys/wait.h>

#include "audit/segment.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_follow.h"
#include "proxy/cli/audit_place_file.h"
#include "proxy/cli/child.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample = "keyswap audit watch --cursor archived -- cp -n -t /archive";

struct WatchOptions {
  LogOptions log;
  std::string cursor;
  bool stops = false;
  Arguments command;
};

// Runs the command with the path as its last argument; it has to end well.
Problem run_for(const Arguments& command, const std::string& path) {
  const Variables environment = inherited_environment();
  Launch child;
  child.words = command;
  child.words.push_back(path);
  child.environment = &environment;
  pthread_sigmask(SIG_SETMASK, nullptr, &child.signal_mask);
  const auto started = launch(child);
  if (!started) {
    return Failure{Exit::cannot,
                   "the command cannot be started: " + explain(started.error()),
                   "name a program that is there, behind --"};
  }
  int status = 0;
  while (waitpid(*started, &status, 0) < 0 && errno == EINTR) {
  }
  if (const int code = shell_status(status); code != 0) {
    return Failure{Exit::no,
                   "the command failed for " + path + ": exit status " + std::to_string(code),
                   "it is run again for this segment at the next start"};
  }
  return std::nullopt;
}

// Each closed segment that it was not run for yet: all but the newest.
Problem run_for_closed(const WatchOptions& options, const std::string& folder, PlaceFile& kept) {
  const auto segments = audit::list_segments(folder);
  if (!segments) {
    return Failure{Exit::cannot,
                   "the audit log cannot be read: " + explain(segments.error()),
                   "check the folder " + folder};
  }
  const std::uint32_t done = kept.place().segment;
  if (done > 0 && done + 1 < segments->oldest) {
    warn("segments " + std::to_string(done + 1) + " to " + std::to_string(segments->oldest - 1) +
             " were archived before the command was run for them",
         "they are in the archive");
  }
  for (std::uint32_t number = std::max(done + 1, segments->oldest); number < segments->newest;
       ++number) {
    if (auto problem =
            run_for(options.command, audit::path_of(folder, audit::segment_name(number)))) {
      return problem;
    }
    if (auto problem = kept.keep({number, 0})) {
      return problem;
    }
  }
  return std::nullopt;
}

Problem watch(const WatchOptions& options) {
  auto folder = log_folder(options.log);
  if (!folder) {
    return folder.failure();
  }
  auto kept = PlaceFile::open(options.cursor, folder.value());
  if (!kept) {
    return kept.failure();
  }
  return follow_folder(folder.value(), options.stops, [&] {
    return run_for_closed(options, folder.value(), kept.value());
  });
}

}  // namespace

int run_audit_watch(const Arguments& arguments) {
  WatchOptions options;
  const auto mark = std::ranges::find(arguments, "--");
  if (mark != arguments.end()) {
    options.command.assign(mark + 1, arguments.end());
  }
  Arguments own(arguments.begin(), mark);
  own.page = arguments.page;
  CommandLine app(
      "keyswap audit watch [options] -- CMD [ARGUMENTS...]\n\n"
      "Runs the command for each closed segment of the audit log, in order, its path behind the "
      "command's own words, and waits for more. It ends with status 1 if the command fails, and "
      "goes on with the same segment when it is started again.",
      "keyswap audit watch");
  add_cursor_option(app, options.cursor);
  app.add_flag("--no-follow", options.stops, "stop after those that are there");
  add_folder_options(app, options.log);
  if (const auto status = parse_arguments(app, own, kExample)) {
    return *status;
  }
  if (options.command.empty()) {
    return report({Exit::usage, "no command is named", std::string("like: ") + kExample});
  }
  const auto problem = watch(options);
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
