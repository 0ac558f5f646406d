// SPDX-License-Identifier: Apache-2.0
//
// keyswap secret add | list | remove | rotate (import is in secret_import.cc, the reading of
// private keys in secret_private_key.cc)
#include "proxy/cli/secret.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/entry_home.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/question.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/unbound.h"
#include "proxy/cli/unlock.h"
#include "vault/sources/captured_end.h"

namespace keyswap::cli {

namespace {

using base::bounds::kSecretBytesMax;

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

// When it is over; nothing: it is not known to end. Only what was captured is looked into.
std::optional<std::int64_t> end_of(const vault::Vault& vault, const vault::SecretInfo& info) {
  if (info.kind != vault::EntryKind::text || !vault.has(vault::captured_end_name(info.name))) {
    return std::nullopt;
  }
  const auto value = vault.fetch(info.name, 0);  // no time of use
  const auto end = value ? vault::captured_end_of(vault, info.name, *value)
                         : base::Result<std::optional<std::int64_t>>(std::nullopt);
  return end ? *end : std::nullopt;
}

// What is put in by hand has no end, also if it once came in an answer that said one.
void forget_end(vault::Vault& vault, const vault::SecretName& name) {
  const vault::SecretName end = vault::captured_end_name(name);
  if (vault.has(end) && !vault.remove(end)) {
    remark("the end of what " + name.text() + " was before could not be removed: should the same " +
           "value come again, it may be refused as over");
  }
}

nlohmann::ordered_json to_json(const vault::SecretInfo& info, std::optional<std::int64_t> end_s) {
  nlohmann::ordered_json json;
  json["id"] = info.id;
  json["service"] = info.service;
  json["name"] = info.name.text();
  json["created_at"] = format_time(info.created_at);
  json["last_used_at"] = nullptr;
  if (info.last_used_at) {
    json["last_used_at"] = format_time(*info.last_used_at);
  }
  if (end_s) {
    json["expires_at"] = format_time(*end_s);
  }
  return json;
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A private key signs here, and nobody else seals it.
Outcome<vault::Secret> read_entry(EntryHome& opened,
                                  const vault::SecretName& name,
                                  vault::EntryKind kind,
                                  bool trims) {
  if (kind == vault::EntryKind::private_key) {
    return read_private_key(name.text());
  }
  auto value = read_value(name.text(), trims);
  if (!value) {
    return value.failure();
  }
  return opened.sealed(name, std::move(value).value().to_secret());
}

const vault::SecretInfo* find_info(const std::vector<vault::SecretInfo>& all,
                                   const vault::SecretName& name) {
  const auto found = std::ranges::find(all, name, &vault::SecretInfo::name);
  return found == all.end() ? nullptr : &*found;
}

int tell_change(const vault::Vault& vault,
                const vault::SecretName& name,
                const SecretOptions& options,
                std::string_view verb) {
  const auto all = vault.list();
  const vault::SecretInfo* info = find_info(all, name);
  if (info != nullptr && options.json) {
    print_line(dump(to_json(*info, end_of(vault, *info))));
  } else if (info != nullptr) {
    print_long_line(std::string(verb) + " " + name.text() + " (service " +
                    printable(info->service) + ", id " + info->id + ")");
  }
  return static_cast<int>(Exit::done);
}

int add(const SecretOptions& options) {
  if (!options.provider.empty()) {
    return add_with_provider(options);
  }
  if (options.has_valid_checksum || options.is_dry_run || !options.host.empty() ||
      !options.bindings.empty()) {
    return report({Exit::usage,
                   "--host, --bindings, --valid-checksum and --dry-run go with --provider",
                   "see: keyswap provider list"});
  }
  auto name = parse_secret_name(options.name);
  if (!name) {
    return report(name.failure());
  }
  if (options.is_private_key && !options.service.empty()) {
    return report({Exit::usage,
                   "--service is for texts; a private key's service is private-key",
                   "leave out --service or --private-key"});
  }
  auto opened = EntryHome::open(options.home, options.unlock, name.value());
  if (!opened) {
    return report(opened.failure());
  }
  if (opened->vault().has(name.value())) {
    return report(vault_failure({base::Errc::already_exists, "it is there already"}, name->text()));
  }
  auto secret =
      read_entry(opened.value(),
                 name.value(),
                 options.is_private_key ? vault::EntryKind::private_key : vault::EntryKind::text,
                 options.trims);
  if (!secret) {
    return report(secret.failure());
  }
  const std::string service = options.service.empty() ? name->text() : options.service;
  const auto added = options.is_private_key
                         ? opened->vault().add_private_key(name.value(), secret.value(), now_s())
                         : opened->vault().add(name.value(), service, secret.value(), now_s());
  if (!added) {
    return report(vault_failure(added.error(), name->text()));
  }
  forget_end(opened->vault(), name.value());
  const int told = tell_change(opened->vault(), name.value(), options, "added");
  // What signs has a scheme of its own, which no option of `bindings add` names.
  remark_unbound(
      opened->home(), {name.value()}, options.is_private_key ? "keyswap bindings edit" : "");
  if (auto problem =
          await_confirmation(opened->home(), opened->vault(), name->text() + " is added")) {
    return report(*problem);
  }
  return told;
}

int rotate(const SecretOptions& options) {
  auto name = parse_secret_name(options.name);
  if (!name) {
    return report(name.failure());
  }
  auto opened = EntryHome::open(options.home, options.unlock, name.value());
  if (!opened) {
    return report(opened.failure());
  }
  const auto all = opened->vault().list();
  const vault::SecretInfo* info = find_info(all, name.value());
  if (info == nullptr) {
    return report(vault_failure({base::Errc::not_found, "it is not there"}, name->text()));
  }
  auto secret = read_entry(opened.value(), name.value(), info->kind, options.trims);
  if (!secret) {
    return report(secret.failure());
  }
  const auto rotated =
      info->kind == vault::EntryKind::private_key
          ? opened->vault().rotate_private_key(name.value(), secret.value(), now_s())
          : opened->vault().rotate(name.value(), secret.value(), now_s());
  if (!rotated) {
    return report(vault_failure(rotated.error(), name->text()));
  }
  forget_end(opened->vault(), name.value());
  const int told = tell_change(opened->vault(), name.value(), options, "rotated");
  if (auto problem =
          await_confirmation(opened->home(), opened->vault(), name->text() + " is rotated")) {
    return report(*problem);
  }
  return told;
}

int remove(const SecretOptions& options) {
  auto name = parse_secret_name(options.name);
  if (!name) {
    return report(name.failure());
  }
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  if (const auto removed = opened->vault.remove(name.value()); !removed) {
    return report(vault_failure(removed.error(), name->text()));
  }
  forget_end(opened->vault, name.value());
  if (options.json) {
    print_line(dump({{"name", name->text()}, {"deleted", true}}));
  } else {
    print_long_line("removed " + name->text());
  }
  if (auto problem =
          await_confirmation(opened->home, opened->vault, name->text() + " is removed")) {
    return report(*problem);
  }
  return static_cast<int>(Exit::done);
}

int list(const SecretOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  const auto all = opened->vault.list();
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const auto& info : all) {
      json.push_back(to_json(info, end_of(opened->vault, info)));
    }
    print_line(dump(json));
    return static_cast<int>(Exit::done);
  }
  if (all.empty()) {
    remark("no secrets yet; add one with: keyswap secret add NAME");
    return static_cast<int>(Exit::done);
  }
  constexpr std::size_t kIdShown = 8;  // enough to tell them apart; --json has the whole
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "SERVICE", "CREATED", "LAST USED", "ID", "EXPIRES"}};
  bool has_ends = false;
  for (const auto& info : all) {
    const auto end_s = end_of(opened->vault, info);
    has_ends = has_ends || end_s;
    rows.push_back({info.name.text(),
                    printable(info.service),
                    format_minute(info.created_at),
                    info.last_used_at ? format_minute(*info.last_used_at) : "never",
                    info.id.substr(0, kIdShown),
                    end_s ? format_minute(*end_s) : "-"});
  }
  if (!has_ends) {
    std::ranges::for_each(rows, [](auto& row) { row.pop_back(); });
  }
  print(format_table(rows));
  return static_cast<int>(Exit::done);
}

