// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/question.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kAnswerBytesMax = 64;

// A line, without its end; "" at the end of the terminal. What is longer is no answer of ours.
std::string read_answer(int terminal) {
  std::string answer;
  char next = 0;
  for (;;) {
    const ssize_t count = read(terminal, &next, 1);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return "";
    }
    if (next == '\n' || next == '\r') {
      return answer;
    }
    if (answer.size() < kAnswerBytesMax) {
      answer += next;
    }
  }
}

}  // namespace

bool ask_yes(std::string_view question) {
  const File terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.is_open()) {
    return false;
  }
  static_cast<void>(write_all(terminal.descriptor(), std::string(question) + " [y/N] "));
  const std::string answer = base::to_lower(read_answer(terminal.descriptor()));
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

Problem confirm(bool says_yes, std::string_view question) {
  if (says_yes || ask_yes(question)) {
    return std::nullopt;
  }
  return Failure{Exit::no,
                 has_terminal() ? "it was not approved" : "nobody is there to say yes",
                 has_terminal() ? "nothing was changed"
                                : "look at what is shown, then give --yes; nothing was changed"};
}

}  // namespace keyswap::cli
