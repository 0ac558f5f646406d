// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit verify
#include <algorithm>

#include "audit/segment.h"
#include "audit/verify.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_verdict.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/known_log.h"
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

// What is known of the log from elsewhere than its folder.
struct Known {
  std::string folder;
  std::optional<PublicKey> key;  // nothing: the one beside the log
  std::optional<audit::Head> head;
  std::string source;  // of the head; "": there is none
};

Outcome<audit::Head> head_of_file(const std::string& path) {
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
  return *head;
}

// The vault is opened where that needs no question, or when it is asked for. A folder that is named
// may be a copy, which the vault knows nothing of.
bool asks_the_vault(const VerifyOptions& options) {
  if (options.with_vault || !options.head_file.empty() || !options.log.folder.empty()) {
    return options.with_vault;
  }
  auto home = checked_home_of(options.log.home);
  return home && !needs_prompt(home.value(), options.unlock);
}

// I7: by the vault alone. Who can write the home may have put another key beside the log, or
// another path into bindings.yaml.
Outcome<Known> known_of_vault(const VerifyOptions& options) {
  auto opened = open_home(options.log.home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  auto log = known_log(opened->home, opened->vault, options.log.folder);
  if (!log) {
    return log.failure();
  }
  if (options.with_vault && !log->head) {
    return Failure{Exit::no,
                   "the vault keeps no head of an audit log in " + log->folder,
                   "no proxy wrote one there; name the folder that one wrote: audit.path"};
  }
  return Known{log->folder, log->public_key, log->head, log->head ? "vault" : ""};
}

Outcome<Known> what_is_known(const VerifyOptions& options) {
  if (asks_the_vault(options)) {
    return known_of_vault(options);
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return folder.failure();
  }
  Known known{std::move(folder).value(), std::nullopt, std::nullopt, ""};
  if (!options.head_file.empty()) {
    auto head = head_of_file(options.head_file);
    if (!head) {
      return head.failure();
    }
    known.head = head.value();
    known.source = "file";
  }
  return known;
}

bool is_empty_log(const std::string& folder) {
  const auto segments = audit::list_segments(folder);
  return segments && segments->newest == 0;
}

// The newest of them: "…, 4 to 7, 12 to 19".
std::string places_of(const std::vector<audit::UnsignedFound>& found) {
  constexpr std::size_t kPlacesShown = 4;
  const std::size_t first = found.size() - std::min(found.size(), kPlacesShown);
  std::string text = first > 0 ? "..." : "";
  for (std::size_t i = first; i < found.size(); ++i) {
    text += (text.empty() ? "" : ", ") + std::to_string(found[i].first_seq) + " to " +
            std::to_string(found[i].last_seq);
  }
  return text;
}

int print_intact(const audit::Verdict& verdict, const Known& known) {
  print_long_line("intact: " + std::to_string(verdict.records) + " records, the last is " +
                  std::to_string(verdict.last_seq) + "; " + std::to_string(verdict.checkpoints) +
                  " signed checkpoints, the last covers record " +
                  std::to_string(verdict.last_checkpoint_seq));
  if (verdict.archived_seq > 0) {
    print_long_line("  it begins behind record " + std::to_string(verdict.archived_seq) +
                    ": what came before was archived, as the vault's key signed");
  }
  if (verdict.torn_bytes > 0) {
    print_long_line("  the last line is unfinished (" + std::to_string(verdict.torn_bytes) +
                    " bytes): being written now, or cut by a crash");
  }
  if (verdict.unfinished > 0) {
    print_long_line(
        "  " + std::to_string(verdict.unfinished) +
        " requests were sent and have no end: under way now, or of unknown outcome after a crash");
  }
  if (verdict.unsigned_records > 0) {
    print_long_line("  " + std::to_string(verdict.unsigned_records) +
                    " records were not signed when keyswap opened the log (" +
                    places_of(verdict.unsigned_found) +
                    "): a kill or a power cut leaves the last tenth of a second's, and whoever can "
                    "write the folder can add some");
  }
  if (known.head) {
    print_long_line("  it goes on from the head in the " + known.source + ", record " +
                    std::to_string(known.head->seq));
  } else {
    print_long_line(
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

Failure unread_log(const std::string& folder, const base::Error& error) {
  if (error.code == base::Errc::not_found && is_empty_log(folder)) {
    return {Exit::cannot,
            "there is no audit log yet in " + folder,
            "it begins when a proxy first runs: keyswap serve"};
  }
  if (error.code == base::Errc::unavailable) {
    return {Exit::cannot, "the audit log was not judged: " + explain(error), "try it again"};
  }
  return {Exit::cannot,
          "the audit log cannot be read: " + explain(error),
          "check the folder " + folder};
}

namespace {

int verify(const VerifyOptions& options) {
  auto key = parse_public_key(options.key_hex);
  if (!key) {
    return report(key.failure());
  }
  auto known = what_is_known(options);
  if (!known) {
    return report(known.failure());
  }
  const std::string& folder = known->folder;
  const auto verdict = audit::verify(folder, {key.value() ? key.value() : known->key, known->head});
  if (!verdict) {
    return report(unread_log(folder, verdict.error()));
  }
  if (verdict->is_intact && known->source == "file" && known->head->seq < verdict->archived_seq) {
    return report({Exit::cannot,
                   "record " + std::to_string(known->head->seq) + ", which the head in " +
                       options.head_file + " names, was archived",
                   "hold the archive against it: keyswap audit verify --folder DIR --head FILE"});
  }
  if (options.log.json) {
    print_line(verdict_json(*verdict, known->source));
    return static_cast<int>(verdict->is_intact ? Exit::done : Exit::no);
  }
  return verdict->is_intact ? print_intact(*verdict, known.value())
                            : report_broken(folder, *verdict);
}

}  // namespace

int run_audit_verify(const Arguments& arguments) {
  VerifyOptions options;
  CommandLine app(
      "Checks the whole audit log: hash chain, numbers, signed checkpoints; and that it goes on "
      "from\n"
      "the head that the vault keeps, where the vault opens without a question, or the one in a\n"
      "file. Exit status 0 if it is intact, 1 if not (the first bad record is named), 3 if it "
      "cannot\n"
      "be read.",
      "keyswap audit verify");
  add_log_options(app, options.log);
  add_public_key_option(app, options.key_hex);
  auto* const head =
      app.add_option(
             "--head", options.head_file, "a head that was kept elsewhere (keyswap audit head)")
          ->type_name("FILE");
  app.add_flag("--with-vault",
               options.with_vault,
               "by what the vault knows, or exit status 1; asks for the passphrase")
      ->excludes(head);
  add_unlock_options(app, options.unlock);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit verify --json")) {
    return *status;
  }
  return verify(options);
}

}  // namespace keyswap::cli
