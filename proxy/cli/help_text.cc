// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/help_text.h"

#include <algorithm>

#include "proxy/cli/help_topics.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kIndent = 2;
// What an option does begins here, or in the next line where its name is longer.
constexpr std::size_t kTextColumn = 26;

std::string entry(const std::string& head, std::string_view text, std::size_t text_column) {
  std::string shown = std::string(kIndent, ' ') + head;
  const bool fits = columns_of(shown) + 2 <= text_column;
  shown += fits ? std::string(text_column - columns_of(shown), ' ') : "\n";
  bool is_first = fits;
  for (const auto& line : wrap_words(text, kColumns - text_column)) {
    shown += (is_first ? "" : std::string(text_column, ' ')) + line + "\n";
    is_first = false;
  }
  return shown;
}

std::string options_part(std::string_view title, const std::vector<OptionText>& options) {
  std::string part;
  for (const auto& option : options) {
    part += entry(option_head(option), option.text, kTextColumn);
  }
  return part.empty() ? "" : "\n" + std::string(title) + "\n" + part;
}

std::string commands_part(const std::vector<CommandPage>& commands) {
  std::size_t longest = 0;
  for (const auto& command : commands) {
    longest = std::max(longest, word_of(command).size());
  }
  std::string part;
  for (const auto& command : commands) {
    part += entry(word_of(command), command.summary, kIndent + longest + 2);
  }
  return part.empty() ? "" : "\nCommands:\n" + part;
}

std::string usage_part(const std::string& usage) {
  constexpr std::string_view kTitle = "Usage: ";
  std::string part = "\n";
  bool is_first = true;
  for (const auto& line : wrap_words(usage, kColumns - kTitle.size())) {
    part += (is_first ? std::string(kTitle) : std::string(kTitle.size(), ' ')) + line + "\n";
    is_first = false;
  }
  return part;
}

std::string topics_part() {
  std::string names = "Topics (keyswap help TOPIC):";
  for (const HelpTopic& topic : help_topics()) {
    names += " " + std::string(topic.name);
  }
  return "\n" + wrap_paragraphs(names, kColumns);
}

std::string examples_part(const std::vector<std::string>& examples) {
  std::string part;
  for (const auto& example : examples) {
    for (const auto& line : wrap_shell_line(example, kColumns - kIndent)) {
      part += std::string(kIndent, ' ') + line + "\n";
    }
  }
  const char* title = examples.size() > 1 ? "\nExamples:\n" : "\nExample:\n";
  return part.empty() ? "" : title + part;
}

}  // namespace

std::string option_head(const OptionText& option) {
  return (option.letter.empty() ? "" : option.letter + ", ") + option.name +
         (option.value.empty() ? "" : " " + option.value);
}

std::string help_text(const CommandPage& page) {
  std::string text = wrap_paragraphs(page.about, kColumns);
  text += usage_part(page.usage);
  text += commands_part(page.commands);
  text += options_part("Arguments:", page.words);
  text += options_part("Options:", page.options);
  text += examples_part(page.examples);
  if (page.name.find(' ') == std::string::npos) {
    text += topics_part();
  }
  if (!page.commands.empty()) {
    text += "\n'" + page.name + " COMMAND --help' tells more of a command.\n";
  }
  return text;
}

}  // namespace keyswap::cli
