// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_counts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::json;

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

Json object_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() ? *found : Json();
}

}  // namespace

void AuditCounts::take(std::string_view line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("decision")) {
    return;
  }
  const auto counted = json.find("count");
  const std::uint64_t count =
      counted != json.end() && counted->is_number_unsigned() ? counted->get<std::uint64_t>() : 1;
  requests_ += count;
  last_ = text_at(json, "ts");
  first_ = first_.empty() ? last_ : first_;
  const std::array<std::string, kKinds.size()> values = {
      text_at(json, "decision"),
      text_at(json, "reason"),
      text_at(json, "secret"),
      text_at(object_at(json, "destination"), "host"),
      text_at(object_at(json, "client"), "caller")};
  for (std::size_t kind = 0; kind < values.size(); ++kind) {
    auto& counts = counts_[kind];
    const bool is_known = counts.size() < kValuesMax || counts.contains(values[kind]);
    counts[is_known ? values[kind] : std::string(kOther)] += count;
  }
}

std::vector<AuditCounts::Row> AuditCounts::rows(std::size_t kind) const {
  std::vector<Row> rows(counts_[kind].begin(), counts_[kind].end());
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) { return a.second > b.second; });
  return rows;
}

}  // namespace keyswap::cli
