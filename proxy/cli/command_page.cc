// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command_page.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "proxy/cli/command.h"
#include "proxy/cli/options.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

// CLI11 adds what it checks to what the value is called: "KIND:{allowed,pass}", "N:UINT in [1 -
// 9]".
constexpr std::array<std::string_view, 4> kCheckMarks = {
    ":{", ":UINT in ", ":INT in ", ":FLOAT in "};

struct ValueType {
  std::string name;
  std::vector<std::string> choices;
};

std::vector<std::string> split_choices(std::string_view list) {
  std::vector<std::string> choices;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    choices.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return choices;
}

ValueType type_of(const CLI::Option& option) {
  const std::string full = option.get_type_name();
  std::size_t end = full.size();
  for (const std::string_view mark : kCheckMarks) {
    end = std::min(end, full.find(mark));
  }
  ValueType type{full.substr(0, end), {}};
  const std::size_t begin = full.find(":{");
  const std::size_t close = full.find('}', std::min(begin, full.size()));
  if (close != std::string::npos) {
    type.choices = split_choices(std::string_view(full).substr(begin + 2, close - begin - 2));
  }
  return type;
}

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
std::string full_text(const CLI::Option& option, const std::vector<std::string>& choices) {
  std::string text = option.get_description();
  std::ranges::replace(text, '\n', ' ');
  if (!choices.empty() && !names_all(text, choices)) {
    text += ": " + joined_choices(choices);
  }
  const std::string usual = option.get_default_str();
  if (!usual.empty() && text.find("default") == std::string::npos) {
    text += " (default: " + usual + ")";
  }
  return text;
}

OptionText describe(const CLI::Option& option) {
  OptionText described;
  const ValueType type = type_of(option);
  described.choices = type.choices;
  described.text = full_text(option, type.choices);
  described.is_required = option.get_required();
  if (option.get_positional()) {
    described.name = option.get_name(true);
    return described;
  }
  const auto& letters = option.get_snames();
  const auto& names = option.get_lnames();
  described.letter = letters.empty() ? "" : "-" + letters.front();
  described.name = names.empty() ? std::exchange(described.letter, "") : "--" + names.front();
  described.value = option.get_items_expected_max() == 0 ? "" : type.name;
  return described;
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

CommandPage page_of(const CLI::App& app, const char* example) {
  CommandPage page;
  page.name = app.get_name();
  page.about = app.get_description();
  page.examples = example_lines(example);
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? page.words : page.options).push_back(describe(*option));
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
