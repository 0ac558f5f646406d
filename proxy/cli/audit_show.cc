// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit show
#include <CLI/CLI.hpp>

#include "audit/line_reader.h"
#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap audit show --secret OPENAI_API_KEY --since 24h\n"
    "  keyswap audit show --decision refused --json";

struct ShowOptions {
  LogOptions log;
  LineFilter filter;
  std::string since;
  std::string until;
};

Problem parse_times(ShowOptions& options) {
  const std::int64_t now_us = base::SystemClock().wall_us();
  const auto parse_one = [now_us](const std::string& text, std::optional<std::int64_t>& at) {
    at = text.empty() ? std::nullopt : parse_time(text, now_us);
    return text.empty() || at.has_value();
  };
  if (parse_one(options.since, options.filter.since_us) &&
      parse_one(options.until, options.filter.until_us)) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 "--since and --until want a time",
                 "like: 2026-11-22, 2026-11-22T02:25:09Z, or 15m, 24h, 7d (so long ago)"};
}

base::Status show_segment(const std::string& path, const ShowOptions& options) {
  auto reader = audit::LineReader::open(path);
  if (!reader) {
    return reader.error();
  }
  for (;;) {
    const auto item = reader->next();
    if (!item) {
      return item.error();
    }
    if (item->kind != audit::LineReader::Kind::line) {
      return {};  // a torn or damaged end: `audit verify` judges it
    }
    if (matches(options.filter, item->text)) {
      if (options.log.json) {
        print_line(item->text);
      } else {
        print_long_line(format_record(item->text));
      }
    }
  }
}

int show(const ShowOptions& options) {
  auto folder = log_folder(options.log);
  if (!folder) {
    return report(folder.failure());
  }
  const auto segments = audit::list_segments(folder.value());
  if (!segments) {
    return report({Exit::cannot,
                   "the audit log cannot be read: " + explain(segments.error()),
                   "check the folder " + folder.value()});
  }
  for (std::uint32_t number = 1; number <= segments->newest; ++number) {
    const std::string path = audit::path_of(folder.value(), audit::segment_name(number));
    if (const auto shown = show_segment(path, options); !shown) {
      return report({Exit::cannot,
                     "cannot read " + path + ": " + explain(shown.error()),
                     "see: keyswap audit verify"});
    }
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_show(const Arguments& arguments) {
  ShowOptions options;
  CLI::App app("Shows the records of the audit log, oldest first, all or those asked for.",
               "keyswap audit show");
  app.add_option("--secret", options.filter.secret, "only decisions about this secret")
      ->type_name("NAME");
  app.add_option("--host", options.filter.host, "only decisions about this host")
      ->type_name("HOST");
  app.add_option("--decision", options.filter.decision, "only decisions of this kind")
      ->type_name("KIND")
      ->check(CLI::IsMember({"allowed", "pass", "denied", "refused"}));
  app.add_option("--since",
                 options.since,
                 "only records from then on (a date, a time, or so long ago: 24h)")
      ->type_name("TIME");
  app.add_option("--until", options.until, "only records before then")->type_name("TIME");
  add_log_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (options.filter.host.ends_with('.')) {
    options.filter.host.pop_back();  // records hold names without the root's dot
  }
  if (auto problem = parse_times(options)) {
    return report(*problem);
  }
  return show(options);
}

}  // namespace keyswap::cli
