// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit stats: figures of a span of the audit log, which is judged while it is read.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "proxy/base/clock.h"
#include "proxy/cli/audit_counts.h"
#include "proxy/cli/audit_judged.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kNameShownMax = 60;  // so that a row fits a terminal of 80 columns
constexpr std::size_t kTopMax = 10'000;

struct StatsOptions {
  JudgedOptions judged;
  std::size_t top = 10;
};

std::string shown_name(const std::string& name) {
  if (name.empty()) {
    return "(none)";
  }
  return name.size() <= kNameShownMax ? name : name.substr(0, kNameShownMax - 3) + "...";
}

void print_text(const AuditCounts& counts, std::size_t top) {
  print_long_line(std::to_string(counts.requests()) + " requests");
  if (counts.requests() == 0) {
    return;
  }
  print_long_line("from " + counts.first() + " to " + counts.last());
  for (std::size_t kind = 0; kind < AuditCounts::kKinds.size(); ++kind) {
    const auto rows = counts.rows(kind);
    std::vector<std::vector<std::string>> table = {
        {"by " + std::string(AuditCounts::kKinds[kind]), "requests"}};
    for (std::size_t i = 0; i < std::min(rows.size(), top); ++i) {
      table.push_back({shown_name(rows[i].first), std::to_string(rows[i].second)});
    }
    print("\n" + format_table(table));
    if (rows.size() > top) {
      print_line("and " + std::to_string(rows.size() - top) + " more: --top N, --json");
    }
  }
}

void print_json(const AuditCounts& counts, bool is_intact) {
  nlohmann::ordered_json json;
  json["intact"] = is_intact;
  json["requests"] = counts.requests();
  json["first"] = nullptr;
  json["last"] = nullptr;
  if (counts.requests() > 0) {
    json["first"] = counts.first();
    json["last"] = counts.last();
  }
  for (std::size_t kind = 0; kind < AuditCounts::kKinds.size(); ++kind) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& [name, count] : counts.rows(kind)) {
      nlohmann::ordered_json row;
      row["name"] = nullptr;
      if (!name.empty()) {
        row["name"] = name;
      }
      row["requests"] = count;
      list.push_back(std::move(row));
    }
    json["by_" + std::string(AuditCounts::kKinds[kind])] = std::move(list);
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

int stats(const StatsOptions& options) {
  AuditCounts counts;
  auto read = read_judged(options.judged, [&counts](std::string_view line) { counts.take(line); });
  if (!read) {
    return report(read.failure());
  }
  if (options.judged.log.json) {
    print_json(counts, read->verdict.is_intact);
  } else {
    print_text(counts, options.top);
  }
  return end_judged(read.value());
}

}  // namespace

int run_audit_stats(const Arguments& arguments) {
  StatsOptions options;
  CommandLine app(
      "Counts the requests of the audit log by decision, reason, secret, host and caller, all or\n"
      "those asked for. The log is judged meanwhile: exit status 1 if it is not intact; what "
      "comes\n"
      "behind the first bad record does not count.",
      "keyswap audit stats");
  add_filter_options(app, options.judged.chosen);
  app.add_option("--top", options.top, "how many rows of each table")
      ->type_name("N")
      ->in_range(1, kTopMax)
      ->capture_default_str();
  add_public_key_option(app, options.judged.key_hex);
  add_log_options(app, options.judged.log);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit stats --since 24h")) {
    return *status;
  }
  if (auto problem = settle_filter(options.judged.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  return stats(options);
}

}  // namespace keyswap::cli
