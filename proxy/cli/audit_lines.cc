// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_lines.h"

#include <nlohmann/json.hpp>

#include "audit/timestamp.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::json;

Json parse(std::string_view line) {
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) {
    return "";
  }
  if (found->is_string()) {
    return printable(found->get<std::string>());
  }
  return found->is_number() || found->is_boolean() ? found->dump() : "";
}

Json child_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

bool is_wanted(const std::string& wanted, const std::string& found) {
  return wanted.empty() || wanted == found;
}

bool is_wanted_name(const std::string& wanted, const std::string& found) {
  return wanted.empty() || base::equal_ignoring_case(wanted, found);
}

bool is_in_time(const LineFilter& filter, const Json& json) {
  if (!filter.since_us && !filter.until_us) {
    return true;
  }
  const auto found = json.find("ts");
  const auto at = found != json.end() && found->is_string()
                      ? audit::parse_timestamp(found->get<std::string>())
                      : std::nullopt;
  return at && (!filter.since_us || *at >= *filter.since_us) &&
         (!filter.until_us || *at < *filter.until_us);
}

// What was seen of a failure, " (word: facts)"; "" nothing.
std::string describe_cause(const Json& json) {
  const std::string cause = text_of(json, "cause");
  const std::string facts = text_of(json, "facts");
  return cause.empty() ? "" : " (" + cause + (facts.empty() ? "" : ": " + facts) + ")";
}

std::string describe_client(const Json& json) {
  const Json client = child_of(json, "client");
  const std::string caller = text_of(client, "caller");
  return "  from " + text_of(client, "addr") + (caller.empty() ? "" : " as " + caller);
}

std::string describe_decision(const Json& json) {
  const Json destination = child_of(json, "destination");
  std::string text = text_of(json, "decision") + " " + text_of(json, "reason");
  if (const std::string secret = text_of(json, "secret"); !secret.empty()) {
    text += " " + secret;
  }
  text += describe_cause(json);
  if (const std::string shift = text_of(json, "clock_shift_ms"); !shift.empty()) {
    text += " (signed for the upstream's time, " + shift + " ms beside ours)";
  }
  text += "  " + text_of(destination, "method") + " " + text_of(destination, "host") + ":" +
          text_of(destination, "port") + text_of(destination, "path");
  return text + describe_client(json);
}

std::string why_locked(const std::string& why) {
  if (why == "unread") {
    return "its file could not be read for too long";
  }
  if (why == "head_not_kept") {
    return "the log's head could not be kept in it for too long";
  }
  return why == "not_approved" ? "the approved policy cannot be had" : "its file is " + why;
}

// What keyswap says of itself and of its files.
std::string describe_own(const std::string& type, const Json& json) {
  if (type == "start") {
    return "start  keyswap " + text_of(json, "version") + ", pid " + text_of(json, "pid");
  }
  if (type == "reload") {
    return "reload  accepted: " + text_of(json, "accepted");
  }
  if (type == "approval") {
    return "approval  of a policy: " + text_of(json, "event") + ", number " +
           text_of(json, "number");
  }
  if (type == "restored") {
    return "RESTORED  at " + text_of(json, "at") +
           " from a backup: what was taken back since it was made counts again";
  }
  if (type == "recovered") {
    return "recovered  " + text_of(json, "bytes") + " bytes of a torn line moved to " +
           text_of(json, "moved_to");
  }
  if (type == "unsigned_found") {
    return "UNSIGNED  records " + text_of(json, "first_seq") + " to " + text_of(json, "last_seq") +
           " were not signed: a crash left them, or somebody put them there";
  }
  if (type == "loss_accepted") {
    return "LOSS ACCEPTED  a log that reached record " + text_of(json, "last_seq") +
           " was lost, and this one goes on";
  }
  if (type == "vault_locked") {
    return "VAULT LOCKED  " + why_locked(text_of(json, "why"));
  }
  if (type == "vault_readable") {
    return "vault readable again";
  }
  return type;
}

