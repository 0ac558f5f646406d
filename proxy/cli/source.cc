// SPDX-License-Identifier: Apache-2.0
//
// keyswap source list | test | seal | flush
#include <algorithm>
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "proxy/cli/asked_source.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/nearest_word.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/run_online.h"
#include "proxy/cli/source_asking.h"
#include "proxy/cli/source_flushing.h"
#include "proxy/cli/source_inventory.h"
#include "proxy/cli/source_json.h"
#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

struct SourceOptions {
  std::string home;
  UnlockOptions unlock;
  std::string file;
  std::string name;
  std::string secret;
  bool json = false;
};

// --- list ---

std::string told_of_secret(const SourcedSecret& secret) {
  const bool is_renamed = secret.key != secret.name;
  std::string text = secret.name;
  if (is_renamed || !secret.field.empty()) {
    text += " (" + secret.key + (secret.field.empty() ? "" : "#" + secret.field) + ")";
  }
  return readable(text);
}

std::string source_as_text(const NamedSource& source) {
  std::string text = source.id + ": " + source.kind + "\n";
  std::vector<std::vector<std::string>> rows;
  const auto add = [&rows](const char* what, const std::string& value) {
    rows.push_back({what, value});
  };
  if (const std::string where = where_of(source); !where.empty()) {
    add("  where    ", readable(where));
  }
  for (const Opener& opener : source.openers) {
    const std::string which = opener.setting.empty() ? "" : opener.setting + " is in ";
    add("  opened by", which + readable(opener.place));
  }
  std::string secrets;
  for (const SourcedSecret& secret : source.secrets) {
    secrets.append(secrets.empty() ? "" : ", ").append(told_of_secret(secret));
  }
  add("  secrets  ", secrets.empty() ? "none" : secrets);
  if (!source.is_local()) {
    add("  kept for ", cache_of(source.spec->cache));
  }
  return text + format_table(rows);
}

int list(const SourceOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  const std::string file =
      options.file.empty() ? served_bindings(home.value()) : absolute_path(options.file);
  auto loaded = load_bindings(file);
  if (!loaded) {
    return report(loaded.failure());
  }
  const auto sources = sources_of(*loaded.value());
  std::string text;
  for (const NamedSource& source : sources) {
    text.append(text.empty() ? "" : "\n").append(source_as_text(source));
  }
  if (options.json) {
    print_line(sources_json(file, sources));
  } else {
    print(text);
  }
  return static_cast<int>(Exit::done);
}

// --- what is meant by a name ---

// The names of all that have one, and the one that was probably meant.
Failure no_such(const std::string& what,
                const std::string& file,
                const std::string& word,
                const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(word, known);
  return {
      Exit::no,
      file + " has no " + what + " " + shown_word(word, nearest),
      nearest.empty() ? "see what it has: keyswap source list" : "did you mean " + nearest + "?"};
}

Outcome<NamedSource> source_named(const bindings::Bindings& bindings,
                                  const std::string& file,
                                  const std::string& name) {
  std::vector<std::string> known;
  for (NamedSource& source : sources_of(bindings)) {
    if (source.id == name) {
      return std::move(source);
    }
    known.push_back(source.id);
  }
  return no_such("source", file, name, known);
}

// With that secret alone.
Problem narrow(NamedSource& source, const std::string& file, const std::string& secret) {
  std::vector<std::string> known;
  for (const SourcedSecret& one : source.secrets) {
    known.push_back(one.name);
  }
  std::erase_if(source.secrets, [&](const SourcedSecret& one) { return one.name != secret; });
  if (source.secrets.empty()) {
    return no_such("secret of the source " + source.id + " called", file, secret, known);
  }
  return std::nullopt;
}

// --- test ---

void print_seen(const SourceOptions& options, const std::string& file, const SourceSeen& seen) {
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"file", file},
        {"ok", seen.is_well()},
        {"sources", nlohmann::ordered_json::parse(seen_json({seen}))}};
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  if (seen.secrets.empty()) {
    print_long_line("no secret of the bindings comes from " + seen.source.id);
    return;
  }
  print(seen_text({seen}));
  for (const std::string& line : seen_advice({seen})) {
    print_long_line(line);
  }
}

