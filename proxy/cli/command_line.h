// SPDX-License-Identifier: Apache-2.0
//
// The options that a command takes, and the parsing of its arguments. The door to CLI11: it is all
// templates, and whoever includes it compiles all of them; here they are made once, in
// command_line.cc, for the types of values that commands have. What a command says of itself is
// made of it in command_page.h, what is said of mistakes in options.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to name
class App;
class Option;
}  // namespace CLI

namespace keyswap::cli {

// An option that a command line has, or a word that stands by itself. It belongs to its command
// line; what is said of it returns it, so that more can be said.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option* required();
  Option* type_name(const std::string& name);  // what its value is called: "DIR"
  Option* capture_default_str();               // its text tells the value it has now
  Option* allow_extra_args(bool are_allowed);  // false: one value each time that it is given
  Option* excludes(Option* other);             // not both
  // `mistake_in` gives "" for a value that may be, else what is wrong with it.
  Option* check(const std::function<std::string(const std::string& value)>& mistake_in);
  Option* one_of(const std::vector<std::string>& choices);
  Option* in_range(std::size_t least, std::size_t most);
  // Any value may be; those are shown and completed.
  Option* suggests(const std::vector<std::string>& choices);

 private:
  CLI::Option* option_;
};

// What an option says of itself.
struct OptionFacts {
  std::string name;    // "--home", or "NAME"; "-o" of one that has a letter alone
  std::string letter;  // "-o", or ""
  std::string value;   // "DIR"
  std::string text;
  std::string usual;                 // the value without it, where that is told
  std::vector<std::string> choices;  // none: any value
  bool is_word = false;              // stands by itself
  bool is_flag = false;              // takes no value
  bool is_required = false;
};

// How the parsing of arguments ended.
struct ParseEnd {
  enum class Kind : unsigned char { good, help, extra_word, mistake };

  Kind kind = Kind::good;
  std::string said;                // of a mistake, with the value (proxy/cli/argument_mistake.h)
  std::vector<std::string> extra;  // the words that nothing takes
};

class CommandLine {
 public:
  CommandLine(const std::string& about, const std::string& name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  CommandLine(CommandLine&&) = delete;
  CommandLine& operator=(CommandLine&&) = delete;

  // `names`: "-o,--output", or "NAME" for a word that stands by itself. What is read is written to
  // `value`, which lives until then.
  Option* add_option(const std::string& names, std::string& value, const std::string& text);
  Option* add_option(const std::string& names, int& value, const std::string& text);
  Option* add_option(const std::string& names, unsigned& value, const std::string& text);
  Option* add_option(const std::string& names, std::size_t& value, const std::string& text);
  Option* add_option(const std::string& names, std::uint16_t& value, const std::string& text);
  Option* add_option(const std::string& names,
                     std::vector<std::string>& values,
                     const std::string& text);
  Option* add_flag(const std::string& names, bool& is_given, const std::string& text);
  Option* add_flag(const std::string& names, const std::string& text);  // was_given() asks for it
  void set_help_flag(const std::string& names, const std::string& text);

  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string about() const;
  [[nodiscard]] std::vector<OptionFacts> options() const;  // in the order they were added
  [[nodiscard]] bool has_option(const std::string& name) const;

  ParseEnd parse(std::span<const std::string> arguments);
  // Of an option that it has, once the arguments were parsed.
  [[nodiscard]] bool was_given(const std::string& name) const;

 private:
  Option* keep(CLI::Option* option);

  std::unique_ptr<CLI::App> app_;
  std::vector<std::unique_ptr<Option>> options_;
};

}  // namespace keyswap::cli
