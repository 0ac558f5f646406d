// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home_status.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment.h"
#include "bindings/oauth_providers.h"
#include "bindings/policy_text.h"
#include "ca/summary.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/files.h"
#include "proxy/cli/health_probe.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/trouble_text.h"
#include "proxy/cli/unbound.h"
#include "proxy/cli/unlock.h"
#include "proxy/cli/unlock_ways.h"
#include "vault/approval.h"
#include "vault/vault.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kCertificateBytesMax = std::size_t{64} * 1024;
constexpr std::int64_t kDaySeconds = 24 * 3600;

struct UnlocksName {
  Unlocks unlocks;
  std::string_view name;
  std::string_view words;
};

constexpr std::array kUnlocksNames = {
    UnlocksName{Unlocks::unknown, "unknown", "cannot be read"},
    UnlocksName{Unlocks::passphrase, "passphrase", "opens by a passphrase"},
    UnlocksName{Unlocks::key_file, "key_file", "opens by its key file"},
    UnlocksName{Unlocks::both, "passphrase_and_key_file", "opens by a passphrase or its key file"},
    UnlocksName{Unlocks::lost_key_file,
                "passphrase_and_lost_key_file",
                "opens by a passphrase; its key file is gone (keyswap passwd --drop-key-file)"},
};

const UnlocksName& name_of(Unlocks unlocks) {
  return *std::ranges::find(kUnlocksNames, unlocks, &UnlocksName::unlocks);
}

std::string_view name_of(PolicySeen seen) {
  switch (seen) {
    case PolicySeen::broken:
      return "broken";
    case PolicySeen::approved:
      return "approved";
    case PolicySeen::unapproved:
      return "unapproved";
    case PolicySeen::taken_so:
      return "taken_as_it_is";
    case PolicySeen::none:
      break;
  }
  return "none";
}

std::string_view words_of(PolicySeen seen) {
  switch (seen) {
    case PolicySeen::broken:
      return "cannot be used: keyswap bindings check";
    case PolicySeen::approved:
      return "approved";
    case PolicySeen::unapproved:
      return "not what is approved: keyswap bindings approve";
    case PolicySeen::taken_so:
      return "changed; the next start or reload takes them as they are";
    case PolicySeen::none:
      break;
  }
  return "nothing is approved yet: the first keyswap serve shows them, and asks";
}

void look_at_vault(const Home& home, HomeStatus& status) {
  const auto ways = vault::Vault::count_ways(home.vault());
  if (!ways) {
    status.vault_fault = explain(ways.error());
    return;
  }
  const bool has_file = has_key_in_place(home);
  if (*ways > 1) {
    status.unlocks = has_file ? Unlocks::both : Unlocks::lost_key_file;
  } else {
    status.unlocks = has_file ? Unlocks::key_file : Unlocks::passphrase;
  }
}

void look_at_ca(const Home& home, HomeStatus& status) {
  const auto pem = read_file(home.ca(), kCertificateBytesMax);
  if (!pem) {
    return;
  }
  if (const auto summary = ca::summarize_certificate(*pem)) {
    status.ca_made_s = summary->not_before_s;
    status.ca_until_s = summary->not_after_s;
  }
}

// Does whoever opens the vault approve? Asked where nobody has to be asked for a passphrase: the
// home's key opens it, which takes a second.
bool approves_by_key(const Home& home) {
  if (!has_key_in_place(home)) {
    return false;
  }
  auto key = read_home_key(home);
  if (!key) {
    return false;
  }
  const auto vault = vault::Vault::open(home.vault(), std::move(key).value().to_secret());
  const auto approval = vault ? vault::read_approval(*vault)
                              : base::Result<std::optional<vault::Approval>>(vault.error());
  return approval && *approval && (*approval)->mode == vault::ApprovalMode::key;
}

void look_at_policy(const Home& home, const std::string& file, HomeStatus& status) {
  auto parsed = read_bindings(file);
  auto roots = parsed && parsed->errors.empty()
                   ? read_roots(parsed->bindings)
                   : base::Result<std::vector<std::string>>(
                         base::Error{base::Errc::invalid_input, "the bindings have errors"});
  if (!roots) {
    status.policy = PolicySeen::broken;
    return;
  }
  status.unbound = unbound_in(home, parsed->bindings);
  std::error_code error;
  if (!std::filesystem::exists(home.approved(), error) ||
      std::filesystem::is_empty(home.approved(), error)) {
    status.policy = PolicySeen::none;
    return;
  }
  const auto digest =
      vault::policy_digest(bindings::encode_policy({std::move(parsed->text), std::move(*roots)}));
  const std::string kept = home.approved() + "/" + base::to_hex(digest);
  if (access(kept.c_str(), F_OK) == 0) {
    status.policy = PolicySeen::approved;
  } else {
    status.policy = approves_by_key(home) ? PolicySeen::taken_so : PolicySeen::unapproved;
  }
}

