// SPDX-License-Identifier: Apache-2.0
#include "vault/note_mark.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace keyswap::vault {

namespace {

constexpr std::array<std::string_view, 2> kMarks = {kNoteMark, "# kow-binding"};
constexpr std::string_view kLineEnds = "\r\n";
constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Takes the first line off `rest`, which is not empty.
std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find_first_of(kLineEnds), rest.size());
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool is_label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// Two labels or more, the first of which may be a wildcard.
bool is_host_shaped(std::string_view text) {
  text.remove_prefix(text.starts_with("*.") ? 2 : 0);
  std::size_t labels = 0;
  while (true) {
    const auto end = std::min(text.find('.'), text.size());
    const auto label = text.substr(0, end);
    if (label.empty() || label.front() == '-' || label.back() == '-' ||
        !std::ranges::all_of(label, is_label_byte)) {
      return false;
    }
    ++labels;
    if (end == text.size()) {
      return labels > 1;
    }
    text.remove_prefix(end + 1);
  }
}

bool names_a_host(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("host")) {
    return false;
  }
  line.remove_prefix(4);
  line.remove_prefix(line.starts_with('s') ? 1 : 0);
  return trimmed(line).starts_with(':');
}

}  // namespace

NoteLook look_of_note(std::string_view note) {
  if (!body_of_note(note).empty()) {
    return NoteLook::marked;
  }
  bool is_first = true;
  bool names_host = is_host_shaped(trimmed(note));
  for (auto rest = note; !rest.empty();) {
    const auto line = trimmed(take_line(rest));
    if (is_first && std::ranges::find(kMarks, line) != kMarks.end()) {
      return NoteLook::marked;  // and nothing behind it
    }
    is_first = is_first && line.empty();
    names_host = names_host || names_a_host(line);
  }
  return names_host ? NoteLook::host_shaped : NoteLook::plain;
}

std::string_view body_of_note(std::string_view note) {
  while (!note.empty()) {
    const auto line = trimmed(take_line(note));
    if (std::ranges::find(kMarks, line) != kMarks.end()) {
      return note;
    }
    if (!line.empty()) {
      return {};
    }
  }
  return {};
}

base::Result<Secret> kept_note(Secret note) {
  switch (look_of_note(note.reveal())) {
    case NoteLook::plain:
      return Secret();
    case NoteLook::host_shaped:
      return Secret::copy_of("host:");
    case NoteLook::marked:
      break;
  }
  return note.size() > kNoteKeptBytesMax ? Secret::copy_of(kNoteMark)
                                         : base::Result<Secret>(std::move(note));
}

}  // namespace keyswap::vault
