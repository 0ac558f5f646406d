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

// A word that could be a command, and hardly anything else: what is typed in the wrong place may be
// a value, and would end up in a log.
bool may_be_shown(std::string_view word) {
  constexpr std::size_t kBytesMax = 16;
  return !word.empty() && word.size() <= kBytesMax &&
         std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

std::vector<std::string> known_words(const CommandGroup& group, bool of_options) {
  if (of_options) {
    return long_names(page_of(group));
  }
  std::vector<std::string> names;
  for (const Command& command : group.commands) {
    names.emplace_back(command.name);
  }
  return names;
}

int unknown_command(const CommandGroup& group, const std::string& word) {
  const bool is_option = word.starts_with('-');
  const std::string nearest = nearest_word(word, known_words(group, is_option));
  const std::string name(group.name);
  const bool is_shown = !nearest.empty() || may_be_shown(word);
  std::string what = is_option ? "there is no option " : "there is no command ";
  what += is_shown ? "'" + word + "'" : "like that (not shown here, in case it is a secret)";
  return report(
      {Exit::usage,
       what + " in '" + name + "'",
       nearest.empty() ? "see: " + name + " --help" : "did you mean: " + name + " " + nearest});
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
    return unknown_command(group, *named);
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
