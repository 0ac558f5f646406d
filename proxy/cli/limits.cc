// SPDX-License-Identifier: Apache-2.0
//
// keyswap limits show
#include <algorithm>
#include <array>

#include "proxy/base/clock.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/limit_json.h"
#include "proxy/cli/limit_rows.h"
#include "proxy/cli/limit_text.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/limits/sqlite_store.h"

namespace keyswap::cli {

namespace {

struct ShowOptions {
  std::string home;
  std::string file;
  bool json = false;
};

// "600.5 USD" of a volume, "600" of requests.
std::string format_amount(LimitKind kind, std::int64_t amount) {
  return kind == LimitKind::daily_volume ? format_usd(amount) : std::to_string(amount);
}

std::int64_t left_of(const LimitRow& row) {
  return std::max<std::int64_t>(row.limit - row.used, 0);
}

void print_text(const LimitReport& report) {
  if (report.rows.empty()) {
    print_long_line("no binding has a rate_limit, a quota or a daily volume");
    return;
  }
  std::vector<std::vector<std::string>> table = {
      {"SECRET", "HOST", "LIMIT", "USED TODAY", "LEFT", "RESETS"}};
  for (const LimitRow& row : report.rows) {
    if (row.rate) {
      table.push_back({row.secret, row.host, format_rate(*row.rate), "-", "-", "as it refills"});
      continue;
    }
    const bool is_volume = row.kind == LimitKind::daily_volume;
    const std::string limit =
        format_amount(row.kind, row.limit) + (is_volume ? "" : " requests") + " per day";
    table.push_back({row.secret,
                     row.host,
                     limit,
                     format_amount(row.kind, row.used),
                     format_amount(row.kind, left_of(row)),
                     format_minute(report.resets_s)});
  }
  print(format_table(table));
}

// Without a file nothing was used yet.
Outcome<std::vector<limits::UsageRow>> load_usage(const std::string& path) {
  auto rows = limits::read_usage(path);
  if (rows) {
    return std::move(rows).value();
  }
  if (rows.error().code == base::Errc::not_found) {
    return std::vector<limits::UsageRow>{};
  }
  return Failure{Exit::cannot,
                 "cannot read " + path + ": " + explain(rows.error()),
                 "it must be a file of yours that others cannot open: chmod 600 " + path};
}

int show(const ShowOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  auto loaded = load_bindings(options.file.empty() ? served_bindings(home.value()) : options.file);
  if (!loaded) {
    return report(loaded.failure());
  }
  auto usage = load_usage(home->limits());
  if (!usage) {
    return report(usage.failure());
  }
  const LimitReport limits =
      report_limits(*loaded.value(), usage.value(), base::SystemClock().wall_us());
  if (options.json) {
    print_line(limits_json(limits));
  } else {
    print_text(limits);
  }
  return static_cast<int>(Exit::done);
}

int run_limits_show(const Arguments& arguments) {
  ShowOptions options;
  CommandLine app(
      "Shows each limit of the bindings: what was used of it today, what is left, and when it "
      "begins anew.\nNeeds no passphrase, and no running proxy.",
      "keyswap limits show");
  app.add_option("--bindings",
                 options.file,
                 "the file (default: the one that is served, else the home's bindings.yaml)")
      ->type_name("FILE");
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap limits show --json")) {
    return *status;
  }
  return show(options);
}

constexpr std::array kCommands = {
    Command{"show", "each limit, what was used of it and what is left", run_limits_show},
};

}  // namespace

int run_limits(const Arguments& arguments) {
  return dispatch({"keyswap limits",
                   "Shows what was used of the limits of bindings.yaml.\n",
                   "keyswap limits show",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