enum class Takes : unsigned char { nothing, name, name_and_value, name_and_service };

struct Usage {
  const char* about;
  const char* name;
  const char* example;
  Takes takes;
};

void add_provider_options(CommandLine& app, SecretOptions& options) {
  app.add_option("--provider",
                 options.provider,
                 "make a placeholder for it and bind it as that provider's keys are used\n"
                 "(keyswap provider list)")
      ->type_name("NAME");
  app.add_option("--host", options.host, "with --provider: the host, where it differs by customer")
      ->type_name("HOST");
  app.add_option("--bindings", options.bindings, "with --provider: the file to add the binding to")
      ->type_name("FILE");
  add_approval_option(app, options.approval);
  app.add_flag("--yes",
               options.says_yes,
               "with --provider: bind it as a provider file of the home says, without a question");
  app.add_flag("--valid-checksum",
               options.has_valid_checksum,
               "with --provider: a placeholder whose checksum is right, where keys have one");
  app.add_flag("--dry-run",
               options.is_dry_run,
               "with --provider: only show what would be written; asks for no value");
}

int parse_and(const Usage& usage, const Arguments& arguments, int (*act)(const SecretOptions&)) {
  SecretOptions options;
  CommandLine app(usage.about, usage.name);
  if (usage.takes != Takes::nothing) {
    app.add_option("NAME", options.name, "the secret's name, as in bindings.yaml")->required();
  }
  if (usage.takes == Takes::name_and_service) {
    app.add_option("--service", options.service, "what the secret is for (default: its name)")
        ->type_name("TEXT");
    app.add_flag("--private-key",
                 options.is_private_key,
                 "a private key that signs requests and is never sent: PEM, or base64 of its DER");
    add_provider_options(app, options);
  }
  if (usage.takes == Takes::name_and_value || usage.takes == Takes::name_and_service) {
    app.add_flag("--trim", options.trims, "remove blanks at the value's ends, without a question");
  }
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(
          app,
          arguments,
          usage.example,
          "a value never goes on the command line, where every user of this machine can read it: "
          "type it when asked, or give it on standard input")) {
    return *status;
  }
  return act(options);
}

