// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_verdict.h"

#include <nlohmann/json.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

std::string verdict_json(const audit::Verdict& verdict, std::string_view held_against) {
  nlohmann::ordered_json json;
  json["intact"] = verdict.is_intact;
  json["archived_seq"] = verdict.archived_seq;
  json["records"] = verdict.records;
  json["last_seq"] = verdict.last_seq;
  json["last_hash"] = base::to_hex(
      {reinterpret_cast<const char*>(verdict.last_hash.data()), verdict.last_hash.size()});
  json["checkpoints"] = verdict.checkpoints;
  json["last_checkpoint_seq"] = verdict.last_checkpoint_seq;
  json["torn_bytes"] = verdict.torn_bytes;
  json["unfinished"] = verdict.unfinished;
  json["unfinished_requests"] = nlohmann::ordered_json::array();
  for (const audit::Unfinished& request : verdict.unfinished_requests) {
    json["unfinished_requests"].push_back(
        {{"seq", request.seq}, {"request_id", request.request_id}});
  }
  json["unsigned"] = verdict.unsigned_records;
  json["unsigned_found"] = nlohmann::ordered_json::array();
  for (const audit::UnsignedFound& found : verdict.unsigned_found) {
    json["unsigned_found"].push_back(
        {{"first_seq", found.first_seq}, {"last_seq", found.last_seq}});
  }
  json["held_against"] = nullptr;
  if (!held_against.empty()) {
    json["held_against"] = held_against;
  }
  if (!verdict.is_intact) {
    json["file"] = verdict.file;
    json["line"] = verdict.line;
    json["seq"] = nullptr;
    if (verdict.seq) {
      json["seq"] = *verdict.seq;
    }
    json["problem"] = verdict.problem.text();
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
