// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/trouble_text.h"

#include <algorithm>
#include <cstdlib>

#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

std::string source_text(const net::TroubledSource& source, std::int64_t now_s) {
  const vault::SourceOutage& outage = source.outage;
  const std::int64_t again_s = asked_again_in_s(outage, now_s);
  std::string text = printable(source.id);
  text += outage.needs_login ? " waits for a log-in: " : " is down: ";
  text += printable(outage.outcome);
  text += ", since " + format_minute(outage.since_s) + ", asked again ";
  return text + (again_s > 0 ? "in " + std::to_string(again_s) + " s" : "with the next request");
}

std::string clock_text(const net::ClockApart& clock) {
  return printable(clock.upstream) + " is " + std::to_string(std::abs(clock.offset_s)) + " s " +
         (clock.offset_s < 0 ? "behind" : "ahead of") + " this machine";
}

}  // namespace

std::vector<std::vector<std::string>> trouble_rows(const net::Troubles& troubles,
                                                   std::int64_t now_s) {
  std::vector<std::vector<std::string>> rows;
  for (const net::TroubledSource& source : troubles.sources) {
    rows.push_back({"source", source_text(source, now_s)});
    if (source.outage.needs_login) {
      rows.push_back({"", printable(advice_to_log_in(source.id))});
      continue;
    }
    if (const std::string advice = advice_on(source.outage.outcome);
        advice != source.outage.outcome && !advice.empty()) {
      rows.push_back({"", advice});
    }
  }
  for (const net::ClockApart& clock : troubles.clocks) {
    rows.push_back({"clock", clock_text(clock)});
  }
  if (troubles.more > 0) {
    rows.push_back({"", "and " + std::to_string(troubles.more) + " more of these"});
  }
  return rows;
}

std::int64_t asked_again_in_s(const vault::SourceOutage& outage, std::int64_t now_s) {
  return std::max<std::int64_t>(outage.next_try_s - now_s, 0);
}

}  // namespace keyswap::cli