int run_add(const Arguments& arguments) {
  return parse_and(
      {"Adds a secret. Its value is asked for without echo, or read from standard input\n"
       "when that is no terminal (one trailing newline is dropped).",
       "keyswap secret add",
       "keyswap secret add OPENAI_API_KEY\n"
       "  keyswap secret add OPENAI_API_KEY --provider openai\n"
       "  pass show openai | keyswap secret add OPENAI_API_KEY --password-file ~/.keyswap-pw\n"
       "  keyswap secret add TRADING_KEY --private-key < key.pem",
       Takes::name_and_service},
      arguments,
      add);
}

int run_rotate(const Arguments& arguments) {
  return parse_and(
      {"Gives a secret a new value, read like that of `secret add`. Returns when a running proxy "
       "uses it; exit status 1 if it does not say so.",
       "keyswap secret rotate",
       "keyswap secret rotate OPENAI_API_KEY",
       Takes::name_and_value},
      arguments,
      rotate);
}

int run_remove(const Arguments& arguments) {
  return parse_and(
      {"Removes a secret; requests that need it are refused from then on. Exit status 1 if a\n"
       "running proxy does not confirm that.",
       "keyswap secret remove",
       "keyswap secret remove OPENAI_API_KEY",
       Takes::name},
      arguments,
      remove);
}

int run_list(const Arguments& arguments) {
  return parse_and({"Lists the secrets: names and dates, nothing of a value.",
                    "keyswap secret list",
                    "keyswap secret list --json",
                    Takes::nothing},
                   arguments,
                   list);
}

constexpr std::array kCommands = {
    Command{"add", "add a secret (value from a prompt or standard input)", run_add},
    Command{"list", "names, services and dates; never a value", run_list},
    Command{"remove", "remove a secret", run_remove},
    Command{"rotate", "give a secret a new value", run_rotate},
    Command{"import", "add every KEY=VALUE of a .env file", run_secret_import},
};

