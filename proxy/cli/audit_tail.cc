// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit tail: the newest records, then each new one as it is written, over the ends of
// segments.
#include <algorithm>
#include <deque>
#include <optional>

#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_filter.h"
#include "proxy/cli/audit_follow.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kLinesMax = 10'000;

struct TailOptions {
  LogOptions log;
  FilterOptions chosen;
  std::size_t lines = 10;
  bool stops = false;
};

class Tail {
 public:
  Tail(std::string folder, const TailOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  int run() {
    const auto problem = follow();
    return problem ? report(*problem) : static_cast<int>(Exit::done);
  }

 private:
  Problem follow() {
    // Watched before it is read, so that nothing written in between is missed.
    std::optional<LogWatch> watch;
    if (!options_.stops) {
      auto opened = LogWatch::open(folder_);
      if (!opened) {
        return opened.failure();
      }
      watch = std::move(opened).value();
    }
    const auto segments = audit::list_segments(folder_);
    if (!segments) {
      return Failure{Exit::cannot,
                     "the audit log cannot be read: " + explain(segments.error()),
                     "check the folder " + folder_};
    }
    LogFollower follower(folder_, {segments->newest, 0});
    if (auto problem = print_newest(follower, *segments)) {
      return problem;
    }
    while (watch && flush_output()) {
      if (auto problem = watch->wait()) {
        return problem;
      }
      const auto print_each = [this](std::string_view line) {
        if (is_asked_for(line)) {
          print_record(line);
        }
        return Problem();
      };
      if (auto problem = follower.read(print_each)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  // From the newest segment back, until there are enough lines. Leaves the follower behind them.
  Problem print_newest(LogFollower& follower, const audit::Segments& segments) const {
    std::deque<std::string> lines;
    const auto keep_each = [this, &lines](std::string_view line) {
      keep_newest(line, options_.lines, lines);
      return Problem();
    };
    if (auto problem = follower.read(keep_each)) {
      return problem;
    }
    for (std::uint32_t number = segments.newest;
         number > segments.oldest && lines.size() < options_.lines;
         --number) {
      const auto older = lines_of(number - 1, options_.lines - lines.size());
      lines.insert(lines.begin(), older.begin(), older.end());
    }
    std::ranges::for_each(lines, [this](const std::string& line) { print_record(line); });
    return std::nullopt;
  }

  // The last of a segment; what of it cannot be read is a matter for `audit verify`.
  [[nodiscard]] std::deque<std::string> lines_of(std::uint32_t number, std::size_t wanted) const {
    std::deque<std::string> lines;
    auto reader = audit::LineReader::open(audit::path_of(folder_, audit::segment_name(number)));
    for (;;) {
      const auto item = reader ? reader->next() : reader.error();
      if (!item || item->kind != audit::LineReader::Kind::line) {
        return lines;
      }
      keep_newest(item->text, wanted, lines);
    }
  }

  void keep_newest(std::string_view line,
                   std::size_t wanted,
                   std::deque<std::string>& lines) const {
    if (wanted == 0 || !is_asked_for(line)) {
      return;
    }
    lines.emplace_back(line);
    if (lines.size() > wanted) {
      lines.pop_front();
    }
  }

  [[nodiscard]] bool is_asked_for(std::string_view line) const {
    const LineFilter& filter = options_.chosen.filter;
    return filter.wants_all() || matches(filter, line);
  }

  void print_record(std::string_view line) const {
    if (options_.log.json) {
      print_line(line);
    } else {
      print_long_line(format_record(line));
    }
  }

  std::string folder_;
  const TailOptions& options_;
};

}  // namespace

int run_audit_tail(const Arguments& arguments) {
  TailOptions options;
  CommandLine app(
      "Shows the newest records of the audit log, and then each new one, until interrupted.",
      "keyswap audit tail");
  app.add_option("-n,--lines", options.lines, "how many of those that are there")
      ->type_name("N")
      ->in_range(0, kLinesMax)
      ->capture_default_str();
  app.add_flag("--no-follow", options.stops, "stop after those that are there");
  add_filter_options(app, options.chosen);
  add_log_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit tail -n 100 --json")) {
    return *status;
  }
  if (auto problem = settle_filter(options.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return report(folder.failure());
  }
  return Tail(std::move(folder).value(), options).run();
}

}  // namespace keyswap::cli
