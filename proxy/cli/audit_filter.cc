// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_filter.h"

#include "audit/record.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

std::string check_reason(const std::string& text) {
  return audit::parse_reason(text) ? ""
                                   : "there is no such reason: keyswap audit stats lists those "
                                     "of the log";
}

}  // namespace

void add_filter_options(CommandLine& app, FilterOptions& options) {
  LineFilter& filter = options.filter;
  app.add_option("--secret", filter.secret, "only decisions about this secret")->type_name("NAME");
  app.add_option("--host", filter.host, "only decisions about this host")->type_name("HOST");
  app.add_option("--caller", filter.caller, "only decisions about this caller")->type_name("NAME");
  app.add_option("--method", filter.method, "only requests with this method")->type_name("METHOD");
  app.add_option("--decision", filter.decision, "only decisions of this kind")
      ->type_name("KIND")
      ->one_of({"allowed", "pass", "denied", "refused"});
  app.add_option("--reason", filter.reason, "only decisions for this reason")
      ->type_name("REASON")
      ->check(check_reason);
  app.add_option("--since",
                 options.since,
                 "only records from then on (a date, a time, or so long ago: 24h)")
      ->type_name("TIME");
  app.add_option("--until", options.until, "only records before then")->type_name("TIME");
}

Problem settle_filter(FilterOptions& options, std::int64_t now_us) {
  const auto parse_one = [now_us](const std::string& text, std::optional<std::int64_t>& at) {
    at = text.empty() ? std::nullopt : parse_time(text, now_us);
    return text.empty() || at.has_value();
  };
  if (!parse_one(options.since, options.filter.since_us) ||
      !parse_one(options.until, options.filter.until_us)) {
    return Failure{Exit::usage,
                   "--since and --until want a time",
                   "like: 2026-11-22, 2026-11-22T02:25:09Z, or 15m, 24h, 7d (so long ago)"};
  }
  if (options.filter.host.ends_with('.')) {
    options.filter.host.pop_back();  // records hold names without the root's dot
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
