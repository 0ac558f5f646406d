// SPDX-License-Identifier: Apache-2.0
//
// All three scripts go the same way: which command is it (`where`), is it a command to run, is it
// an option's value, and if not, which words and options are there.
#include "proxy/cli/completion.h"

#include <algorithm>
#include <string_view>

#include "proxy/cli/completion_words.h"

namespace keyswap::cli {

namespace {

using Words = std::vector<std::string>;

// 'a'|'b': a pattern for `case`.
std::string alternatives(const Words& words) {
  std::string pattern;
  for (const auto& word : words) {
    pattern += (pattern.empty() ? "'" : "|'") + word + "'";
  }
  return pattern;
}

std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

// A branch of `case`, if there is something that leads into it.
std::string branch(const Words& patterns, std::string_view action) {
  return patterns.empty()
             ? ""
             : "    (" + alternatives(patterns) + ")\n      " + std::string(action) + " ;;\n";
}

constexpr std::string_view kBashBegin =
    R"(# What bash completes of keyswap; written by: keyswap completion bash
_keyswap() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local where=keyswap words='' options='' takes_files='' begin=0 i
  COMPREPLY=()
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$where ${COMP_WORDS[i]}" in
)";

constexpr std::string_view kBashRun = R"(  if [[ $where == @WHERE@ ]]; then
    for ((i = begin; i < COMP_CWORD; i++)); do
      case ${COMP_WORDS[i]} in
        (--) ((i++)); break ;;
        (@VALUED@) ((i++)) ;;
        (-*) ;;
        (*) break ;;
      esac
    done
    if ((i < COMP_CWORD)) && declare -F _command_offset > /dev/null; then
      _command_offset "$i"
      return
    elif ((i < COMP_CWORD)); then
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
    elif ((i == COMP_CWORD)) && [[ $word != -* ]]; then
      mapfile -t COMPREPLY < <(compgen -c -- "$word")
      return
    fi
  fi
)";

constexpr std::string_view kBashEnd = R"(  esac
  if [[ $word == -* || -z $words$takes_files ]]; then
    words=$options
  elif [[ -n $takes_files ]]; then
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -W "$words" -f -- "$word")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _keyswap keyswap
)";

constexpr std::string_view kZshBegin = R"(#compdef keyswap
# What zsh completes of keyswap; written by: keyswap completion zsh
_keyswap() {
  local where=keyswap before=$words[CURRENT-1] begin=0 takes_files= i
  local -a list flags
  for (( i = 2; i < CURRENT; i++ )); do
    case "$where $words[i]" in
)";

constexpr std::string_view kZshRun = R"(  if [[ $where == @WHERE@ ]]; then
    for (( i = begin; i < CURRENT; i++ )); do
      case $words[i] in
        (--) (( i++ )); break ;;
        (@VALUED@) (( i++ )) ;;
        (-*) ;;
        (*) break ;;
      esac
    done
    if (( i < CURRENT )) || [[ $i -eq $CURRENT && $words[CURRENT] != -* ]]; then
      words=("${(@)words[i,-1]}")
      (( CURRENT -= i - 1 ))
      _normal
      return
    fi
  fi
)";

constexpr std::string_view kZshValue = R"(  if [[ $words[CURRENT] == --*=* ]]; then
    before=${words[CURRENT]%%=*}
    compset -P '*='
  fi
  case "$where $before" in
)";

constexpr std::string_view kZshEnd = R"(  esac
  if [[ $words[CURRENT] == -* || ( -z $list && -z $takes_files ) ]]; then
    _describe -o option flags
  elif [[ -n $takes_files ]]; then
    _files
  else
    _describe command list
  fi
}
if [[ $funcstack[1] == _keyswap ]]; then
  _keyswap "$@"
else
  compdef _keyswap keyswap
fi
)";

constexpr std::string_view kFishBegin =
    R"(# What fish completes of keyswap; written by: keyswap completion fish
function __keyswap_is_at
    set -l where keyswap
    for word in (commandline -opc)[2..-1]
        switch "$where $word"
            case @COMMANDS@
                set where "$where $word"
        end
    end
    test "$where" = "$argv"
end
complete -c keyswap -f
)";

std::string replaced(std::string_view text, std::string_view mark, std::string_view by) {
  std::string result(text);
  for (std::size_t at = result.find(mark); at != std::string::npos;
       at = result.find(mark, at + by.size())) {
    result.replace(at, mark.size(), by);
  }
  return result;
}

// In single quotes: every shell takes what stands there as it is, but for the quote itself.
std::string sh_quoted(std::string_view text) {
  return "'" + replaced(text, "'", R"('\'')") + "'";
}

