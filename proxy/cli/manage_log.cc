// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/manage_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "audit/record.h"
#include "audit/timestamp.h"
#include "audit/verify.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit_csv.h"
#include "proxy/cli/audit_lines.h"
#include "proxy/cli/audit_verdict.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kUsPerMs = 1'000;
constexpr std::array<std::string_view, 4> kDecisions = {"allowed", "pass", "denied", "refused"};

base::Error wrong(base::Note note) {
  return {base::Errc::invalid_input, note};
}

// What stands in a record as it is asked for. A log of a million records is searched for these
// bytes first: to read each as JSON would take ten times as long.
struct Search {
  LineFilter filter;
  std::vector<std::string> marks;  // all of them are in the line of a record that is wanted

  void mark(std::string_view key, std::string_view value) {
    const bool is_plain = std::ranges::all_of(
        value, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (is_plain) {  // else the record may spell it otherwise
      marks.push_back("\"" + std::string(key) + "\":\"" + std::string(value) + "\"");
    }
  }

  [[nodiscard]] bool has_marks(std::string_view line) const {
    return std::ranges::all_of(marks, [line](const std::string& mark) {
      return ::memmem(line.data(), line.size(), mark.data(), mark.size()) != nullptr;
    });
  }

  [[nodiscard]] bool wants(std::string_view line) const {
    return has_marks(line) && is_in_time(line) &&
           (!filter.wants_decisions_only() || matches(filter, line));
  }

  // By the one place where a record has its time.
  [[nodiscard]] bool is_in_time(std::string_view line) const {
    if (!filter.since_us && !filter.until_us) {
      return true;
    }
    constexpr std::string_view kKey = ",\"ts\":\"";
    const auto found = line.find(kKey);
    const auto at =
        found == std::string_view::npos
            ? std::nullopt
            : audit::parse_timestamp(line.substr(found + kKey.size(), audit::kTimestampBytes));
    return at && (!filter.since_us || *at >= *filter.since_us) &&
           (!filter.until_us || *at < *filter.until_us);
  }
};

std::optional<std::int64_t> time_of(const std::string& ms) {
  std::int64_t number = 0;
  const auto read = std::from_chars(ms.data(), ms.data() + ms.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == ms.data() + ms.size();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / kUsPerMs;
  return is_whole && number >= 0 && number <= kMax ? std::optional(number * kUsPerMs)
                                                   : std::nullopt;
}

// Nothing: it was taken.
std::optional<base::Error> take_time(const std::string& name,
                                     const std::string& value,
                                     LineFilter& filter) {
  const auto at = time_of(value);
  (name == "from" ? filter.since_us : filter.until_us) = at;
  return at ? std::nullopt
            : std::optional(wrong("from and to are times in milliseconds since 1970"));
}

std::optional<base::Error> take_one(const std::string& name,
                                    const std::string& value,
                                    Search& search) {
  LineFilter& filter = search.filter;
  if (name == "from" || name == "to") {
    return take_time(name, value, filter);
  }
  if (name == "secret" || name == "service") {
    filter.secret = value;
    search.mark("secret", value);
  } else if (name == "host") {
    filter.host = base::to_lower(value);
    search.mark("host", filter.host);
  } else if (name == "caller") {
    filter.caller = value;
    search.mark("caller", value);
  } else if (name == "method") {
    filter.method = value;
  } else if (name == "type") {
    search.mark("type", value);
  } else if (name == "decision") {
    if (std::ranges::find(kDecisions, value) == kDecisions.end()) {
      return wrong("decision is one of allowed, pass, denied, refused");
    }
    filter.decision = value;
    search.mark("decision", value);
  } else if (name == "reason") {
    if (!audit::parse_reason(value)) {
      return wrong("there is no such reason");
    }
    filter.reason = value;
    search.mark("reason", value);
  } else {
    return wrong("there is from, to, secret, host, caller, decision, reason, method, type");
  }
  return std::nullopt;
}

}  // namespace

base::Result<manage::LogView::Wants> records_wanted(const manage::Query& query) {
  Search search;
  for (const auto& [name, value] : query) {
    if (value.empty()) {
      return wrong("a parameter of the query has no value");
    }
    if (const auto failed = take_one(name, value, search)) {
      return *failed;
    }
  }
  return manage::LogView::Wants(
      [search = std::move(search)](std::string_view line) { return search.wants(line); });
}

manage::LogView view_of_log(const std::string& folder,
                            const audit::Log& log,
                            const PublicKey& key) {
  return {.folder = folder,
          .wants = records_wanted,
          .csv_heading = csv_heading,
          .csv_row = csv_row,
          .signed_to =
              [&log] {
                const auto head = log.head();
                return head ? head->seq : 0;
              },
          .verify = [folder, &log, key]() -> base::Result<std::string> {
            // The head first: the log may go on meanwhile.
            const auto head = log.head();
            const auto verdict = audit::verify(folder, {key, head});
            if (!verdict) {
              return verdict.error();
            }
            return verdict_json(*verdict, head ? "proxy" : "") + "\n";
          }};
}

}  // namespace keyswap::cli
