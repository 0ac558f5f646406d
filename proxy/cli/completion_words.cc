// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/completion_words.h"

namespace keyswap::cli {

namespace {

using Words = std::vector<std::string>;

OptionValue value_of(const OptionText& option) {
  if (!option.choices.empty()) {
    return {ValueKind::choice, option.choices};
  }
  if (option.value.empty()) {
    return {};
  }
  const bool is_file = option.value == "FILE";
  const bool is_folder = option.value == "DIR";
  return {is_file ? ValueKind::file : is_folder ? ValueKind::folder : ValueKind::other, {}};
}

Words names_of(const std::vector<Described>& entries) {
  Words names;
  for (const auto& entry : entries) {
    names.push_back(entry.name);
  }
  return names;
}

CommandWords words_of(const CommandPage& page) {
  CommandWords words;
  words.name = page.name;
  for (const auto& command : page.commands) {
    words.words.push_back({word_of(command), command.summary, {}});
  }
  for (const auto& word : page.words) {
    for (const auto& choice : word.choices) {
      words.words.push_back({choice, "", {}});
    }
    words.takes_files = words.takes_files || word.name == "FILE" || word.name == "DIR";
  }
  for (const auto& option : page.options) {
    for (const auto& name : {option.name, option.letter}) {
      if (!name.empty()) {
        words.options.push_back({name, option.text, value_of(option)});
      }
    }
  }
  return words;
}

// The usage of such a command ends with the words of another one.
bool runs_another(const CommandPage& page) {
  return page.usage.find(" CMD") != std::string::npos;
}

void collect(const CommandPage& page, CompletionWords& all) {
  all.each.push_back(words_of(page));
  const CommandWords own = all.each.back();
  Words valued;
  for (const auto& option : own.options) {
    if (option.value.kind == ValueKind::choice) {
      all.choices[page.name + " " + option.name] = option.value.choices;
    }
    if (option.value.kind != ValueKind::none) {
      valued.push_back(option.name);
    }
  }
  if (runs_another(page)) {
    all.runners[page.name] = valued;
  }
  for (const auto& command : page.commands) {
    all.commands.push_back(command.name);
    collect(command, all);
  }
}

}  // namespace

Words CommandWords::word_names() const {
  return names_of(words);
}

Words CommandWords::option_names() const {
  return names_of(options);
}

Words CompletionWords::values_of(ValueKind kind) const {
  Words places;
  for (const auto& command : each) {
    for (const auto& option : command.options) {
      if (option.value.kind == kind) {
        places.push_back(command.name + " " + option.name);
      }
    }
  }
  return places;
}

CompletionWords completion_words(const CommandPage& program) {
  CompletionWords all;
  collect(program, all);
  return all;
}

}  // namespace keyswap::cli