// fish also takes backslashes there.
std::string fish_quoted(std::string_view text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string run_part(const CompletionWords& all, std::string_view text) {
  std::string part;
  for (const auto& [name, valued] : all.runners) {
    part += replaced(replaced(text, "@WHERE@", sh_quoted(name)), "@VALUED@", alternatives(valued));
  }
  return part;
}

std::string end_of_commands(std::string_view set_begin) {
  return "        where=\"$where " + std::string(set_begin) + "\" begin=$((i + 1)) ;;\n";
}

std::string bash_command(const CommandWords& command) {
  std::string part = "    (" + sh_quoted(command.name) + ")\n";
  part += "      options=" + sh_quoted(joined(command.option_names())) + "\n";
  if (!command.words.empty()) {
    part += "      words=" + sh_quoted(joined(command.word_names())) + "\n";
  }
  return part + (command.takes_files ? "      takes_files=yes\n" : "") + "      ;;\n";
}

// "name:description" each
std::string zsh_list(std::string_view variable, const std::vector<Described>& entries) {
  std::string part = "      " + std::string(variable) + "=(\n";
  for (const auto& entry : entries) {
    part += "        " + sh_quoted(replaced(entry.name, ":", "\\:") + ":" + entry.text) + "\n";
  }
  return part + "      )\n";
}

std::string zsh_command(const CommandWords& command) {
  std::string part = "    (" + sh_quoted(command.name) + ")\n";
  part += zsh_list("flags", command.options);
  if (!command.words.empty()) {
    part += zsh_list("list", command.words);
  }
  return part + (command.takes_files ? "      takes_files=yes\n" : "") + "      ;;\n";
}

std::string fish_value(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::file:
      return " -r -F";
    case ValueKind::folder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::choice:
      return " -x -a " + fish_quoted(joined(value.choices));
    case ValueKind::other:
      return " -x";
    case ValueKind::none:
      return "";
  }
  return "";
}

// fish looks for the command that is run behind two words. It takes options with a value from the
// first word on that is none of its own.
std::string fish_runner(const CompletionWords& all, const std::string& command) {
  const auto found = all.runners.find(command);
  return found == all.runners.end()
             ? ""
             : " -a '(__fish_complete_subcommand --fcs-skip=2 - " + joined(found->second) + ")'\n";
}

std::string fish_command(const CommandWords& command, const std::string& runner) {
  const std::string begin =
      "complete -c keyswap -n " + fish_quoted("__keyswap_is_at " + command.name);
  std::string part;
  for (const auto& word : command.words) {
    part += begin + " -a " + fish_quoted(word.name) + " -d " + fish_quoted(word.text) + "\n";
  }
  part += command.takes_files ? begin + " -F\n" : "";
  part += runner.empty() ? "" : begin + runner;
  for (const auto& option : command.options) {
    const bool is_long = option.name.starts_with("--");
    part += begin + (is_long ? " -l " : " -s ") + option.name.substr(is_long ? 2 : 1) +
            fish_value(option.value) + " -d " + fish_quoted(option.text) + "\n";
  }
  return part;
}

// The branches for what stands behind an option that has a value.
std::string value_branches(const CompletionWords& all,
                           std::string_view files,
                           std::string_view folders,
                           std::string_view choices) {
  std::string part = branch(all.values_of(ValueKind::file), files) +
                     branch(all.values_of(ValueKind::folder), folders) +
                     branch(all.values_of(ValueKind::other), "return");
  for (const auto& [place, words] : all.choices) {
    part += branch({place}, replaced(choices, "@WORDS@", joined(words)));
  }
  return part;
}

}  // namespace

std::string bash_completion(const CommandPage& program) {
  const CompletionWords all = completion_words(program);
  std::string script(kBashBegin);
  script += "      (" + alternatives(all.commands) + ")\n" + end_of_commands("${COMP_WORDS[i]}");
  script += "    esac\n  done\n";
  script += run_part(all, kBashRun);
  script += "  case \"$where $before\" in\n";
  script += value_branches(all,
                           "compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f "
                           "-- \"$word\"); return",
                           "compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -d "
                           "-- \"$word\"); return",
                           "mapfile -t COMPREPLY < <(compgen -W '@WORDS@' -- \"$word\"); return");
  script += "  esac\n  case $where in\n";
  for (const auto& command : all.each) {
    script += bash_command(command);
  }
  return script + std::string(kBashEnd);
}

std::string zsh_completion(const CommandPage& program) {
  const CompletionWords all = completion_words(program);
  std::string script(kZshBegin);
  script += "      (" + alternatives(all.commands) + ")\n" + end_of_commands("$words[i]");
  script += "    esac\n  done\n";
  script += run_part(all, kZshRun);
  script += kZshValue;
  script +=
      value_branches(all, "_files; return", "_files -/; return", "compadd -- @WORDS@; return");
  script += "  esac\n  case $where in\n";
  for (const auto& command : all.each) {
    script += zsh_command(command);
  }
  return script + std::string(kZshEnd);
}

std::string fish_completion(const CommandPage& program) {
  const CompletionWords all = completion_words(program);
  std::string commands;
  for (const auto& name : all.commands) {
    commands += (commands.empty() ? "" : " ") + fish_quoted(name);
  }
  std::string script = replaced(kFishBegin, "@COMMANDS@", commands);
  for (const auto& command : all.each) {
    script += fish_command(command, fish_runner(all, command.name));
  }
  return script;
}

}  // namespace keyswap::cli
