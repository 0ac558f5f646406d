// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit verify
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "audit/segment.h"
#include "audit/verify.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/files.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/options.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kHeadBytesMax = 1024;

struct VerifyOptions {
  LogOptions log;
  std::string key_hex;
  std::string head_file;
  UnlockOptions unlock;
  bool with_vault = false;
};

// What the log is held against besides its key, and where that comes from ("" nothing).
struct KnownHead {
  std::optional<audit::Head> head;
  std::string source;
};

Outcome<KnownHead> head_of_file(const std::string& path) {
  auto text = read_file(path, kHeadBytesMax);
  if (!text) {
    return Failure{Exit::cannot,
                   "cannot read the head " + path + ": " + explain(text.error()),
                   "write one with: keyswap audit head > FILE"};
  }
  while (!text->empty() && text->back() == '\n') {
    text->pop_back();
  }
  const auto head = audit::parse_head_line(*text);
  if (!head) {
    return Failure{Exit::usage,
                   path + " holds no head of an audit log",
                   "write one with: keyswap audit head > FILE"};
  }
  return KnownHead{head, "file"};
}

// The vault is opened where that needs no question, or when it is asked for. A folder that is named
// may be a copy, which the vault knows nothing of.
Outcome<KnownHead> head_of_vault(const VerifyOptions& options, const std::string& folder) {
  auto home = checked_home_of(options.log.home);
  if (!options.log.folder.empty() || !home ||
      (!options.with_vault && needs_prompt(home.value(), options.unlock))) {
    return KnownHead();
  }
  auto opened = open_home(options.log.home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  const auto kept = kept_head(opened->home, folder, opened->vault);
  if (!kept) {
    return Failure{Exit::cannot,
                   "the vault's head of the audit log cannot be read: " + explain(kept.error()),
                   "put back a backup of vault.db"};
  }
  return *kept ? KnownHead{*kept, "vault"} : KnownHead();
}

bool is_empty_log(const std::string& folder) {
  const auto segments = audit::list_segments(folder);
  return segments && segments->newest == 0;
}

void print_json(const audit::Verdict& verdict, const KnownHead& known) {
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
  json["held_against"] = nullptr;
  if (!known.source.empty()) {
    json["held_against"] = known.source;
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

int print_intact(const audit::Verdict& verdict, const KnownHead& known) {
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
  if (known.head) {
    print_line("  it goes on from the head in the " + known.source + ", record " +
               std::to_string(known.head->seq));
  } else {
    print_line(
        "  not held against a head: that nothing was cut off its end shows with --with-vault, or "
        "--head FILE");
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

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

int report_unread(const std::string& folder, const base::Error& error) {
  if (error.code == base::Errc::not_found && is_empty_log(folder)) {
    return report({Exit::cannot,
                   "there is no audit log yet in " + folder,
                   "it begins when a proxy first runs: keyswap serve"});
  }
  return report({Exit::cannot,
                 "the audit log cannot be read: " + explain(error),
                 "check the folder " + folder});
}

namespace {

int verify(const VerifyOptions& options) {
  auto key = parse_public_key(options.key_hex);
  if (!key) {
    return report(key.failure());
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return report(folder.failure());
  }
  auto known = options.head_file.empty() ? head_of_vault(options, folder.value())
                                         : head_of_file(options.head_file);
  if (!known) {
    return report(known.failure());
  }
  const auto verdict = audit::verify(folder.value(), {key.value(), known->head});
  if (!verdict) {
    return report_unread(folder.value(), verdict.error());
  }
  if (options.log.json) {
    print_json(*verdict, known.value());
    return static_cast<int>(verdict->is_intact ? Exit::done : Exit::no);
  }
  return verdict->is_intact ? print_intact(*verdict, known.value())
                            : report_broken(folder.value(), *verdict);
}

}  // namespace

int run_audit_verify(const Arguments& arguments) {
  VerifyOptions options;
  CLI::App app(
      "Checks the whole audit log: hash chain, numbers, signed checkpoints; and that it goes on "
      "from\n"
      "the head that the vault keeps, where the vault opens without a question, or the one in a\n"
      "file. Exit status 0 if it is intact, 1 if not (the first bad record is named), 3 if it "
      "cannot\n"
      "be read.",
      "keyswap audit verify");
  add_log_options(app, options.log);
  add_public_key_option(app, options.key_hex);
  app.add_option("--head", options.head_file, "a head that was kept elsewhere (keyswap audit head)")
      ->type_name("FILE");
  app.add_flag("--with-vault", options.with_vault, "ask for the passphrase, where it is not given");
  add_unlock_options(app, options.unlock);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit verify --json")) {
    return *status;
  }
  return verify(options);
}

}  // namespace keyswap::cli
