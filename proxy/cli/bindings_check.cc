// SPDX-License-Identifier: Apache-2.0
//
// keyswap bindings check [FILE]
#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "proxy/base/bounds.h"
#include "proxy/cli/bindings.h"
#include "proxy/cli/check_entries.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/notes_reading.h"
#include "proxy/cli/options.h"
#include "proxy/cli/permit_option.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/run_online.h"
#include "proxy/cli/source_asking.h"
#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

nlohmann::ordered_json to_json(const std::vector<bindings::ConfigIssue>& issues) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& issue : issues) {
    list.push_back({{"line", issue.line},
                    {"column", issue.column},
                    {"text", issue.text},
                    {"hint", issue.hint}});
  }
  return list;
}

struct CheckOptions {
  std::string home;
  std::string file;
  UnlockOptions unlock;
  bool online = false;
  bool json = false;
};

// Asks every source; what is not recorded yet is said.
std::vector<SourceSeen> ask_all(Online& online) {
  std::vector<SourceSeen> seen;
  for (const NamedSource& source : sources_of(online.bindings())) {
    seen.push_back(ask_source(online, source));
  }
  if (const auto problem = online.close()) {
    warn(problem->what, problem->hint);
  }
  return seen;
}

bool are_well(const std::vector<SourceSeen>& seen) {
  return std::ranges::all_of(seen, [](const SourceSeen& one) { return one.is_well(); });
}

// What notes say, where they count; a failure, and nothing, where their source does not give them.
Outcome<std::optional<bindings::MergedNotes>> ask_notes(Online& online) {
  const auto& rule = online.bindings().notes;
  if (!rule) {
    return std::optional<bindings::MergedNotes>();
  }
  const vault::SourceSpec& spec = online.bindings().sources->specs()[rule->spec];
  const auto backend = vault::find_backend_kind(spec.kind)->make(spec);
  const auto outcome = online.run(spec, backend->notes(), base::bounds::kSourceRunMs);
  if (const auto* const failed = std::get_if<vault::Failed>(&outcome)) {
    return Failure{Exit::no,
                   "the source " + spec.id + " gives no notes: " + failed->outcome,
                   advice_on(failed->outcome)};
  }
  const auto salt = read_salt(*rule);
  auto read = salt ? read_notes(online.bindings(), std::get<vault::Done>(outcome), *salt)
                   : base::Result<bindings::MergedNotes>(salt.error());
  if (!read) {
    return Failure{Exit::no,
                   rule->salt_path + " cannot be used: " + explain(read.error()),
                   "it is a file of 32 bytes or more, of mode 0600"};
  }
  return std::optional(std::move(*read));
}

// False: they could not be had.
bool show_notes(Online& online) {
  auto notes = ask_notes(online);
  if (!notes) {
    report(notes.failure());
    return false;
  }
  if (notes.value()) {
    print(notes_text(*notes.value()));
    for (const std::string& line : notes_advice(*notes.value())) {
      print_long_line(printable(line));
    }
  }
  return true;
}

// The file is good, and its warnings are said by the opening.
int check_online(const CheckOptions& options) {
  auto online = Online::open({options.home, options.unlock, options.file});
  if (!online) {
    return report(online.failure());
  }
  print_long_line(printable(options.file) +
                  " is good: " + describe_rules(online.value()->bindings()));
  const bool has_notes = show_notes(*online.value());
  const auto seen = ask_all(*online.value());
  print(seen_text(seen));
  for (const std::string& line : seen_advice(seen)) {
    print_long_line(line);
  }
  return static_cast<int>(has_notes && are_well(seen) ? Exit::done : Exit::no);
}

int check_as_json(const CheckOptions& options, const std::string& own_ca) {
  const std::string& file = options.file;
  auto parsed = read_bindings(file);
  if (!parsed) {
    return report(parsed.failure());
  }
  check_ca_files(parsed.value(), own_ca);
  warn_of_hosts_not_permitted(parsed.value(), own_ca);
  bool is_well = true;
  std::string sources = "[]";
  std::optional<bindings::MergedNotes> notes;
  if (parsed->errors.empty() && options.online) {
    auto online = Online::open({options.home, options.unlock, file});
    if (!online) {
      return report(online.failure());
    }
    auto asked = ask_notes(*online.value());
    if (asked) {
      notes = std::move(asked.value());
    } else {
      report(asked.failure());
    }
    const auto seen = ask_all(*online.value());
    is_well = static_cast<bool>(asked) && are_well(seen);
    sources = seen_json(seen);
  } else if (parsed->errors.empty()) {
    warn_of_entries(home_of(options.home), options.unlock, parsed->bindings);
  }
  nlohmann::ordered_json json;
  json["file"] = file;
  json["ok"] = parsed->errors.empty() && is_well;
  json["secrets"] = count_rules(parsed->bindings, bindings::RuleKind::secret);
  json["custom"] = count_rules(parsed->bindings, bindings::RuleKind::custom);
  json["honeytokens"] = count_rules(parsed->bindings, bindings::RuleKind::honeytoken);
  json["errors"] = to_json(parsed->errors);
  json["warnings"] = to_json(parsed->warnings);
  if (options.online) {
    json["sources"] = nlohmann::ordered_json::parse(sources);
  }
  if (notes) {
    json["notes"] = nlohmann::ordered_json::parse(notes_json(*notes));
  }
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return static_cast<int>(!parsed->errors.empty() ? Exit::usage : is_well ? Exit::done : Exit::no);
}

int check(const CheckOptions& options, const std::string& own_ca) {
  const std::string& file = options.file;
  auto parsed = read_bindings(file);
  if (!parsed) {
    return report(parsed.failure());
  }
  check_ca_files(parsed.value(), own_ca);
  warn_of_hosts_not_permitted(parsed.value(), own_ca);
  if (options.online && parsed->errors.empty()) {
    return check_online(options);
  }
  auto loaded = accept_bindings(file, std::move(parsed).value());
  if (!loaded) {
    return report(loaded.failure());
  }
  warn_of_entries(home_of(options.home), options.unlock, *loaded.value());
  print_long_line(printable(file) + " is good: " + describe_rules(*loaded.value()));
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_bindings_check(const Arguments& arguments) {
  CheckOptions options;
  CommandLine app(
      "Validates a bindings file: every error at once, as FILE:LINE:COLUMN. Exit status 2 if there "
      "is one.\n"
      "Where nobody has to be asked for a passphrase it also looks whether the vault's entries can "
      "do what is wanted of them.\n"
      "With --online it opens the vault, and asks each source once for its secrets; exit status 1 "
      "if one is missing. The file has to be approved then.",
      "keyswap bindings check");
  app.add_option("FILE", options.file, "the file (default: the home's bindings.yaml)");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  app.add_flag("--online", options.online, "ask the sources, too: are all secrets there?");
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap bindings check bindings.yaml")) {
    return *status;
  }
  if (options.file.empty()) {
    options.file = home_of(options.home).bindings();
  }
  constexpr std::size_t kCertificateBytesMax = std::size_t{64} * 1024;
  const auto read = read_file(home_of(options.home).ca(), kCertificateBytesMax);
  const std::string own_ca = read ? *read : "";  // a file can be checked where there is no home
  return options.json ? check_as_json(options, own_ca) : check(options, own_ca);
}

}  // namespace keyswap::cli
