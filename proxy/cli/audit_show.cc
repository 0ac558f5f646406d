// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit show
#include <algorithm>
#include <deque>
#include <string>

#include "audit/line_reader.h"
#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_filter.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap audit show --secret OPENAI_API_KEY --since 24h -n 20\n"
    "  keyswap audit show --decision refused --json";

constexpr std::size_t kNewestMax = 10'000;

struct ShowOptions {
  LogOptions log;
  FilterOptions chosen;
  std::size_t lines = 0;  // of the newest; 0: all
};

// Prints what is asked for: at once, or the newest of it at the end.
class Shown {
 public:
  explicit Shown(const ShowOptions& options) : options_(options) {}

  void take(std::string_view line) {
    if (!matches(options_.chosen.filter, line)) {
      return;
    }
    if (options_.lines == 0) {
      print_record(line);
      return;
    }
    newest_.emplace_back(line);
    if (newest_.size() > options_.lines) {
      newest_.pop_front();
    }
  }

  void finish() {
    std::ranges::for_each(newest_, [this](const std::string& line) { print_record(line); });
  }

 private:
  void print_record(std::string_view line) const {
    if (options_.log.json) {
      print_line(line);
    } else {
      print_long_line(format_record(line));
    }
  }

  const ShowOptions& options_;
  std::deque<std::string> newest_;
};

base::Status show_segment(const std::string& path, Shown& shown) {
  auto reader = audit::LineReader::open(path);
  if (!reader) {
    return reader.error();
  }
  for (;;) {
    const auto item = reader->next();
    if (!item) {
      return item.error();
    }
    if (item->kind == audit::LineReader::Kind::too_long) {
      return base::Error{base::Errc::corrupt, "a line is longer than any record"};
    }
    if (item->kind != audit::LineReader::Kind::line) {
      return {};  // a torn end: `audit verify` judges it
    }
    shown.take(item->text);
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
  Shown shown(options);
  // number 0: there are none
  for (std::uint32_t number = std::max(segments->oldest, 1U); number <= segments->newest;
       ++number) {
    const std::string path = audit::path_of(folder.value(), audit::segment_name(number));
    if (const auto read = show_segment(path, shown); !read) {
      shown.finish();
      return report({Exit::cannot,
                     "cannot read " + path + ": " + explain(read.error()),
                     "see: keyswap audit verify"});
    }
  }
  shown.finish();
  if (segments->oldest > 1) {
    remark_archived();
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_show(const Arguments& arguments) {
  ShowOptions options;
  CommandLine app("Shows the records of the audit log, oldest first, all or those asked for.",
                  "keyswap audit show");
  add_filter_options(app, options.chosen);
  app.add_option("-n,--lines", options.lines, "only so many, the newest (default: all)")
      ->type_name("N")
      ->in_range(1, kNewestMax);
  add_log_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (auto problem = settle_filter(options.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  return show(options);
}

}  // namespace keyswap::cli
