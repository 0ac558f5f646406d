// SPDX-License-Identifier: Apache-2.0
//
// What may be typed where, as the completion scripts ask for it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/cli/command_page.h"

namespace keyswap::cli {

// What stands behind an option.
enum class ValueKind : unsigned char { none, file, folder, choice, other };

struct OptionValue {
  ValueKind kind = ValueKind::none;
  std::vector<std::string> choices;
};

// Something that may be typed, and what it is for.
struct Described {
  std::string name;
  std::string text;
  OptionValue value;  // of an option
};

struct CommandWords {
  std::string name;  // "keyswap secret add"
  std::vector<Described> words;
  std::vector<Described> options;  // by name and by letter
  bool takes_files = false;        // as its words

  [[nodiscard]] std::vector<std::string> word_names() const;
  [[nodiscard]] std::vector<std::string> option_names() const;
};

struct CompletionWords {
  std::vector<std::string> commands;  // "keyswap secret add": all but the program
  std::vector<CommandWords> each;     // with the program
  // "keyswap env --format" -> its values
  std::map<std::string, std::vector<std::string>> choices;
  // Commands that end in somebody else's command -> their options with a value.
  std::map<std::string, std::vector<std::string>> runners;

  // "keyswap serve --home": where such a value stands.
  [[nodiscard]] std::vector<std::string> values_of(ValueKind kind) const;
};

CompletionWords completion_words(const CommandPage& program);

}  // namespace keyswap::cli
