// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/hidden_input.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proxy/cli/files.h"
#include "proxy/cli/held_end.h"
#include "proxy/cli/muted_terminal.h"

namespace keyswap::cli {

namespace {

using Step = HiddenLine::Step;

// What ends or stops a process that does not expect it, and what lets it go on.
constexpr std::array kSignals = {
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT};

// Holds the signals back while it lives, so that each is seen before it acts.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    pthread_sigmask(SIG_SETMASK, nullptr, &before_);
    for (const int signal : kSignals) {
      struct sigaction action {};

      const bool is_ignored =
          sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
      if (!is_ignored && sigismember(&before_, signal) == 0) {
        sigaddset(&held_, signal);
      }
    }
    pthread_sigmask(SIG_BLOCK, &held_, nullptr);
    file_ = File(signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  HeldSignals(HeldSignals&&) = delete;
  HeldSignals& operator=(HeldSignals&&) = delete;

  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  [[nodiscard]] bool is_holding() const { return file_.is_open(); }

  [[nodiscard]] int descriptor() const { return file_.descriptor(); }

  // The number of one that came, or 0.
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    const ssize_t size = read(file_.descriptor(), &info, sizeof info);
    return size == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
  }

  // One that was sent to us meanwhile does what it does: most end the process here.
  void let_act(int signal) const {
    if (sigismember(&held_, signal) == 1) {
      sigset_t one{};
      sigemptyset(&one);
      sigaddset(&one, signal);
      pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
      pthread_sigmask(SIG_BLOCK, &one, nullptr);
    }
  }

 private:
  sigset_t before_{};
  sigset_t held_{};
  File file_;
};

class Question {
 public:
  Question(int terminal, std::string_view text) : terminal_(terminal), text_(text) {}

  Outcome<LockedText> ask(std::size_t bytes_max);

 private:
  // What came: a byte in the line's slot, a signal, or the terminal's end.
  struct Came {
    enum class Kind : unsigned char { byte, signal, end };
    Kind kind = Kind::end;
    int signal = 0;
  };

  bool read_line(HiddenLine& line);
  [[nodiscard]] Failure no_answer() const;
  Came wait(char* slot) const;
  bool show();
  bool show_again();
  [[nodiscard]] bool is_hidden() const;
  void look_for_more(HiddenLine& line);
  bool give_way(int signal, HiddenLine& line);
  void interrupt(int signal);

  void say(std::string_view text) const { static_cast<void>(write_all(terminal_, text)); }

