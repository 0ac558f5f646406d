// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command_page.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

// "a, b or c"
std::string joined_choices(const std::vector<std::string>& choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const bool is_last = i + 1 == choices.size();
    text += (i == 0 ? "" : is_last ? " or " : ", ") + choices[i];
  }
  return text;
}

bool names_all(std::string_view text, const std::vector<std::string>& choices) {
  return std::ranges::all_of(choices, [text](const std::string& choice) {
    return text.find(choice) != std::string_view::npos;
  });
}

// The description, and what it leaves out: the choices, and the default.
std::string full_text(const OptionFacts& facts) {
  std::string text = facts.text;
  std::ranges::replace(text, '\n', ' ');
  if (!facts.choices.empty() && !names_all(text, facts.choices)) {
    text += ": " + joined_choices(facts.choices);
  }
  if (!facts.usual.empty() && text.find("default") == std::string::npos) {
    text += " (default: " + facts.usual + ")";
  }
  return text;
}

OptionText describe(const OptionFacts& facts) {
  const bool has_value = !facts.is_word && !facts.is_flag;
  return {facts.name,
          facts.letter,
          has_value ? facts.value : "",
          full_text(facts),
          facts.choices,
          facts.is_required};
}

std::string usage_of(const CommandPage& page) {
  std::string usage = page.name + " [options]";
  for (const auto& option : page.options) {
    usage += option.is_required ? " " + option.name + " " + option.value : "";
  }
  for (const auto& word : page.words) {
    usage += word.is_required ? " " + word.name : " [" + word.name + "]";
  }
  return usage;
}

std::vector<std::string> example_lines(std::string_view example) {
  std::vector<std::string> lines;
  for (const std::string_view line : lines_of(example)) {
    lines.emplace_back(line.substr(std::min(line.find_first_not_of(' '), line.size())));
  }
  return lines;
}

// Of a group: it hands the latter two on to its command.
std::vector<OptionText> common_options(bool is_program) {
  std::vector<OptionText> options;
  for (const CommonOption& common : {kHelpOption, kQuietOption, kVerboseOption}) {
    options.push_back({common.name, common.letter, "", common.text, {}, false});
  }
  if (is_program) {
    options.push_back({"--version", "-V", "", "which version this is", {}, false});
  }
  return options;
}

}  // namespace

CommandPage page_of(const CommandLine& app, const char* example) {
  CommandPage page;
  page.name = app.name();
  page.about = app.about();
  page.examples = example_lines(example);
  for (const OptionFacts& facts : app.options()) {
    (facts.is_word ? page.words : page.options).push_back(describe(facts));
  }
  page.usage = usage_of(page);
  if (page.about.starts_with(page.name + " ")) {
    const std::size_t end = std::min(page.about.find('\n'), page.about.size());
    page.usage = page.about.substr(0, end);
    page.about.erase(0, std::min(page.about.find_first_not_of('\n', end), page.about.size()));
  }
  return page;
}

CommandPage page_of(const CommandGroup& group) {
  CommandPage page;
  page.name = group.name;
  page.about = group.about;
  page.usage = page.name + " COMMAND [options]";
  page.options = common_options(page.name.find(' ') == std::string::npos);
  page.examples = example_lines(group.example);
  for (const Command& command : group.commands) {
    CommandPage own;
    Arguments asked;
    asked.page = &own;
    static_cast<void>(command.run(asked));
    own.name = page.name + " " + std::string(command.name);
    own.summary = command.help;
    page.commands.push_back(std::move(own));
  }
  return page;
}

std::vector<std::string> long_names(const CommandPage& page) {
  std::vector<std::string> names;
  for (const auto& option : page.options) {
    if (option.name.starts_with("--")) {
      names.push_back(option.name);
    }
  }
  return names;
}

std::string word_of(const CommandPage& page) {
  return page.name.substr(page.name.rfind(' ') + 1);
}

}  // namespace keyswap::cli
