// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command.h"

#include <algorithm>

#include "ca/crypto_start.h"
#include "proxy/cli/command_page.h"
#include "proxy/cli/help_text.h"
#include "proxy/cli/nearest_word.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

bool is_voice(const std::string& word) {
  return word == "-q" || word == "--quiet" || word == "-v" || word == "--verbose";
}

std::vector<std::string> command_names(const CommandGroup& group) {
  std::vector<std::string> names;
  for (const Command& command : group.commands) {
    names.emplace_back(command.name);
  }
  return names;
}

bool has_option(const CommandPage& page, std::string_view option) {
  return std::ranges::any_of(page.options,
                             [option](const OptionText& known) {
                               return known.name == option || known.letter == option;
                             }) ||
         std::ranges::any_of(page.commands, [option](const CommandPage& command) {
           return has_option(command, option);
         });
}

Failure unknown_option(const CommandGroup& group, std::string_view word) {
  const CommandPage page = page_of(group);
  const std::string option(word.substr(0, word.find('=')));
  if (has_option(page, option)) {
    return {Exit::usage,
            "options stand behind the command, and " + option + " before it",
            "as in: " + page.name + " COMMAND " + option};
  }
  const std::string nearest = nearest_word(option, long_names(page));
  return {Exit::usage,
          "there is no option " + shown_word(option, nearest) + " in '" + page.name + "'",
          nearest.empty() ? "see: " + page.name + " --help"
                          : "did you mean: " + page.name + " " + nearest};
}

Failure unknown_command(const CommandGroup& group, const std::string& word) {
  const std::string nearest = nearest_word(word, command_names(group));
  const std::string name(group.name);
  return {Exit::usage,
          "there is no command " + shown_word(word, nearest) + " in '" + name + "'",
          nearest.empty() ? "see: " + name + " --help" : "did you mean: " + name + " " + nearest};
}

}  // namespace

int dispatch(const CommandGroup& group, const Arguments& arguments) {
  if (arguments.page != nullptr) {
    *arguments.page = page_of(group);
    return static_cast<int>(Exit::done);
  }
  const auto named = std::ranges::find_if_not(arguments, is_voice);
  if (named == arguments.end()) {
    return report({Exit::usage, "which command?", "see: " + std::string(group.name) + " --help"});
  }
  const auto* const end = group.commands.data() + group.commands.size();
  const auto* const found =
      std::ranges::find(group.commands.data(), end, std::string_view(*named), &Command::name);
  if (found == end && (*named == "--help" || *named == "-h" || *named == "help")) {
    print(help_text(page_of(group)));
    return static_cast<int>(Exit::done);
  }
  if (found == end) {
    return report(named->starts_with('-') ? unknown_option(group, *named)
                                          : unknown_command(group, *named));
  }
  // Whatever $OPENSSL_CONF names could load code into a process that is to hold secrets.
  if (const auto started = ca::ignore_crypto_configuration(); !started) {
    return report({Exit::cannot, explain(started.error()), "check the installation of OpenSSL"});
  }
  Arguments rest(arguments.begin(), named);
  rest.insert(rest.end(), named + 1, arguments.end());
  const int status = found->run(rest);
  if (!flush_output() && status == static_cast<int>(Exit::done)) {
    return report({Exit::cannot, "the answer could not be written", "check what stdout leads to"});
  }
  return status;
}

}  // namespace keyswap::cli
