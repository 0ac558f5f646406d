// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_message.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "proxy/cli/audit_lines.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kIdentifier = "keyswap-audit";
constexpr int kFacility = 10;  // authpriv: for those who may read what happened here

constexpr std::array<std::string_view, 6> kAlerts = {"honeytoken_triggered",
                                                     "real_secret_seen",
                                                     "vault_locked",
                                                     "loss_accepted",
                                                     "unsigned_found",
                                                     "restored"};

struct Field {
  std::string_view name;
  const char* object;  // in which the key stands; null: the record itself
  const char* key;
};

constexpr std::array kFields = {
    Field{"KEYSWAP_SEQ", nullptr, "seq"},
    Field{"KEYSWAP_TYPE", nullptr, "type"},
    Field{"KEYSWAP_REQUEST_ID", nullptr, "request_id"},
    Field{"KEYSWAP_DECISION", nullptr, "decision"},
    Field{"KEYSWAP_REASON", nullptr, "reason"},
    Field{"KEYSWAP_SECRET", nullptr, "secret"},
    Field{"KEYSWAP_CLIENT", "client", "addr"},
    Field{"KEYSWAP_CALLER", "client", "caller"},
    Field{"KEYSWAP_HOST", "destination", "host"},
    Field{"KEYSWAP_METHOD", "destination", "method"},
    Field{"KEYSWAP_PATH", "destination", "path"},
};

Json parse(std::string_view line) {
  return Json::parse(line, nullptr, /*allow_exceptions=*/false);
}

Json value_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() ? *found : Json();
}

// Without a line feed, which would end the field.
std::string text_of(const Json& value) {
  if (value.is_string()) {
    return printable(value.get<std::string>());
  }
  return value.is_number() ? value.dump() : "";
}

Severity severity_of(const Json& record) {
  const std::string type = text_of(value_at(record, "type"));
  // A policy that was refused is a file that somebody changed and nobody approved (I17).
  const bool is_refused = type == "approval" && text_of(value_at(record, "event")) == "refused";
  if (is_refused || std::ranges::find(kAlerts, type) != kAlerts.end()) {
    return Severity::warning;
  }
  const std::string decision = text_of(value_at(record, "decision"));
  return decision == "denied" || decision == "refused" ? Severity::notice : Severity::info;
}

}  // namespace

Severity severity_of(std::string_view line) {
  return severity_of(parse(line));
}

std::string journal_message(std::string_view line) {
  const Json record = parse(line);
  std::string message = "MESSAGE=" + format_record(line) +
                        "\nPRIORITY=" + std::to_string(static_cast<int>(severity_of(record))) +
                        "\nSYSLOG_IDENTIFIER=" + std::string(kIdentifier) + "\n";
  for (const Field& field : kFields) {
    const Json from = field.object == nullptr ? record : value_at(record, field.object);
    const std::string text = text_of(value_at(from, field.key));
    if (!text.empty()) {
      message += std::string(field.name) + "=" + text + "\n";
    }
  }
  return message + "KEYSWAP_RECORD=" + printable(line) + "\n";
}

std::string syslog_message(std::string_view line, std::string_view time) {
  const int priority = kFacility * 8 + static_cast<int>(severity_of(line));
  return "<" + std::to_string(priority) + ">" + std::string(time) + " " + std::string(kIdentifier) +
         ": @cee: " + printable(line);
}

}  // namespace keyswap::cli
