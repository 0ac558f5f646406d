// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit verify
#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "audit/segment.h"
#include "audit/verify.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using PublicKey = std::array<std::uint8_t, 32>;

Outcome<std::optional<PublicKey>> parse_key(const std::string& hex) {
  if (hex.empty()) {
    return std::optional<PublicKey>();
  }
  const auto bytes = base::from_hex(hex);
  PublicKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return Failure{Exit::usage,
                   "--public-key wants 64 hexadecimal digits",
                   "the key stands in the log's start records and in audit.pub"};
  }
  std::ranges::transform(*bytes, key.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return std::optional<PublicKey>(key);
}

bool is_empty_log(const std::string& folder) {
  const auto segments = audit::list_segments(folder);
  return segments && segments->newest == 0;
}

void print_json(const audit::Verdict& verdict) {
  nlohmann::ordered_json json;
  json["intact"] = verdict.is_intact;
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
  if (!verdict.is_intact) {
    json["file"] = verdict.file;
    json["line"] = verdict.line;
    json["seq"] = nullptr;
    if (verdict.seq) {
      json["seq"] = *verdict.seq;
    }
    json["problem"] = verdict.problem.text();
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

int print_intact(const audit::Verdict& verdict) {
  print_line("intact: " + std::to_string(verdict.records) + " records, the last is " +
             std::to_string(verdict.last_seq) + "; " + std::to_string(verdict.checkpoints) +
             " signed checkpoints, the last covers record " +
             std::to_string(verdict.last_checkpoint_seq));
  if (verdict.torn_bytes > 0) {
    print_line("  the last line is unfinished (" + std::to_string(verdict.torn_bytes) +
               " bytes): being written now, or cut by a crash");
  }
  if (verdict.unfinished > 0) {
    print_line(
        "  " + std::to_string(verdict.unfinished) +
        " requests were sent and have no end: under way now, or of unknown outcome after a crash");
  }
  return static_cast<int>(Exit::done);
}

int report_broken(const std::string& folder, const audit::Verdict& verdict) {
  std::string place = folder + "/" + verdict.file;
  if (verdict.line > 0) {
    place += ":" + std::to_string(verdict.line);
  }
  if (verdict.seq) {
    place += " (record " + std::to_string(*verdict.seq) + ")";
  }
  return report(
      {Exit::no,
       "not intact at " + place + ": " + verdict.problem.text(),
       "what comes before it is good; keep the folder as it is and find out who changed it"});
}

int verify(const LogOptions& options, const std::string& key_hex) {
  auto key = parse_key(key_hex);
  if (!key) {
    return report(key.failure());
  }
  auto folder = log_folder(options);
  if (!folder) {
    return report(folder.failure());
  }
  const auto verdict = audit::verify(folder.value(), key.value());
  if (!verdict) {
    if (verdict.error().code == base::Errc::not_found && is_empty_log(folder.value())) {
      return report({Exit::cannot,
                     "there is no audit log yet in " + folder.value(),
                     "it begins when a proxy first runs: keyswap serve"});
    }
    return report({Exit::cannot,
                   "the audit log cannot be read: " + explain(verdict.error()),
                   "check the folder " + folder.value()});
  }
  if (options.json) {
    print_json(*verdict);
    return static_cast<int>(verdict->is_intact ? Exit::done : Exit::no);
  }
  return verdict->is_intact ? print_intact(*verdict) : report_broken(folder.value(), *verdict);
}

}  // namespace

int run_audit_verify(const Arguments& arguments) {
  LogOptions options;
  std::string key_hex;
  CLI::App app(
      "Checks the whole audit log: hash chain, numbers, signed checkpoints. Exit status 0 if it "
      "is\n"
      "intact, 1 if not (the first bad record is named), 3 if it cannot be read.",
      "keyswap audit verify");
  add_log_options(app, options);
  app.add_option("--public-key",
                 key_hex,
                 "the key to trust, from elsewhere (default: the folder's audit.pub)")
      ->type_name("HEX");
  if (const auto status = parse_arguments(app, arguments, "keyswap audit verify --json")) {
    return *status;
  }
  return verify(options, key_hex);
}

}  // namespace keyswap::cli