std::string describe(const Json& json) {
  const std::string type = text_of(json, "type");
  if (type == "inject_decision") {
    return describe_decision(json);
  }
  if (type == "tunnel") {
    return "tunnel " + describe_decision(json);
  }
  if (type == "upstream_response") {
    return "response " + text_of(json, "status") + " " + text_of(json, "outcome") +
           describe_cause(json) + "  " + text_of(json, "bytes") + " bytes in " +
           text_of(json, "ms") + " ms";
  }
  if (type == "client_tls_failed") {
    return "client TLS failed  " + text_of(json, "alert") + " by " + text_of(json, "by") + "  to " +
           text_of(json, "host") + describe_client(json) + "  " + text_of(json, "count") + " times";
  }
  if (type == "honeytoken_triggered") {
    const Json destination = child_of(json, "destination");
    return "HONEYTOKEN " + text_of(json, "secret") + " " + text_of(json, "reason") + "  " +
           text_of(destination, "method") + " " + text_of(destination, "host") + ":" +
           text_of(destination, "port") + text_of(destination, "path") + describe_client(json);
  }
  if (type == "real_secret_seen") {
    const Json destination = child_of(json, "destination");
    return "REAL SECRET " + text_of(json, "secret") + " in the " + text_of(json, "where") + " (" +
           text_of(json, "encoding") + ") " + text_of(json, "reason") + "  " +
           text_of(destination, "method") + " " + text_of(destination, "host") + ":" +
           text_of(destination, "port") + text_of(destination, "path") + describe_client(json);
  }
  if (type == "upstream_clock") {
    return "clock of " + text_of(json, "host") + ":" + text_of(json, "port") + "  " +
           text_of(json, "event") + "  " + text_of(json, "offset_ms") + " ms beside ours";
  }
  if (type == "secret_fetched" || type == "token_exchange" || type == "token_rotation") {
    return "source " + text_of(json, "source") + " (" + text_of(json, "kind") + ")  " +
           text_of(json, "event") + " " + text_of(json, "secret") + ": " +
           text_of(json, "outcome") + " in " + text_of(json, "ms") + " ms";
  }
  if (type == "source_flushed") {
    const std::string source = text_of(json, "source");
    return "source flush  of " + (source.empty() ? "all" : source) + ": " +
           text_of(json, "values") + " values dropped";
  }
  if (type == "managed") {
    const std::string object = text_of(json, "object");
    return "management  " + text_of(json, "action") + (object.empty() ? "" : " of " + object) +
           ": " + text_of(json, "outcome") + "  by " + text_of(json, "client");
  }
  return describe_own(type, json);
}

}  // namespace

bool matches(const LineFilter& filter, std::string_view line) {
  const Json json = parse(line);
  if (!json.contains("seq") || !is_in_time(filter, json)) {
    return false;
  }
  if (!filter.wants_decisions_only()) {
    return true;
  }
  const std::string type = text_of(json, "type");
  if (!is_wanted(filter.caller, text_of(child_of(json, "client"), "caller"))) {
    return false;
  }
  if (type == "client_tls_failed") {
    return filter.secret.empty() && filter.decision.empty() && filter.reason.empty() &&
           filter.method.empty() && is_wanted_name(filter.host, text_of(json, "host"));
  }
  const bool is_of_request =
      json.contains("decision") || type == "honeytoken_triggered" || type == "real_secret_seen";
  const Json destination = child_of(json, "destination");
  return is_of_request && is_wanted(filter.secret, text_of(json, "secret")) &&
         is_wanted(filter.decision, text_of(json, "decision")) &&
         is_wanted(filter.reason, text_of(json, "reason")) &&
         is_wanted_name(filter.method, text_of(destination, "method")) &&
         is_wanted_name(filter.host, text_of(destination, "host"));
}

std::string format_record(std::string_view line) {
  const Json json = parse(line);
  if (json.empty()) {
    return "(not a record) " + printable(line);
  }
  std::string text = text_of(json, "ts") + " #" + text_of(json, "seq") + " " + describe(json);
  if (const std::string id = text_of(json, "request_id"); !id.empty()) {
    text += "  [" + id + "]";
  }
  return text;
}

}  // namespace keyswap::cli