// Is it the PEM of a private key, of whichever kind? That begins a line, maybe behind others. In
// the midst of one it is a part of other text, as of the JSON that opens a source of Google's.
bool is_private_key_pem(std::string_view value) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  const std::size_t first = value.find_first_not_of(" \t");
  const bool begins_a_line = value.substr(std::min(first, value.size())).starts_with(kBegin) ||
                             value.find("\n-----BEGIN ") != std::string_view::npos;
  return begins_a_line && value.find("PRIVATE KEY-----") != std::string_view::npos;
}

}  // namespace

Problem check_value(const std::string& name, std::string_view value) {
  if (is_private_key_pem(value)) {
    return Failure{Exit::usage,
                   name + ": that is a private key in PEM, and no text that could be sent",
                   "to sign requests with it: keyswap secret add " + name +
                       " --private-key < key.pem; nothing was changed"};
  }
  const std::string bad = describe_bad_value(value);
  if (bad.empty()) {
    return std::nullopt;
  }
  const bool may_be_trimmed = describe_bad_value(without_blanks(value)).empty();
  return Failure{Exit::usage,
                 name + ": " + bad,
                 may_be_trimmed
                     ? "give it without them, or --trim to have them removed; nothing was changed"
                     : "a secret is one line without control characters; nothing was changed"};
}

void take_blanks_off(const std::string& name, LockedText& value, bool trims) {
  const std::string_view kept = without_blanks(value.view());
  if (kept.empty() || kept.size() == value.size) {
    return;
  }
  if (trims || (isatty(STDIN_FILENO) == 1 &&
                ask_yes("The value of " + name + " begins or ends with blanks. Remove them?"))) {
    std::memmove(value.bytes.data(), kept.data(), kept.size());
    value.size = kept.size();
  }
}

Outcome<LockedText> read_value(const std::string& name, bool trims) {
  auto value = isatty(STDIN_FILENO) == 1
                   ? ask_hidden("Value of " + name + " (not shown): ", kSecretBytesMax)
                   : read_locked(STDIN_FILENO, kSecretBytesMax, Newline::drop, "the value");
  if (!value) {
    return value;
  }
  take_blanks_off(name, value.value(), trims);
  if (auto problem = check_value(name, value->view())) {
    return *std::move(problem);
  }
  return value;
}

Outcome<vault::SecretName> parse_secret_name(const std::string& text) {
  auto name = vault::SecretName::parse(text);
  if (!name) {
    return Failure{Exit::usage,
                   "that is no name for a secret (not shown here, in case it is one)",
                   "use 1 to 128 letters, digits, '_', '.', '-', like OPENAI_API_KEY"};
  }
  return std::move(name).value();
}

Outcome<OpenHome> open_home(const std::string& home, const UnlockOptions& unlock) {
  if (auto problem = begin_guarded()) {
    return *std::move(problem);
  }
  auto checked = checked_home_of(home);
  if (!checked) {
    return checked.failure();
  }
  auto vault = open_vault(checked.value(), unlock);
  if (!vault) {
    return vault.failure();
  }
  return OpenHome{std::move(checked).value(), std::move(vault).value()};
}

int do_in_home(const std::string& home,
               const UnlockOptions& unlock,
               const std::function<Problem(OpenHome& opened)>& act) {
  auto opened = open_home(home, unlock);
  const auto problem = opened ? act(opened.value()) : Problem(opened.failure());
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

Failure vault_failure(const base::Error& error, const std::string& name) {
  using base::Errc;
  if (error.code == Errc::already_exists) {
    return {Exit::no,
            "there is a secret " + name + " already",
            "give it a new value with: keyswap secret rotate " + name};
  }
  if (error.code == Errc::not_found) {
    return {Exit::no, "there is no secret " + name, "see: keyswap secret list"};
  }
  if (error.code == Errc::invalid_input) {
    return {Exit::usage, name + ": " + explain(error), "nothing was changed"};
  }
  return {Exit::cannot,
          name + ": " + explain(error),
          error.code == Errc::no_space ? "make room on the disk; nothing was changed"
                                       : "nothing was changed; try again"};
}

int run_secret(const Arguments& arguments) {
  return dispatch({"keyswap secret",
                   "Adds, lists, removes, rotates and imports secrets.\n",
                   "keyswap secret add OPENAI_API_KEY",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
