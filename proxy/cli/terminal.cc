// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/base/line_output.h"
#include "proxy/base/utf8.h"
#include "proxy/cli/hidden_input.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

using Detail = base::LineOutput::Detail;

// Marks that turn the direction of what is written behind them, and separators of lines.
bool turns_text(std::uint32_t code) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };

  static constexpr std::array kRanges = {
      Range{0x061c, 0x061c}, Range{0x200e, 0x200f}, Range{0x2028, 0x202e}, Range{0x2066, 0x2069}};
  return std::ranges::any_of(
      kRanges, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

// Lines for people fit their terminal; for a program, or in a file, each stays one.
void say(const std::string& lines) {
  if (isatty(STDERR_FILENO) != 1) {
    base::standard_error().write(lines);
    return;
  }
  std::string fitted;
  for (const std::string_view line : lines_of(lines)) {
    fitted += wrap_hanging(line);
  }
  base::standard_error().write(fitted);
}

}  // namespace

void print(std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
}

void print_line(std::string_view text) {
  print(text);
  print("\n");
}

bool flush_output() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

int report(const Failure& failure) {
  std::string text = "keyswap: " + readable(failure.what) + "\n";
  if (!failure.hint.empty()) {
    text += "  " + readable(failure.hint) + "\n";
  }
  say(text);
  return static_cast<int>(failure.exit);
}

int end_with(const Problem& problem) {
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

void warn(std::string_view what, std::string_view hint) {
  if (base::standard_error().detail() == Detail::errors) {
    return;
  }
  std::string text = "keyswap: warning: " + readable(what) + "\n";
  if (!hint.empty()) {
    text += "  " + readable(hint) + "\n";
  }
  say(text);
}

void note(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += readable(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  say(lines);
}

void remark(std::string_view text) {
  if (base::standard_error().detail() != Detail::errors) {
    note(text);
  }
}

void tell_more(std::string_view what) {
  if (base::standard_error().detail() == Detail::all) {
    say("keyswap: " + readable(what) + "\n");
  }
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      shown += c;
    } else {
      shown += "\\x" + base::to_hex({&c, 1});
    }
  }
  return shown;
}

std::string readable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const base::Utf8Character character = base::read_utf8(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(character.bytes, 1));
    const bool is_shown = character.bytes > 0 && !base::is_control_character(character.code) &&
                          !turns_text(character.code);
    shown += is_shown ? std::string(bytes) : printable(bytes);
    text.remove_prefix(bytes.size());
  }
  return shown;
}

Failure no_locked_memory() {
  return {Exit::cannot, "no locked memory is left for a secret", "raise the limit: ulimit -l"};
}

Failure too_long(std::string_view what, std::size_t bytes_max) {
  return {Exit::usage,
          std::string(what) + " is longer than " + std::to_string(bytes_max) + " bytes",
          "give a shorter one"};
}

Failure asked_from_background() {
  return {Exit::cannot,
          "a job in the background cannot ask on the terminal",
          "start it in front, or name a file with --password-file; serve --detach asks first, and "
          "then goes to the background"};
}

Failure several_lines() {
  return {Exit::usage,
          "several lines were pasted, and an answer is one line",
          "paste one line; what has several goes in by a file or a pipe. Nothing was changed"};
}

WaitNotice::WaitNotice(std::string_view text) {
  if (isatty(STDERR_FILENO) == 1 && is_in_front(STDERR_FILENO) && write_all(STDERR_FILENO, text)) {
    size_ = text.size();
  }
}

WaitNotice::~WaitNotice() {
  if (size_ > 0) {
    static_cast<void>(write_all(STDERR_FILENO, "\r" + std::string(size_, ' ') + "\r"));
  }
}

void drop_newline(LockedText& text) {
  const auto ends_with = [&text](char c) {
    return text.size > 0 && text.view().back() == c;
  };
  if (ends_with('\n')) {
    --text.size;
    if (ends_with('\r')) {
      --text.size;
    }
  }
}

Outcome<LockedText> read_locked(int descriptor,
                                std::size_t bytes_max,
                                Newline newline,
                                std::string_view what) {
  const std::size_t room = bytes_max + 2;  // for the newline that is dropped
  auto bytes = vault::LockedBytes::of_size(room + 1);
  if (!bytes) {
    return no_locked_memory();
  }
  LockedText text{std::move(bytes).value(), 0};
  for (;;) {
    const ssize_t count = read(descriptor, text.bytes.data() + text.size, room + 1 - text.size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Failure{Exit::cannot,
                     "cannot read " + std::string(what) + ": " + explain_errno(errno),
                     "check that it is open for reading"};
    }
    text.size += static_cast<std::size_t>(count);
    if (count == 0 || text.size > room) {
      break;
    }
  }
  if (newline == Newline::drop) {
    drop_newline(text);
  }
  if (text.size > bytes_max) {
    return too_long(what, bytes_max);
  }
  return text;
}

bool has_terminal() {
  return File(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)).is_open();
}

Outcome<File> open_terminal() {
  File terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.is_open()) {
    return Failure{
        Exit::cannot, "there is no terminal to ask on", "give it in a file or on a pipe"};
  }
  if (!is_in_front(terminal.descriptor())) {
    return asked_from_background();
  }
  return terminal;
}

Outcome<LockedText> ask_hidden(std::string_view question, std::size_t bytes_max) {
  auto terminal = open_terminal();
  if (!terminal) {
    return terminal.failure();
  }
  return read_hidden(terminal->descriptor(), question, bytes_max);
}

Outcome<LockedText> ask_hidden_twice(std::string_view question, std::size_t bytes_max) {
  auto first = ask_hidden(question, bytes_max);
  if (!first) {
    return first;
  }
  auto second = ask_hidden("The same once more: ", bytes_max);
  if (!second) {
    return second;
  }
  if (!base::equal_constant_time(first->view(), second->view())) {
    return Failure{Exit::usage, "the two answers differ", "run the command again"};
  }
  return first;
}

}  // namespace keyswap::cli