int test(const SourceOptions& options) {
  auto online = Online::open({options.home, options.unlock, options.file});
  if (!online) {
    return report(online.failure());
  }
  Online& opened = *online.value();
  auto source = source_named(opened.bindings(), opened.file(), options.name);
  if (!source) {
    return report(source.failure());
  }
  if (!options.secret.empty()) {
    if (auto problem = narrow(source.value(), opened.file(), options.secret)) {
      return report(*problem);
    }
  }
  const SourceSeen seen = ask_source(opened, source.value());
  print_seen(options, opened.file(), seen);
  if (const auto problem = opened.close()) {
    warn(problem->what, problem->hint);
  }
  return static_cast<int>(seen.is_well() ? Exit::done : Exit::no);
}

// --- seal ---

struct EntrySeen {
  std::string name;
  std::string outcome;
  bool is_well = false;
};

// In the order of their names.
std::vector<EntrySeen> seal_entries(Online& online, const NamedSource& source) {
  std::vector<std::string> names;
  for (const SourcedSecret& secret : source.secrets) {
    names.push_back(secret.key);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<EntrySeen> seen;
  AskedSource asked(online, *source.spec);
  for (const std::string& name : names) {
    const auto outcome = asked.seal_anew({name});
    if (const auto* const failed = std::get_if<vault::Failed>(&outcome)) {
      seen.push_back({name, failed->outcome});
      continue;
    }
    const auto& done = std::get<vault::Done>(outcome);
    seen.push_back(done.values.empty() ? EntrySeen{name, "not_found"}
                                       : EntrySeen{name, done.values.front().version, true});
  }
  return seen;
}

std::string told_of_entry(const EntrySeen& one) {
  return !one.is_well                         ? one.outcome
         : one.outcome == vault::kAsItWasWord ? "sealed already"
                                              : "sealed anew";
}

void print_sealed(const SourceOptions& options, const std::vector<EntrySeen>& seen) {
  if (options.json) {
    nlohmann::ordered_json json = {{"source", options.name}};
    json["entries"] = nlohmann::ordered_json::array();
    for (const EntrySeen& one : seen) {
      json["entries"].push_back(
          {{"name", one.name}, {"ok", one.is_well}, {"outcome", one.outcome}});
    }
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  std::vector<std::vector<std::string>> table = {{"ENTRY", "STATE"}};
  for (const EntrySeen& one : seen) {
    table.push_back({readable(one.name), told_of_entry(one)});
  }
  print(format_table(table));
  for (const EntrySeen& one : seen) {
    if (!one.is_well) {
      print_long_line(readable(one.name) + ": " + advice_on(one.outcome));
    }
  }
}

int seal(const SourceOptions& options) {
  auto online = Online::open({options.home, options.unlock, options.file});
  if (!online) {
    return report(online.failure());
  }
  Online& opened = *online.value();
  auto source = source_named(opened.bindings(), opened.file(), options.name);
  if (!source) {
    return report(source.failure());
  }
  if (source->kind != vault::kSealedKind) {
    return report({Exit::usage,
                   options.name + " is of the type " + source->kind + ", which seals no entries",
                   "only those of the type transit do: keyswap source list"});
  }
  const auto seen = seal_entries(opened, source.value());
  print_sealed(options, seen);
  const bool has_changed = std::ranges::any_of(
      seen, [](const EntrySeen& one) { return one.is_well && one.outcome != vault::kAsItWasWord; });
  // What was sealed before may be opened no more, once Transit forgets the key's older versions.
  // At once: what the proxy writes itself meanwhile, it would never say that it has read.
  Problem unconfirmed;
  if (has_changed) {
    unconfirmed = await_confirmation(opened.home(), opened.vault(), "the entries are sealed anew");
  }
  if (const auto problem = opened.close()) {
    warn(problem->what, problem->hint);
  }
  if (unconfirmed) {
    return report(*unconfirmed);
  }
  return static_cast<int>(std::ranges::all_of(seen, &EntrySeen::is_well) ? Exit::done : Exit::no);
}

// --- flush ---

int flush(const SourceOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  if (!options.name.empty()) {
    const std::string file = served_bindings(home.value());
    auto loaded = load_bindings(file);
    if (!loaded) {
      return report(loaded.failure());
    }
    if (auto source = source_named(*loaded.value(), file, options.name); !source) {
      return report(source.failure());
    }
  }
  auto done = ask_to_flush(home.value(), options.name);
  if (!done) {
    return report(done.failure());
  }
  const std::string whose = options.name.empty() ? "all sources" : options.name;
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"source", options.name}, {"running", done.value()}, {"flushed", done.value()}};
    print_line(json.dump(2));
  } else if (done.value()) {
    print_long_line("the running proxy dropped what it kept of " + whose +
                    ": the next request that needs it fetches anew");
  } else {
    print_long_line("no proxy runs on " + printable(home->path) + ": there is nothing to flush");
  }
  return static_cast<int>(Exit::done);
}

