// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/man_page.h"

#include <algorithm>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/cli/help_text.h"
#include "proxy/cli/help_topics.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

// What the formatter would take for its own, or set as typographic signs: a hyphen typed in a shell
// has to be one. A line that begins with a point or an apostrophe would be a command.
std::string_view escape_of(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return "";
  }
}

std::string escaped(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const bool begins_line = shown.empty() || shown.back() == '\n';
    if (begins_line && c == '.') {
      shown += "\\&";
    }
    const std::string_view escape = escape_of(c);
    shown += escape.empty() ? std::string_view(&c, 1) : escape;
  }
  return shown;
}

// A paragraph is a .PP; lines that begin with a blank stay as they are.
std::string paragraphs(std::string_view text) {
  std::string shown;
  bool is_literal = false;
  const auto set_literal = [&](bool wanted) {
    if (wanted != is_literal) {
      shown += wanted ? ".PP\n.nf\n" : ".fi\n";
    }
    is_literal = wanted;
  };
  bool begins = true;
  for (const std::string_view line : lines_of(text)) {
    if (line.empty()) {
      begins = true;
      continue;
    }
    set_literal(line.front() == ' ');
    if (!is_literal && begins) {
      shown += ".PP\n";
    }
    begins = is_literal;  // what follows such lines is a paragraph of its own
    shown += escaped(line) + "\n";
  }
  set_literal(false);
  return shown;
}

std::string entry(std::string_view head, std::string_view text) {
  return ".TP\n.B " + escaped(head) + "\n" + escaped(text) + "\n";
}

std::string options_of(const CommandPage& page) {
  std::string shown;
  for (const auto* options : {&page.words, &page.options}) {
    for (const auto& option : *options) {
      shown += entry(option_head(option), option.text);
    }
  }
  return shown;
}

std::string examples_of(const CommandPage& page) {
  std::string shown = ".PP\n.nf\n";
  for (const auto& example : page.examples) {
    shown += "    " + escaped(example) + "\n";
  }
  return shown + ".fi\n";
}

// The commands of a group: each with its options, below a heading.
std::string commands_of(const CommandPage& page) {
  std::string shown;
  for (const auto& command : page.commands) {
    shown += ".SS " + escaped(command.name) + "\n.B " + escaped(command.usage) + "\n";
    shown += paragraphs(command.about) + options_of(command) + examples_of(command);
  }
  return shown;
}

// The program's commands have pages of their own.
std::string list_of_commands(const CommandPage& page) {
  std::string shown;
  for (const auto& command : page.commands) {
    shown += entry(man_name(command) + "(1)", command.summary);
  }
  return shown;
}

std::string topics() {
  std::string shown = ".SH TOPICS\n";
  for (const HelpTopic& topic : help_topics()) {
    shown += ".SS " + escaped(topic.title) + "\n" + paragraphs(topic.text);
  }
  return shown;
}

constexpr std::string_view kEnd =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\nthe answer is no: a check failed\n"
    ".TP\n.B 2\nused wrongly, or a broken configuration\n"
    ".TP\n.B 3\ncannot: a file, a permission, a locked vault\n";

}  // namespace

std::string man_name(const CommandPage& page) {
  std::string name = page.name;
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string man_page(const CommandPage& page) {
  const bool is_program = page.name.find(' ') == std::string::npos;
  const std::string summary =
      is_program ? "a proxy that keeps credentials out of programs" : page.summary;
  std::string text =
      ".TH " + base::to_upper(man_name(page)) + " 1 \"\" \"keyswap " KEYSWAP_VERSION "\"\n";
  text += ".SH NAME\n" + escaped(man_name(page)) + " \\- " + escaped(summary) + "\n";
  text += ".SH SYNOPSIS\n.B " + escaped(page.usage) + "\n";
  text += ".SH DESCRIPTION\n" + paragraphs(page.about);
  if (!page.commands.empty()) {
    text += ".SH COMMANDS\n" + (is_program ? list_of_commands(page) : commands_of(page));
  }
  text += ".SH OPTIONS\n" + options_of(page);
  text += is_program ? topics() : "";
  text += kEnd;
  text += ".SH EXAMPLES\n" + examples_of(page);
  text += is_program ? "" : ".SH SEE ALSO\n.BR keyswap (1)\n";
  return text;
}

}  // namespace keyswap::cli
