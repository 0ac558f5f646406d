// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/question.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "bindings/policy_changes.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"
#include "proxy/cli/held_end.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kAnswerBytesMax = 64;

// Can it be read? False once the program is asked to end, and holds that back.
bool await_key(int terminal, const HeldEnd& held_end) {
  std::array<pollfd, 2> ready = {pollfd{terminal, POLLIN, 0},
                                 pollfd{held_end.descriptor(), POLLIN, 0}};
  while (poll(ready.data(), ready.size(), -1) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return ready[1].revents == 0;
}

// A line, without its end; "" at the end of the terminal. What is longer is no answer of ours, and
// neither is a paste of several lines, of which the shell would get the rest.
std::string read_answer(int terminal) {
  const HeldEnd held_end;
  std::string answer;
  char next = 0;
  while (await_key(terminal, held_end)) {
    const ssize_t count = read(terminal, &next, 1);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return "";
    }
    if (next == '\n' || next == '\r') {
      pollfd more{terminal, POLLIN, 0};
      const bool is_whole = poll(&more, 1, 0) == 0;
      static_cast<void>(tcflush(terminal, TCIFLUSH));
      return is_whole ? answer : "";
    }
    if (answer.size() < kAnswerBytesMax) {
      answer += next;
    }
  }
  return "";
}

// The answer is shown, as it is no secret; what was typed before the question is no answer to it.
class ShownAnswer {
 public:
  explicit ShownAnswer(int terminal)
      : terminal_(terminal), was_muted_(muted_terminal().is_muted()) {
    muted_terminal().restore();
    static_cast<void>(tcflush(terminal, TCIFLUSH));
  }

  ShownAnswer(const ShownAnswer&) = delete;
  ShownAnswer& operator=(const ShownAnswer&) = delete;
  ShownAnswer(ShownAnswer&&) = delete;
  ShownAnswer& operator=(ShownAnswer&&) = delete;

  ~ShownAnswer() {
    if (was_muted_) {
      muted_terminal().mute(terminal_, MutedTerminal::Keys::terminal);
    }
  }

 private:
  int terminal_;
  bool was_muted_;
};

// How many lines of a terminal they take, as show_changes() shows them.
std::size_t height_of(const std::vector<std::string>& changes) {
  std::size_t height = 0;
  for (const std::string& change : changes) {
    const std::string shown = wrap_hanging("  " + printable(change));
    for (const std::string_view line : lines_of(shown)) {
      height += std::max<std::size_t>(1, (columns_of(line) + kColumns - 1) / kColumns);
    }
  }
  return height;
}

}  // namespace

bool ask_yes(std::string_view question) {
  auto terminal = open_terminal();
  if (!terminal) {
    return false;
  }
  const int descriptor = terminal->descriptor();
  const ShownAnswer shown(descriptor);
  static_cast<void>(write_all(descriptor, std::string(question) + " [y/N] "));
  const std::string answer = base::to_lower(read_answer(descriptor));
  return answer == "y" || answer == "yes";
}

void show_changes(const std::vector<std::string>& changes, std::size_t shown_max) {
  std::string text;
  for (std::size_t i = 0; i < std::min(changes.size(), shown_max); ++i) {
    // A line is one line, whatever somebody wrote into the file.
    text += "  " + printable(changes[i]) + "\n";
  }
  if (changes.size() > shown_max) {
    text += "  (and " + std::to_string(changes.size() - shown_max) + " lines more)\n";
  }
  note(text);
}

void show_all_changes(const std::vector<std::string>& changes) {
  show_changes(changes, changes.size());
  if (const auto lines = in_short(changes); !lines.empty()) {
    note("in short:");
    show_changes(lines, lines.size());
  }
}

std::vector<std::string> in_short(const std::vector<std::string>& changes) {
  constexpr std::size_t kSeenAtOnce = 20;
  constexpr std::size_t kSeenBeside = 12;
  if (height_of(changes) <= kSeenAtOnce) {
    return {};
  }
  std::vector<std::string> words(changes.begin(),
                                 std::ranges::find(changes, bindings::kLinesOfText));
  if (words.empty()) {
    return {"only lines of the file differ: they stand above"};
  }
  std::ranges::stable_partition(
      words, [](const std::string& word) { return word.find(" may go to ") != std::string::npos; });
  while (height_of(words) > kSeenBeside) {
    words.pop_back();
  }
  words.push_back("and " + std::to_string(changes.size() - words.size()) + " lines more, above");
  return words;
}

Problem confirm(bool says_yes, std::string_view question) {
  if (says_yes || ask_yes(question)) {
    return std::nullopt;
  }
  if (has_terminal() && !open_terminal()) {
    return Failure{Exit::cannot,
                   asked_from_background().what,
                   "start it in front, or give --yes; nothing was changed"};
  }
  return Failure{Exit::no,
                 has_terminal() ? "it was not approved" : "nobody is there to say yes",
                 has_terminal() ? "nothing was changed"
                                : "look at what is shown, then give --yes; nothing was changed"};
}

}  // namespace keyswap::cli