// --- arguments ---

void add_file_option(CommandLine& app, SourceOptions& options) {
  app.add_option("--bindings",
                 options.file,
                 "the file (default: the one that is served, else the home's bindings.yaml)")
      ->type_name("FILE");
}

int run_source_list(const Arguments& arguments) {
  SourceOptions options;
  CommandLine app(
      "Lists the sources of the bindings: what each is, where, what it is opened with (by name), "
      "which\nsecrets come from it, and how long they are kept. Needs no passphrase, and asks no "
      "source.",
      "keyswap source list");
  add_file_option(app, options);
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap source list --json")) {
    return *status;
  }
  return list(options);
}

int run_source_test(const Arguments& arguments) {
  SourceOptions options;
  CommandLine app(
      "Asks a source for its secrets, once, as the proxy would, and says of each whether it is "
      "there or\nwhy not; never the value. `local` is the vault of this machine. What is fetched "
      "is recorded in the\naudit log. Exit status 1 if one is missing.",
      "keyswap source test");
  app.add_option("NAME", options.name, "the source, as `keyswap source list` names it")->required();
  app.add_option("--secret", options.secret, "that secret alone")->type_name("NAME");
  add_file_option(app, options);
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap source test local")) {
    return *status;
  }
  return test(options);
}

int run_source_seal(const Arguments& arguments) {
  SourceOptions options;
  CommandLine app(
      "Seals the entries of a source of the type `transit` as they would be sealed today: those "
      "that are\nnot sealed yet, those that were sealed here while Transit was away, and those of "
      "an older version\nof its key. What is sealed so already stays as it is. Exit status 1 if "
      "one could not be sealed.",
      "keyswap source seal");
  app.add_option("NAME", options.name, "the source, as `keyswap source list` names it")->required();
  add_file_option(app, options);
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap source seal sealed")) {
    return *status;
  }
  return seal(options);
}

int run_source_flush(const Arguments& arguments) {
  SourceOptions options;
  CommandLine app(
      "Lets the running proxy drop what it keeps of a source, or of all of them, and waits until "
      "it did:\nthe next request that needs a secret fetches it anew. Where no proxy runs nothing "
      "is kept.",
      "keyswap source flush");
  app.add_option("NAME", options.name, "the source (default: all)");
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap source flush")) {
    return *status;
  }
  return flush(options);
}

constexpr std::array kCommands = {
    Command{"list", "each source, its secrets, and what opens it", run_source_list},
    Command{"test", "ask a source now: which secrets are there, or why not", run_source_test},
    Command{"seal", "seal a transit source's entries as they would be today", run_source_seal},
    Command{"flush", "let the running proxy fetch anew", run_source_flush},
};

}  // namespace

int run_source(const Arguments& arguments) {
  return dispatch({"keyswap source",
                   "Looks at the sources that secrets come from.\n",
                   "keyswap source list",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