// The time of the last whole line.
std::string last_time_in(const std::string& segment) {
  const auto file = open_file(segment);

  struct stat info {};

  if (!file || fstat(file->descriptor(), &info) != 0) {
    return "";
  }
  constexpr auto kEnd = static_cast<off_t>(2 * base::bounds::kAuditRecordBytesMax);
  std::string end(static_cast<std::size_t>(std::min(info.st_size, kEnd)), '\0');
  const off_t begin = info.st_size - static_cast<off_t>(end.size());
  if (pread(file->descriptor(), end.data(), end.size(), begin) !=
      static_cast<ssize_t>(end.size())) {
    return "";
  }
  end.resize(end.rfind('\n') == std::string::npos ? 0 : end.rfind('\n'));
  const std::string line = end.substr(end.rfind('\n') + 1);
  const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  return record.is_object() && record.contains("ts") && record["ts"].is_string()
             ? record["ts"].get<std::string>()
             : "";
}

AuditSize look_at_audit(const std::string& folder) {
  AuditSize audit;
  audit.folder = folder;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error);
       !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    std::error_code unreadable;
    const auto size = entry->is_regular_file(unreadable) ? entry->file_size(unreadable) : 0;
    audit.bytes += unreadable ? 0 : size;
  }
  const auto segments = audit::list_segments(folder);
  if (!segments || segments->oldest == 0) {
    return audit;
  }
  audit.segments = segments->newest - segments->oldest + 1;
  // A new segment may have nothing in it yet.
  for (std::uint32_t number = segments->newest;
       number >= segments->oldest && audit.last_record.empty() && number + 2 > segments->newest;
       --number) {
    audit.last_record = last_time_in(audit::path_of(folder, audit::segment_name(number)));
  }
  return audit;
}

// "512 bytes", "3.4 MiB"
std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKibi = 1024;
  if (bytes < kKibi) {
    return std::to_string(bytes) + " bytes";
  }
  std::uint64_t unit = kKibi;
  std::string_view name = "KiB";
  for (const std::string_view next : {"MiB", "GiB", "TiB"}) {
    if (bytes >= unit * kKibi) {
      unit *= kKibi;
      name = next;
    }
  }
  const std::uint64_t tenths = bytes * 10 / unit;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + std::string(name);
}

std::string proxy_text(const HomeStatus& status) {
  if (!status.proxy) {
    return "none runs";
  }
  if (!status.proxy->is_ready()) {
    return "one is starting";
  }
  std::string text = "listens on ";
  for (const std::string& address : status.proxy->listen) {
    text += address + ", ";
  }
  if (status.proxy->listen.empty()) {
    text += status.proxy->address + ", ";
  }
  if (!status.proxy->manage.empty()) {
    text += "managed at " + status.proxy->manage + ", ";
  }
  return text + "pid " + std::to_string(status.proxy->pid);
}

std::string ca_text(const HomeStatus& status, std::int64_t now_s) {
  if (!status.ca_made_s) {
    return "no certificate: keyswap ca rotate";
  }
  if (status.ca_until_s <= now_s) {
    return "expired on " + format_time(status.ca_until_s) + ": keyswap ca rotate";
  }
  return "valid until " + format_time(status.ca_until_s) + " (" +
         std::to_string((status.ca_until_s - now_s) / kDaySeconds) + " days)";
}

std::string audit_text(const AuditSize& audit) {
  if (audit.segments == 0) {
    return "none yet";
  }
  return size_text(audit.bytes) + ", segments: " + std::to_string(audit.segments) +
         ", last record " + (audit.last_record.empty() ? "unknown" : audit.last_record);
}

// The command; null where nobody has to log in.
nlohmann::ordered_json login_in_json(const net::TroubledSource& source) {
  const std::string command = source.outage.needs_login ? bindings::login_command(source.id) : "";
  return command.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(command);
}

