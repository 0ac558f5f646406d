// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_json.h"

#include <nlohmann/json.hpp>

namespace keyswap::cli {

namespace {

nlohmann::ordered_json source_as_json(const NamedSource& source) {
  nlohmann::ordered_json json = {{"name", source.id}, {"type", source.kind}};
  json["where"] = where_of(source);
  json["opened_by"] = nlohmann::ordered_json::array();
  for (const Opener& opener : source.openers) {
    json["opened_by"].push_back({{"setting", opener.setting}, {"place", opener.place}});
  }
  json["secrets"] = nlohmann::ordered_json::array();
  for (const SourcedSecret& secret : source.secrets) {
    json["secrets"].push_back(
        {{"name", secret.name}, {"key", secret.key}, {"field", secret.field}});
  }
  json["cache"] = nullptr;
  if (!source.is_local()) {
    const vault::CacheRule& rule = source.spec->cache;
    json["cache"] = {{"ttl_seconds", rule.ttl_ms / 1000},
                     {"jitter_seconds", rule.jitter_ms / 1000},
                     {"max_entries", rule.entries_max},
                     {"stale_seconds", rule.stale_ms / 1000}};
  }
  return json;
}

}  // namespace

std::string sources_json(const std::string& file, const std::vector<NamedSource>& sources) {
  nlohmann::ordered_json json;
  json["file"] = file;
  json["sources"] = nlohmann::ordered_json::array();
  for (const NamedSource& source : sources) {
    json["sources"].push_back(source_as_json(source));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
