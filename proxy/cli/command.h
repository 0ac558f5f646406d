// SPDX-License-Identifier: Apache-2.0
//
// A command is a name, a line of help and a function; the tables of them are in proxy/main.cc and,
// for `secret`, `source`, `provider`, `caller`, `bindings`, `audit`, `limits`, `approve` and `ca`,
// in those commands' files.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

struct CommandPage;

// What follows the command's name. Where there is a `page`, nothing is run: the command writes
// there what it says of itself (proxy/cli/command_page.h).
struct Arguments : std::vector<std::string> {
  using std::vector<std::string>::vector;

  CommandPage* page = nullptr;
};

struct Command {
  std::string_view name;
  std::string_view help;  // one line
  int (*run)(const Arguments& arguments);
};

struct CommandGroup {
  std::string_view name;  // "keyswap secret"
  std::string_view about;
  std::string_view example;
  std::span<const Command> commands;
};

// Runs the command that arguments[0] names with the rest; gives its exit status. Answers --help
// itself, and hands -q and -v on to the command.
int dispatch(const CommandGroup& group, const Arguments& arguments);

// What tells of the commands themselves; `program` is the group of all.
int run_help(const CommandGroup& program, const Arguments& arguments);
int run_version(const Arguments& arguments);
int run_completion(const CommandGroup& program, const Arguments& arguments);
int run_man(const CommandGroup& program, const Arguments& arguments);
int run_pages(const CommandGroup& program, const Arguments& arguments);

int run_demo(const Arguments& arguments);
int run_init(const Arguments& arguments);
int run_secret(const Arguments& arguments);
int run_provider(const Arguments& arguments);
int run_caller(const Arguments& arguments);
int run_serve(const Arguments& arguments);
int run_run(const Arguments& arguments);
int run_env(const Arguments& arguments);
int run_bindings(const Arguments& arguments);
int run_audit(const Arguments& arguments);
int run_limits(const Arguments& arguments);
int run_manage(const Arguments& arguments);
int run_approve(const Arguments& arguments);
int run_ui(const Arguments& arguments);
int run_ca(const Arguments& arguments);
int run_doctor(const Arguments& arguments);
int run_passwd(const Arguments& arguments);
int run_backup(const Arguments& arguments);
int run_restore(const Arguments& arguments);
int run_status(const Arguments& arguments);
int run_reload(const Arguments& arguments);
int run_import(const Arguments& arguments);
int run_login(const Arguments& arguments);
int run_source(const Arguments& arguments);

}  // namespace keyswap::cli