// Both lists are there, empty where nothing is wrong.
void put_troubles(const net::Troubles& troubles, std::int64_t now_s, nlohmann::ordered_json& json) {
  json["sources_down"] = nlohmann::ordered_json::array();
  for (const net::TroubledSource& one : troubles.sources) {
    json["sources_down"].push_back({{"source", one.id},
                                    {"outcome", one.outage.outcome},
                                    {"needs_login", one.outage.needs_login},
                                    {"login", login_in_json(one)},
                                    {"since", format_time(one.outage.since_s)},
                                    {"asked_again_in_s", asked_again_in_s(one.outage, now_s)}});
  }
  json["clocks_apart"] = nlohmann::ordered_json::array();
  for (const net::ClockApart& one : troubles.clocks) {
    json["clocks_apart"].push_back({{"upstream", one.upstream}, {"offset_s", one.offset_s}});
  }
  if (troubles.more > 0) {
    json["more_troubles"] = troubles.more;
  }
}

}  // namespace

HomeStatus look_at(const Home& home) {
  HomeStatus status;
  status.proxy = find_running(home);
  look_at_vault(home, status);
  look_at_ca(home, status);
  const bool serves_another = status.proxy && !status.proxy->bindings.empty();
  look_at_policy(home, serves_another ? status.proxy->bindings : home.bindings(), status);
  status.audit = look_at_audit(audit_folder(home));
  if (status.proxy && status.proxy->is_ready()) {
    status.health = probe_health(status.proxy->address);
  }
  return status;
}

std::string status_text(const Home& home, const HomeStatus& status, std::int64_t now_s) {
  std::vector<std::vector<std::string>> rows = {
      {"home", printable(home.path)},
      {"proxy", printable(proxy_text(status))},
  };
  if (!status.health.empty()) {
    rows.push_back({"health", printable(status.health)});
  }
  if (status.proxy) {
    const auto troubles = trouble_rows(status.proxy->troubles, now_s);
    rows.insert(rows.end(), troubles.begin(), troubles.end());
  }
  rows.push_back({"vault",
                  status.vault_fault.empty() ? std::string(name_of(status.unlocks).words)
                                             : "cannot be read: " + printable(status.vault_fault)});
  rows.push_back({"bindings", std::string(words_of(status.policy))});
  if (!status.unbound.empty()) {
    rows.push_back({"", unbound_text(status.unbound)});
  }
  rows.push_back({"CA", ca_text(status, now_s)});
  rows.push_back({"audit log", printable(audit_text(status.audit))});
  if (status.proxy && !status.proxy->reloads.refused.empty()) {
    rows.push_back({"last reload", "refused: " + printable(status.proxy->reloads.refused)});
  }
  return format_table(rows);
}

std::string status_json(const Home& home, const HomeStatus& status, std::int64_t now_s) {
  nlohmann::ordered_json json;
  json["home"] = home.path;
  json["running"] = status.proxy.has_value();
  if (status.proxy && status.proxy->is_ready()) {
    json["pid"] = status.proxy->pid;
    json["proxy"] = status.proxy->address;
    if (!status.proxy->listen.empty()) {
      json["listen"] = status.proxy->listen;
    }
    if (!status.proxy->manage.empty()) {
      json["manage"] = status.proxy->manage;
    }
    json["bindings"] = status.proxy->bindings;
    json["health"] = status.health;
    put_troubles(status.proxy->troubles, now_s, json);
    json["reloads"] = status.proxy->reloads.done;
    if (!status.proxy->reloads.refused.empty()) {
      json["last_reload_refused"] = status.proxy->reloads.refused;
    }
  }
  json["unlocked_by"] = name_of(status.unlocks).name;
  if (!status.vault_fault.empty()) {
    json["vault_fault"] = status.vault_fault;
  }
  json["policy"] = name_of(status.policy);
  json["unbound"] = nlohmann::ordered_json::array();
  for (const vault::SecretName& name : status.unbound) {
    json["unbound"].push_back(name.text());
  }
  if (status.ca_made_s) {
    json["ca"] = {{"not_before", format_time(*status.ca_made_s)},
                  {"not_after", format_time(status.ca_until_s)},
                  {"days_left", (status.ca_until_s - now_s) / kDaySeconds}};
  }
  json["audit"] = {{"folder", status.audit.folder},
                   {"segments", status.audit.segments},
                   {"bytes", status.audit.bytes},
                   {"last_record", status.audit.last_record}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