  int terminal_;
  std::string_view text_;
  HeldEnd held_end_;  // of the caller's, which are not ours to take
  HeldSignals signals_;
  MutedTerminal& mode_ = muted_terminal();
  bool has_more_lines_ = false;
};

// After an answer the terminal stays muted, for the next question; without one it is put back.
Outcome<LockedText> Question::ask(std::size_t bytes_max) {
  auto bytes = vault::LockedBytes::of_size(bytes_max + 1);
  if (!bytes) {
    return no_locked_memory();
  }
  LockedText text{std::move(bytes).value(), 0};
  if (!signals_.is_holding() || !show()) {
    mode_.restore();
    return Failure{Exit::cannot,
                   "the terminal's echo cannot be switched off",
                   "give it in a file or on a pipe"};
  }
  HiddenLine line(text, bytes_max, mode_.before());
  const bool is_answered = read_line(line);
  if (!is_answered || has_more_lines_ || line.is_too_long()) {
    mode_.restore();
  }
  if (!is_answered) {
    return no_answer();
  }
  if (has_more_lines_) {
    return several_lines();
  }
  if (line.is_too_long()) {
    return too_long("the answer", bytes_max);
  }
  mode_.mute(terminal_, MutedTerminal::Keys::terminal);
  return text;
}

Failure Question::no_answer() const {
  return is_in_front(terminal_)
             ? Failure{Exit::cannot, "nothing was typed", "type the answer, then Enter"}
             : asked_from_background();
}

// True once Enter was pressed.
bool Question::read_line(HiddenLine& line) {
  for (;;) {
    const Came came = wait(line.slot());
    if (came.kind == Came::Kind::end ||
        (came.kind == Came::Kind::signal && !give_way(came.signal, line))) {
      return false;
    }
    switch (came.kind == Came::Kind::byte ? line.take() : Step::more) {
      case Step::more:
        break;
      case Step::entered:
        look_for_more(line);
        say("\n");
        return true;
      case Step::nothing:
        say("\n");
        return false;
      case Step::interrupt:
        interrupt(SIGINT);
        return false;
      case Step::quit:
        interrupt(SIGQUIT);
        return false;
      case Step::suspend:
        kill(0, SIGTSTP);  // as the key does: to all who run in front. It comes back to us, too.
        break;
    }
  }
}

Question::Came Question::wait(char* slot) const {
  for (;;) {
    std::array<pollfd, 3> ready = {pollfd{signals_.descriptor(), POLLIN, 0},
                                   pollfd{terminal_, POLLIN, 0},
                                   pollfd{held_end_.descriptor(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
      return {};
    }
    if (const int signal = signals_.take(); signal != 0) {
      return {Came::Kind::signal, signal};
    }
    if (ready[2].revents != 0) {
      return {};
    }
    if (ready[1].revents == 0) {
      continue;
    }
    const ssize_t count = read(terminal_, slot, 1);
    if (count == 1) {
      return {Came::Kind::byte, 0};
    }
    if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      return {};
    }
  }
}

// What was pasted comes at once, what is typed ahead of the next question does not. Only the rest
// of a paste is dropped, so that neither the next question nor a shell gets it; empty lines at its
// end are no lines.
void Question::look_for_more(HiddenLine& line) {
  constexpr int kQuietMs = 50;
  constexpr int kRoundsMax = 100'000;  // somebody leans on a key
  for (int i = 0; i < kRoundsMax; ++i) {
    pollfd ready{terminal_, POLLIN, 0};
    if (poll(&ready, 1, kQuietMs) <= 0 || read(terminal_, line.slot(), 1) != 1) {
      return;
    }
    has_more_lines_ = has_more_lines_ || (*line.slot() != '\n' && *line.slot() != '\r');
    *line.slot() = 0;
  }
}

bool Question::show() {
  if (!mode_.mute(terminal_, MutedTerminal::Keys::question)) {
    return false;
  }
  say(text_);
  return true;
}

// Whoever ran in front of us meanwhile may have left the terminal in another mode.
bool Question::is_hidden() const {
  termios now{};
  return tcgetattr(terminal_, &now) == 0 && (now.c_lflag & (ECHO | ICANON)) == 0;
}

// The line begins anew, too: nobody knows any more what was typed of it.
bool Question::show_again() {
  mode_.restore();
  return show();
}

// False when the terminal is lost. For a signal that ends the process this does not return.
bool Question::give_way(int signal, HiddenLine& line) {
  if (signal == SIGCONT && is_hidden()) {
    return true;  // we stopped by ourselves, and have asked again
  }
  line.clear();
  if (signal == SIGCONT) {
    return show();  // the mode is that of who ran in front of us
  }
  mode_.restore();
  say("\n");
  raise(signal);
  signals_.let_act(signal);
  return show_again();
}

// A key that ends all who run in front, as the terminal would have it.
void Question::interrupt(int signal) {
  mode_.restore();
  say("\n");
  kill(0, signal);
  signals_.let_act(signal);
}

}  // namespace

Step HiddenLine::take() {
  const char byte = *slot();
  if (std::exchange(is_quoted_, false)) {
    append();
    return Step::more;
  }
  if (byte == '\n' || byte == '\r') {
    return Step::entered;
  }
  if (const Step step = take_control(); step != Step::more) {
    return step;
  }
  if (!take_editing()) {
    append();
  }
  return Step::more;
}

Step HiddenLine::take_control() const {
  if (is_key(VINTR)) {
    return Step::interrupt;
  }
  if (is_key(VQUIT)) {
    return Step::quit;
  }
  if (is_key(VSUSP)) {
    return Step::suspend;
  }
  return is_key(VEOF) && text_->size == 0 ? Step::nothing : Step::more;
}

bool HiddenLine::take_editing() {
  constexpr char kDelete = 0x7f;
  if (is_key(VERASE) || *slot() == kDelete || *slot() == '\b') {
    erase_character();
  } else if (is_key(VKILL)) {
    clear();
  } else if (is_key(VWERASE)) {
    erase_word();
  } else if (is_key(VLNEXT)) {
    is_quoted_ = true;
  } else {
    return is_key(VEOF);  // behind what was typed it means nothing
  }
  return true;
}

bool HiddenLine::is_key(std::size_t which) const {
  const cc_t key = keys_->c_cc[which];
  return key != _POSIX_VDISABLE && static_cast<cc_t>(text_->bytes.data()[text_->size]) == key;
}

void HiddenLine::append() {
  if (text_->size == bytes_max_) {
    is_too_long_ = true;
  } else {
    ++text_->size;
  }
}

// Of a line that is too long nobody knows the end: it can only be given up whole.
void HiddenLine::erase_character() {
  if (is_too_long_ || text_->size == 0) {
    return;
  }
  constexpr unsigned kContinuationMask = 0xc0;
  constexpr unsigned kContinuation = 0x80;
  const bool is_utf8 = (keys_->c_iflag & IUTF8) != 0;
  do {
    --text_->size;
  } while (is_utf8 && text_->size > 0 &&
           (static_cast<unsigned char>(*slot()) & kContinuationMask) == kContinuation);
}

void HiddenLine::erase_word() {
  const auto ends_with_blank = [this] {
    return text_->view().ends_with(' ') || text_->view().ends_with('\t');
  };
  while (!is_too_long_ && text_->size > 0 && ends_with_blank()) {
    --text_->size;
  }
  while (!is_too_long_ && text_->size > 0 && !ends_with_blank()) {
    --text_->size;
  }
}

void HiddenLine::clear() {
  text_->size = 0;
  is_too_long_ = false;
  is_quoted_ = false;
}

Outcome<LockedText> read_hidden(int terminal, std::string_view question, std::size_t bytes_max) {
  return Question(terminal, question).ask(bytes_max);
}

}  // namespace keyswap::cli
