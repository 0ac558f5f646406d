// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/options.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/line_output.h"
#include "proxy/cli/argument_mistake.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/command_page.h"
#include "proxy/cli/help_text.h"
#include "proxy/cli/nearest_word.h"
#include "proxy/cli/restoring.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

// "--value=sk-..." -> "--value"; a word that is no option is not shown at all ("").
std::string unknown_option(const std::vector<std::string>& extras) {
  for (const std::string& extra : extras) {
    if (extra.starts_with("--") && extra.size() > 2) {
      return extra.substr(0, extra.find('='));
    }
    if (extra.size() > 1 && extra.front() == '-' && extra != "--") {
      return extra.substr(0, 2);
    }
  }
  return "";
}

Failure extra_word(const CommandPage& page,
                   const std::string& option,
                   const char* stray_word_hint) {
  const std::string see = "see: " + page.name + " --help";
  if (option.empty()) {
    return {Exit::usage,
            "one word too many on the command line " + std::string(kNotShown),
            stray_word_hint == nullptr ? see : stray_word_hint};
  }
  const std::string nearest = nearest_word(option, long_names(page));
  return {Exit::usage,
          "there is no option " + shown_word(option, nearest),
          nearest.empty() ? see : "did you mean: " + page.name + " " + nearest};
}

Failure mistake(const ParseEnd& end, const CommandPage& page, const char* stray_word_hint) {
  const std::string option = unknown_option(end.extra);
  // An option that there is not is also why something else is missing.
  if (end.kind == ParseEnd::Kind::extra_word || !option.empty()) {
    return extra_word(page, option, stray_word_hint);
  }
  return {Exit::usage, without_value(end.said), "see: " + page.name + " --help"};
}

// Every command can say less, and more.
void add_common_options(CommandLine& app) {
  app.set_help_flag("-h,--help", kHelpOption.text);
  for (const CommonOption& option : {kQuietOption, kVerboseOption}) {
    if (!app.has_option(option.name)) {
      app.add_flag(std::string(option.letter) + "," + option.name, option.text);
    }
  }
}

void set_detail(const CommandLine& app) {
  using Detail = base::LineOutput::Detail;
  const bool is_quiet = app.was_given(kQuietOption.name);
  const bool is_verbose = app.was_given(kVerboseOption.name);
  base::standard_error().set_detail(is_quiet     ? Detail::errors
                                    : is_verbose ? Detail::all
                                                 : Detail::usual);
}

}  // namespace

void add_home_option(CommandLine& app, std::string& home) {
  app.add_option("--home",
                 home,
                 "the home folder (default: $KEYSWAP_HOME, or keyswap in $XDG_STATE_HOME or "
                 "~/.local/state)")
      ->type_name("DIR");
}

void add_unlock_options(CommandLine& app, UnlockOptions& unlock) {
  app.add_option("--password-file", unlock.password_file, "read the passphrase from this file")
      ->type_name("FILE");
  app.add_option(
         "--password-fd", unlock.password_fd, "read the passphrase from this file descriptor")
      ->type_name("N")
      ->check(check_descriptor);
  app.add_flag("--keyring",
               unlock.uses_keyring,
               "also look in the kernel's keyring (key type \"user\", name \"keyswap:<home>\")");
}

void add_approval_option(CommandLine& app, ApprovalOptions& approval) {
  app.add_option("--approval-password-file",
                 approval.password_file,
                 "read the passphrase for approvals from this file, where they have their own")
      ->type_name("FILE");
}

std::string check_descriptor(const std::string& text) {
  constexpr std::size_t kDigitsMax = 9;  // an int holds them
  const bool is_number = !text.empty() && text.size() <= kDigitsMax &&
                         text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) {
    return "not a file descriptor";
  }
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  // Asked now: later the number could be that of a file of ours.
  const bool is_open = number <= STDERR_FILENO ? fcntl(number, F_GETFD) >= 0
                                               : fcntl(number, F_SETFD, FD_CLOEXEC) == 0;
  return is_open ? "" : "no open file descriptor";
}

void add_json_option(CommandLine& app, bool& json) {
  app.add_flag("--json", json, "print JSON, for programs");
}

std::optional<int> parse_arguments(CommandLine& app,
                                   const Arguments& arguments,
                                   const char* example,
                                   const char* stray_word_hint) {
  add_common_options(app);
  const CommandPage page = page_of(app, example);
  if (arguments.page != nullptr) {
    *arguments.page = page;
    return static_cast<int>(Exit::done);
  }
  const ParseEnd end = app.parse(arguments);
  if (end.kind == ParseEnd::Kind::help) {
    print(help_text(page));
    return static_cast<int>(Exit::done);
  }
  if (end.kind != ParseEnd::Kind::good) {
    return report(mistake(end, page, stray_word_hint));
  }
  set_detail(app);
  return std::nullopt;
}

std::string environment_variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts; nothing here calls setenv
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Home home_of(const std::string& option) {
  const std::string keyswap_home = environment_variable("KEYSWAP_HOME");
  const std::string xdg_state_home = environment_variable("XDG_STATE_HOME");
  const std::string user_home = environment_variable("HOME");
  return choose_home({option, keyswap_home, xdg_state_home, user_home});
}

Outcome<Home> checked_home_of(const std::string& option) {
  Home home = home_of(option);
  tell_more("the home is " + home.path);
  if (auto problem = check_home(home)) {
    return Failure{Exit::cannot, problem->what, problem->hint};
  }
  if (auto problem = finish_restore(home)) {
    return *std::move(problem);
  }
  return home;
}

}  // namespace keyswap::cli
