// SPDX-License-Identifier: Apache-2.0
//
// What a command says of itself: the one source of its --help (proxy/cli/help_text.h), of its man
// page (man_page.h) and of what shells complete (completion.h). It is read off the options that the
// command parses, so it says what the command does.
#pragma once

#include <string>
#include <vector>

namespace keyswap::cli {

class CommandLine;

struct CommandGroup;

// An option, or a word that stands by itself ("NAME").
struct OptionText {
  std::string name;                  // "--home", or "NAME"
  std::string letter;                // "-o", or ""
  std::string value;                 // "DIR"; "" of a flag and of a word
  std::string text;                  // what it is for; a default that is not told there is added
  std::vector<std::string> choices;  // the values that it may have; none: any
  bool is_required = false;
};

struct CommandPage {
  std::string name;     // "keyswap secret add"
  std::string summary;  // its line in the list of commands
  std::string usage;    // "keyswap secret add [options] NAME"
  std::string about;    // paragraphs
  std::vector<OptionText> words;
  std::vector<OptionText> options;
  std::vector<std::string> examples;  // lines for a shell
  std::vector<CommandPage> commands;  // of a group
};

// Of one command. Where the app's description begins with the command's name, its first line is the
// usage.
CommandPage page_of(const CommandLine& app, const char* example);

// Of a group, with those of its commands: each is asked to describe itself.
CommandPage page_of(const CommandGroup& group);

// "--home": its options, without the letters.
std::vector<std::string> long_names(const CommandPage& page);

// The last word of its name ("add").
std::string word_of(const CommandPage& page);

}  // namespace keyswap::cli
