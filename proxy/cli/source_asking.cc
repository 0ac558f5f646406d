// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_asking.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "proxy/cli/asked_source.h"
#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/outgoing/audit_fetch_log.h"
#include "vault/sources/captured_end.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/source_value.h"

namespace keyswap::cli {

namespace {

using base::Errc;
using vault::Done;
using vault::Failed;
using vault::RunOutcome;

constexpr std::int64_t kSecondUs = 1'000'000;

// Is it what it is needed for?
std::string outcome_of(const vault::Secret& given, vault::EntryKind kind) {
  const auto value = vault::usable_value(given, kind);
  return value ? "ok" : value.error().code == Errc::unavailable ? "no_room" : "malformed";
}

std::string text_of(const SourcedSecret& secret) {
  return vault::key_text(secret.key, secret.field);
}

// Nothing: it is not in that answer.
std::optional<SecretSeen> seen_in(const RunOutcome& outcome, const SourcedSecret& secret) {
  if (const auto* const failed = std::get_if<Failed>(&outcome)) {
    return SecretSeen{secret, failed->outcome, "", std::nullopt};
  }
  const auto& done = std::get<Done>(outcome);
  const auto missed = std::ranges::find(done.missed, text_of(secret), &vault::Missed::key);
  if (missed != done.missed.end()) {
    return SecretSeen{secret, missed->failed.outcome, "", std::nullopt};
  }
  const auto found = std::ranges::find(done.values, text_of(secret), &vault::FetchedValue::key);
  if (found == done.values.end()) {
    return std::nullopt;
  }
  return SecretSeen{secret,
                    outcome_of(found->value, secret.kind),
                    outgoing::shown_version(found->version),
                    found->expires_at};
}

// Fields of one key are of one answer, as they are for requests. One of which it says nothing is
// asked for by itself.
void ask_for_key(AskedSource& asked,
                 const std::vector<SourcedSecret>& secrets,
                 std::vector<SecretSeen>& seen) {
  std::vector<std::string> keys;
  for (const SourcedSecret& secret : secrets) {
    keys.push_back(text_of(secret));
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  const RunOutcome together = asked.fetch(keys);
  for (const SourcedSecret& secret : secrets) {
    auto one = seen_in(together, secret);
    if (!one && keys.size() > 1) {
      one = seen_in(asked.fetch({text_of(secret)}), secret);
    }
    seen.push_back(one ? *std::move(one) : SecretSeen{secret, "not_found", "", std::nullopt});
  }
}

// `expires_at` is set where the entry has an end.
std::string outcome_in_vault(Online& online,
                             const SourcedSecret& secret,
                             std::optional<std::int64_t>& expires_at) {
  const auto name = vault::SecretName::parse(secret.key);
  if (!name) {
    return "no_name";
  }
  const std::int64_t now_s = online.clock().wall_us() / kSecondUs;
  const auto entry = online.vault().open_entry(*name, secret.kind, now_s);
  if (entry && secret.kind == vault::EntryKind::text) {
    const auto end = vault::captured_end_of(online.vault(), *name, entry->value);
    if (!end) {
      return "unavailable";
    }
    expires_at = *end;
  }
  if (entry) {
    return expires_at && now_s >= *expires_at ? "expired" : "ok";
  }
  if (entry.error().code == Errc::invalid_input) {
    return secret.kind == vault::EntryKind::private_key ? "signing_key_unusable" : "no_text";
  }
  return entry.error().code == Errc::not_found ? "not_found" : "unavailable";
}

std::string advice_for(const NamedSource& source, const SecretSeen& one) {
  if (source.is_local() && one.outcome == "not_found") {
    return "it is not in the vault of this machine: keyswap secret add " + one.secret.key;
  }
  if (source.is_local() && one.outcome == "expired") {
    return "it came in an answer and is over: log in anew through the proxy";
  }
  if (source.is_local() && one.outcome != "unavailable") {
    return "the entry is of another kind than the bindings need: see keyswap bindings check";
  }
  const bool has_login = source.spec != nullptr && source.spec->setting("refresh_token") != nullptr;
  return has_login && vault::is_login_over(one.outcome) ? advice_to_log_in(source.id)
                                                        : advice_on(one.outcome);
}

}  // namespace

bool SourceSeen::is_well() const {
  return std::ranges::all_of(secrets, [](const SecretSeen& one) { return one.is_there(); });
}

SourceSeen ask_source(Online& online, const NamedSource& source) {
  SourceSeen seen{source, {}};
  if (source.is_local()) {
    for (const SourcedSecret& secret : source.secrets) {
      std::optional<std::int64_t> expires_at;
      std::string outcome = outcome_in_vault(online, secret, expires_at);
      seen.secrets.push_back({secret, std::move(outcome), "", expires_at});
    }
    return seen;
  }
  std::map<std::string, std::vector<SourcedSecret>> by_key;
  for (const SourcedSecret& secret : source.secrets) {
    by_key[secret.key].push_back(secret);
  }
  AskedSource asked(online, *source.spec);
  for (const auto& [key, secrets] : by_key) {
    ask_for_key(asked, secrets, seen.secrets);
  }
  std::ranges::sort(seen.secrets, {}, [](const SecretSeen& one) { return one.secret.name; });
  return seen;
}

std::string seen_text(const std::vector<SourceSeen>& seen) {
  std::vector<std::vector<std::string>> table = {
      {"SECRET", "SOURCE", "STATE", "VERSION", "EXPIRES"}};
  for (const SourceSeen& of_one : seen) {
    for (const SecretSeen& one : of_one.secrets) {
      table.push_back({one.secret.name,
                       of_one.source.id,
                       one.is_there() ? "found" : one.outcome,
                       one.version.empty() ? "-" : one.version,
                       one.expires_at ? format_minute(*one.expires_at) : "-"});
    }
  }
  return format_table(table);
}

std::vector<std::string> seen_advice(const std::vector<SourceSeen>& seen) {
  std::vector<std::string> lines;
  for (const SourceSeen& of_one : seen) {
    for (const SecretSeen& one : of_one.secrets) {
      if (!one.is_there()) {
        lines.push_back(one.secret.name + ": " + advice_for(of_one.source, one));
      }
    }
  }
  return lines;
}

std::string seen_json(const std::vector<SourceSeen>& seen) {
  auto list = nlohmann::ordered_json::array();
  for (const SourceSeen& of_one : seen) {
    auto secrets = nlohmann::ordered_json::array();
    for (const SecretSeen& one : of_one.secrets) {
      nlohmann::ordered_json json = {{"name", one.secret.name},
                                     {"key", one.secret.key},
                                     {"field", one.secret.field},
                                     {"ok", one.is_there()},
                                     {"outcome", one.outcome}};
      json["version"] = nullptr;
      json["expires_at"] = nullptr;
      if (!one.version.empty()) {
        json["version"] = one.version;
      }
      if (one.expires_at) {
        json["expires_at"] = format_time(*one.expires_at);
      }
      json["advice"] = one.is_there() ? "" : advice_for(of_one.source, one);
      secrets.push_back(std::move(json));
    }
    list.push_back({{"name", of_one.source.id},
                    {"type", of_one.source.kind},
                    {"ok", of_one.is_well()},
                    {"secrets", std::move(secrets)}});
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
