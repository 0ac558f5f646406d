// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command_line.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace keyswap::cli {

namespace {

// CLI11 adds what it checks to what the value is called: "KIND:{allowed,pass}", "N:UINT in [1 -
// 9]".
constexpr std::array<std::string_view, 4> kCheckMarks = {
    ":{", ":UINT in ", ":INT in ", ":FLOAT in "};

std::vector<std::string> split_choices(std::string_view list) {
  std::vector<std::string> choices;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    choices.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return choices;
}

void set_type(OptionFacts& facts, const std::string& full) {
  std::size_t end = full.size();
  for (const std::string_view mark : kCheckMarks) {
    end = std::min(end, full.find(mark));
  }
  facts.value = full.substr(0, end);
  const std::size_t begin = full.find(":{");
  const std::size_t close = full.find('}', std::min(begin, full.size()));
  if (close != std::string::npos) {
    facts.choices = split_choices(std::string_view(full).substr(begin + 2, close - begin - 2));
  }
}

OptionFacts facts_of(const CLI::Option& option) {
  OptionFacts facts;
  set_type(facts, option.get_type_name());
  facts.text = option.get_description();
  facts.usual = option.get_default_str();
  facts.is_word = option.get_positional();
  facts.is_flag = option.get_items_expected_max() == 0;
  facts.is_required = option.get_required();
  if (facts.is_word) {
    facts.name = option.get_name(true);
    return facts;
  }
  const auto& letters = option.get_snames();
  const auto& names = option.get_lnames();
  facts.letter = letters.empty() ? "" : "-" + letters.front();
  facts.name = names.empty() ? std::exchange(facts.letter, "") : "--" + names.front();
  return facts;
}

}  // namespace

CommandLine::CommandLine(const std::string& about, const std::string& name)
    : app_(std::make_unique<CLI::App>(about, name)) {}

CommandLine::~CommandLine() = default;

Option* CommandLine::add_option(const std::string& names,
                                std::string& value,
                                const std::string& text) {
  return keep(app_->add_option(names, value, text));
}

Option* CommandLine::add_option(const std::string& names, int& value, const std::string& text) {
  return keep(app_->add_option(names, value, text));
}

Option* CommandLine::add_option(const std::string& names,
                                unsigned& value,
                                const std::string& text) {
  return keep(app_->add_option(names, value, text));
}

Option* CommandLine::add_option(const std::string& names,
                                std::size_t& value,
                                const std::string& text) {
  return keep(app_->add_option(names, value, text));
}

Option* CommandLine::add_option(const std::string& names,
                                std::uint16_t& value,
                                const std::string& text) {
  return keep(app_->add_option(names, value, text));
}

Option* CommandLine::add_option(const std::string& names,
                                std::vector<std::string>& values,
                                const std::string& text) {
  return keep(app_->add_option(names, values, text));
}

Option* CommandLine::add_flag(const std::string& names, bool& is_given, const std::string& text) {
  return keep(app_->add_flag(names, is_given, text));
}

Option* CommandLine::add_flag(const std::string& names, const std::string& text) {
  return keep(app_->add_flag(names, text));
}

void CommandLine::set_help_flag(const std::string& names, const std::string& text) {
  app_->set_help_flag(names, text);
}

std::string CommandLine::name() const {
  return app_->get_name();
}

std::string CommandLine::about() const {
  return app_->get_description();
}

std::vector<OptionFacts> CommandLine::options() const {
  std::vector<OptionFacts> facts;
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    facts.push_back(facts_of(*option));
  }
  return facts;
}

bool CommandLine::has_option(const std::string& name) const {
  return app_->get_option_no_throw(name) != nullptr;
}

ParseEnd CommandLine::parse(std::span<const std::string> arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 takes them
  try {
    app_->parse(std::move(reversed));
    return {};
  } catch (const CLI::CallForHelp&) {
    return {ParseEnd::Kind::help, "", {}};
  } catch (const CLI::ExtrasError& error) {
    return {ParseEnd::Kind::extra_word, error.what(), app_->remaining()};
  } catch (const CLI::Error& error) {
    return {ParseEnd::Kind::mistake, error.what(), app_->remaining()};
  }
}

bool CommandLine::was_given(const std::string& name) const {
  return app_->count(name) > 0;
}

Option* CommandLine::keep(CLI::Option* option) {
  options_.push_back(std::make_unique<Option>(option));
  return options_.back().get();
}

Option* Option::required() {
  option_->required();
  return this;
}

Option* Option::type_name(const std::string& name) {
  option_->type_name(name);
  return this;
}

Option* Option::capture_default_str() {
  option_->capture_default_str();
  return this;
}

Option* Option::allow_extra_args(bool are_allowed) {
  option_->allow_extra_args(are_allowed);
  return this;
}

Option* Option::excludes(Option* other) {
  option_->excludes(other->option_);
  return this;
}

Option* Option::check(const std::function<std::string(const std::string& value)>& mistake_in) {
  option_->check(mistake_in);
  return this;
}

Option* Option::one_of(const std::vector<std::string>& choices) {
  option_->check(CLI::IsMember(choices));
  return this;
}

Option* Option::in_range(std::size_t least, std::size_t most) {
  option_->check(CLI::Range(least, most));
  return this;
}

Option* Option::suggests(const std::vector<std::string>& choices) {
  std::string list;
  for (const auto& choice : choices) {
    list += (list.empty() ? "" : ",") + choice;
  }
  option_->check(CLI::Validator([](std::string&) { return std::string(); }, "{" + list + "}"));
  return this;
}

}  // namespace keyswap::cli
