// SPDX-License-Identifier: Apache-2.0
//
// keyswap caller add | list | remove | rotate: who may come. The vault keeps a digest of each
// token; the token itself is printed once, by add and rotate, and nowhere else.
#include <array>

#include <nlohmann/json.hpp>

#include "proxy/base/bytes.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "vault/caller_token.h"

namespace keyswap::cli {

namespace {

struct CallerOptions {
  std::string home;
  UnlockOptions unlock;
  std::string name;
  bool json = false;
};

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

Failure caller_failure(const base::Error& error, const std::string& name) {
  using base::Errc;
  if (error.code == Errc::already_exists) {
    return {Exit::no,
            "there is a caller " + name + " already",
            "give it a new token with: keyswap caller rotate " + name};
  }
  if (error.code == Errc::not_found) {
    return {Exit::no, "there is no caller " + name, "see: keyswap caller list"};
  }
  return vault_failure(error, "caller " + name);
}

// An open home, and a name that a caller can have.
Outcome<OpenHome> open_for(const CallerOptions& options) {
  if (!vault::is_caller_name(options.name)) {
    return Failure{Exit::usage,
                   "that is no name for a caller (not shown here, in case it is a token)",
                   "use 1 to 64 letters, digits, '_', '.', '-', like ci or agent-2"};
  }
  return open_home(options.home, options.unlock);
}

void show_token(const CallerOptions& options, const std::string& token) {
  if (options.json) {
    print_line(R"({"name":")" + options.name + R"(","token":")" + token + R"("})");
    return;
  }
  print_line(token);
  remark("This is shown once. Whoever has it can use what the bindings allow " + options.name +
         ":\n"
         "  keyswap run --caller " +
         options.name + " -- COMMAND   with the token in $KEYSWAP_CALLER_TOKEN\n" +
         "List it under `callers:` in bindings.yaml. Once there is a list, only those on it may "
         "come: keyswap help callers");
}

// Makes a token, has `keep` store its digest, and shows it.
template <typename Keep>
int give_token(const CallerOptions& options, Keep keep) {
  std::string token = vault::make_caller_token(options.name);
  const auto digest = vault::Secret::copy_of(vault::caller_token_digest(token));
  const base::Status kept = digest ? keep(*digest) : base::Status(digest.error());
  if (kept) {
    show_token(options, token);
  }
  base::wipe(token.data(), token.size());
  return kept ? static_cast<int>(Exit::done) : report(caller_failure(kept.error(), options.name));
}

// A token that was given counts once the running proxy knows it.
int await_good(const CallerOptions& options, OpenHome& opened, int given, const std::string& done) {
  if (given != static_cast<int>(Exit::done)) {
    return given;
  }
  const auto problem = await_confirmation(opened.home, opened.vault, options.name + done);
  return problem ? report(*problem) : given;
}

int add(const CallerOptions& options) {
  auto opened = open_for(options);
  if (!opened) {
    return report(opened.failure());
  }
  return await_good(options,
                    opened.value(),
                    give_token(options,
                               [&](const vault::Secret& digest) {
                                 return opened->vault.add_system(vault::caller_entry(options.name),
                                                                 digest);
                               }),
                    " is added");
}

int rotate(const CallerOptions& options) {
  auto opened = open_for(options);
  if (!opened) {
    return report(opened.failure());
  }
  const std::string entry = vault::caller_entry(options.name);
  if (const auto before = opened->vault.fetch_system(entry); !before) {
    return report(caller_failure(before.error(), options.name));
  }
  return await_good(options,
                    opened.value(),
                    give_token(options,
                               [&](const vault::Secret& digest) {
                                 return opened->vault.put_system(entry, digest);
                               }),
                    " has another token");
}

int remove(const CallerOptions& options) {
  auto opened = open_for(options);
  if (!opened) {
    return report(opened.failure());
  }
  const auto removed = opened->vault.remove_system(vault::caller_entry(options.name));
  if (!removed) {
    return report(caller_failure(removed.error(), options.name));
  }
  if (options.json) {
    print_line(dump({{"name", options.name}, {"deleted", true}}));
  } else {
    print_line("removed " + options.name);
  }
  if (auto problem =
          await_confirmation(opened->home, opened->vault, options.name + " is removed")) {
    return report(*problem);
  }
  return static_cast<int>(Exit::done);
}

int list(const CallerOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  std::vector<std::string> names;
  for (const auto& entry : opened->vault.system_names(vault::kCallerEntryPrefix)) {
    names.push_back(entry.substr(vault::kCallerEntryPrefix.size()));
  }
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const auto& name : names) {
      json.push_back({{"name", name}});
    }
    print_line(dump(json));
    return static_cast<int>(Exit::done);
  }
  if (names.empty()) {
    remark("no callers yet; add one with: keyswap caller add NAME");
  }
  for (const auto& name : names) {
    print_line(name);
  }
  return static_cast<int>(Exit::done);
}

struct Usage {
  const char* about;
  const char* name;
  const char* example;
  bool takes_name;
};

int parse_and(const Usage& usage, const Arguments& arguments, int (*act)(const CallerOptions&)) {
  CallerOptions options;
  CommandLine app(usage.about, usage.name);
  if (usage.takes_name) {
    app.add_option("NAME", options.name, "the caller's name, as in bindings.yaml")->required();
  }
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, usage.example)) {
    return *status;
  }
  return act(options);
}

int run_add(const Arguments& arguments) {
  return parse_and(
      {"Adds a caller and prints its token, once. The vault keeps only a digest of it. Exit status "
       "1\nif a running proxy does not confirm that it knows it.",
       "keyswap caller add",
       "keyswap caller add ci\n"
       "  keyswap caller add agent-2 --json",
       true},
      arguments,
      add);
}

int run_list(const Arguments& arguments) {
  return parse_and({"Lists the callers' names; a token is never shown again.",
                    "keyswap caller list",
                    "keyswap caller list --json",
                    false},
                   arguments,
                   list);
}

int run_remove(const Arguments& arguments) {
  return parse_and(
      {"Removes a caller; its requests are refused from then on. Exit status 1 if a running\n"
       "proxy does not confirm that.",
       "keyswap caller remove",
       "keyswap caller remove ci",
       true},
      arguments,
      remove);
}

int run_rotate(const Arguments& arguments) {
  return parse_and({"Gives a caller a new token and prints it, once. The old one is good no more.",
                    "keyswap caller rotate",
                    "keyswap caller rotate ci",
                    true},
                   arguments,
                   rotate);
}

constexpr std::array kCommands = {
    Command{"add", "add a caller and print its token, once", run_add},
    Command{"list", "the callers' names; never a token", run_list},
    Command{"remove", "remove a caller", run_remove},
    Command{"rotate", "give a caller a new token", run_rotate},
};

}  // namespace

int run_caller(const Arguments& arguments) {
  return dispatch(
      {"keyswap caller",
       "Adds, lists, removes and rotates callers: the programs that may use the proxy.\n",
       "keyswap caller add ci",
       kCommands},
      arguments);
}

}  // namespace keyswap::cli
