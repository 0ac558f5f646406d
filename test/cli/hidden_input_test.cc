// SPDX-License-Identifier: Apache-2.0
//
// A question on a terminal: what the keys do, how long an answer may be, and that the terminal is
// put back however the question ends.
#include "proxy/cli/hidden_input.h"

#include <array>
#include <csignal>
#include <functional>
#include <pty.h>
#include <string>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/files.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/question.h"
#include "vault/process_guard.h"

namespace keyswap::cli {

namespace {

using Step = HiddenLine::Step;

termios usual_keys() {
  termios keys{};
  keys.c_iflag = IUTF8;
  keys.c_cc[VINTR] = 0x03;
  keys.c_cc[VQUIT] = 0x1c;
  keys.c_cc[VSUSP] = 0x1a;
  keys.c_cc[VEOF] = 0x04;
  keys.c_cc[VERASE] = 0x7f;
  keys.c_cc[VKILL] = 0x15;
  keys.c_cc[VWERASE] = 0x17;
  keys.c_cc[VLNEXT] = 0x16;
  return keys;
}

struct Typed {
  Step step = Step::more;
  std::string text;
  bool is_too_long = false;
};

Typed type(std::string_view typed, std::size_t bytes_max = 100, termios keys = usual_keys()) {
  REQUIRE(vault::lock_memory());
  auto bytes = vault::LockedBytes::of_size(bytes_max + 1);
  REQUIRE(bytes);
  LockedText text{std::move(bytes).value(), 0};
  HiddenLine line(text, bytes_max, keys);
  Typed result;
  for (std::size_t i = 0; i < typed.size() && result.step == Step::more; ++i) {
    *line.slot() = typed[i];
    result.step = line.take();
  }
  result.text = text.view();
  result.is_too_long = line.is_too_long();
  return result;
}

// A child of ours on a terminal of its own, which is asked one question.
class Asked {
 public:
  // What the child does, with the pipe for its answer; its exit status.
  using Child = std::function<int(int pipe)>;

  explicit Asked(std::size_t bytes_max, int blocked_signal = 0)
      : Asked([=](int pipe) { return answer(bytes_max, blocked_signal, pipe); }) {
    await("Value: ");
  }

  explicit Asked(const Child& does) {
    auto pipe = make_pipe();
    REQUIRE(pipe);
    int master = -1;
    child_ = forkpty(&master, nullptr, nullptr, nullptr);
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      for (const int signal : {SIGINT, SIGTERM, SIGABRT}) {
        std::signal(signal, SIG_DFL);  // Catch's own until here
      }
      const int status = does(pipe->write_end.descriptor());
      muted_terminal().restore();
      _exit(status);
    }
    terminal_ = File(master);
    answer_ = std::move(pipe->read_end);
  }

  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  Asked(Asked&&) = delete;
  Asked& operator=(Asked&&) = delete;

  ~Asked() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }

  void type(std::string_view keys) const { REQUIRE(write_all(terminal_.descriptor(), keys)); }

  void send(int signal) const { REQUIRE(kill(child_, signal) == 0); }

  int end() {
    const auto ended = wait_for_end(child_, 30'000);
    REQUIRE(ended);
    child_ = 0;
    return *ended;
  }

  // What the child took for the answer.
  [[nodiscard]] std::string answer() const {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t size = 1; size > 0;) {
      size = read(answer_.descriptor(), piece.data(), piece.size());
      text.append(piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    return text;
  }

  // The next line of what it took.
  [[nodiscard]] std::string answer_line() const {
    std::string line;
    char next = 0;
    while (read(answer_.descriptor(), &next, 1) == 1 && next != '\n') {
      line += next;
    }
    return line;
  }

  // Does the terminal show what is typed, and edit lines by itself?
  [[nodiscard]] bool is_as_before() const {
    termios now{};
    REQUIRE(tcgetattr(terminal_.descriptor(), &now) == 0);
    return (now.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG);
  }

  // All that stood on the terminal; once the child has ended.
  std::string shown() {
    std::array<char, 256> piece{};
    for (ssize_t size = 1; size > 0;) {
      size = read(terminal_.descriptor(), piece.data(), piece.size());
      shown_.append(piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    return shown_;
  }

  void await(std::string_view text) {
    while (shown_.find(text) == std::string::npos) {
      pollfd ready{terminal_.descriptor(), POLLIN, 0};
      REQUIRE(poll(&ready, 1, 30'000) == 1);
      std::array<char, 256> piece{};
      const ssize_t size = read(terminal_.descriptor(), piece.data(), piece.size());
      REQUIRE(size > 0);
      shown_.append(piece.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  static int answer(std::size_t bytes_max, int blocked_signal, int pipe) {
    if (blocked_signal != 0) {
      sigset_t blocked{};
      sigemptyset(&blocked);
      sigaddset(&blocked, blocked_signal);
      pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    }
    if (!vault::guard_process()) {
      return static_cast<int>(Exit::no);
    }
    auto answer = ask_hidden("Value: ", bytes_max);
    if (!answer) {
      return static_cast<int>(answer.failure().exit);
    }
    return write_all(pipe, answer->view()) ? 0 : static_cast<int>(Exit::no);
  }

  pid_t child_ = 0;
  File terminal_;
  File answer_;
  std::string shown_;
};

}  // namespace

TEST_CASE("the keys that edit a line work in a hidden one") {
  CHECK(type("abc\r").text == "abc");
  CHECK(type("abc\n").step == Step::entered);
  CHECK(type("abx\x7f\x63\r").text == "abc");
  CHECK(type("abx\bc\r").text == "abc");
  CHECK(type("\x7f\x7f\r").text.empty());
  CHECK(type("wrong\x15right\r").text == "right");
  CHECK(type("one two  \x17three\r").text == "one three");
  CHECK(type("one\x17\r").text.empty());
  CHECK(type("a\x16\x15z\r").text == "a\x15z");
  CHECK(type("a\x04z\r").text == "az");
}

TEST_CASE("erasing takes a whole character of UTF-8, where the terminal says that it is one") {
  CHECK(type("a\xc3\xa4\x7f\r").text == "a");
  CHECK(type("a\xe2\x82\xac\xc3\xa4\x7f\x7f\r").text == "a");
  termios keys = usual_keys();
  keys.c_iflag = 0;
  CHECK(type("a\xc3\xa4\x7f\r", 100, keys).text == "a\xc3");
}

TEST_CASE("the keys that end a question end it") {
  CHECK(type("abc\x03").step == Step::interrupt);
  CHECK(type("abc\x1c").step == Step::quit);
  CHECK(type("abc\x1a").step == Step::suspend);
  CHECK(type("\x04").step == Step::nothing);
  CHECK(type("abc\x15\x04").step == Step::nothing);
}

TEST_CASE("a key that is switched off is a byte like others") {
  termios keys = usual_keys();
  keys.c_cc[VINTR] = _POSIX_VDISABLE;
  CHECK(type(std::string_view("a\x03\0b\r", 5), 100, keys).text == std::string_view("a\x03\0b", 4));
}

TEST_CASE("a line that is too long is read to its end, and can be given up") {
  const Typed typed = type("123456789\r", 5);
  CHECK(typed.step == Step::entered);
  CHECK(typed.is_too_long);
  CHECK(type("123456\x7f\r", 5).is_too_long);
  CHECK_FALSE(type("12345\r", 5).is_too_long);
  const Typed again = type("123456789\x15ok\r", 5);
  CHECK_FALSE(again.is_too_long);
  CHECK(again.text == "ok");
}

TEST_CASE("an answer may be longer than the 4,095 bytes of a terminal's own line", "[I1]") {
  Asked asked(65'536);
  CHECK_FALSE(asked.is_as_before());
  const std::string value = std::string(20'000, 'v') + "end";
  asked.type(value + "\r");
  CHECK(asked.end() == 0);
  CHECK(asked.answer() == value);
  CHECK(asked.is_as_before());
  CHECK(asked.shown().find('v') == std::string::npos);
}

TEST_CASE("an answer that is longer than one may be is refused, and not cut") {
  Asked asked(1'000);
  asked.type(std::string(5'000, 'v') + "\r");
  CHECK(shell_status(asked.end()) == static_cast<int>(Exit::usage));
  CHECK(asked.answer().empty());
  CHECK(asked.is_as_before());
}

TEST_CASE("nothing typed is no answer") {
  Asked asked(1'000);
  asked.type("\x04");
  CHECK(shell_status(asked.end()) == static_cast<int>(Exit::cannot));
  CHECK(asked.is_as_before());
}

TEST_CASE("a signal at a prompt puts the terminal back, and then ends the program") {
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1);
  Asked asked(1'000);
  CHECK_FALSE(asked.is_as_before());
  asked.type("half an ans");
  asked.send(signal);
  const int status = asked.end();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == signal);
  CHECK(asked.is_as_before());
}

TEST_CASE("Ctrl-C at a prompt ends the program as it does elsewhere") {
  Asked asked(1'000);
  asked.type("half\x03");
  const int status = asked.end();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
  CHECK(asked.is_as_before());
}

TEST_CASE("a signal that the program holds back does not end a prompt") {
  Asked asked(1'000, SIGHUP);
  asked.send(SIGHUP);
  asked.type("answer\r");
  CHECK(asked.end() == 0);
  CHECK(asked.answer() == "answer");
}

namespace {

// The signal by which a child is told to go on.
sigset_t hold_go() {
  sigset_t go{};
  sigemptyset(&go);
  sigaddset(&go, SIGWINCH);
  pthread_sigmask(SIG_BLOCK, &go, nullptr);
  return go;
}

// Asks for a line, gives it to the pipe; goes on at the signal; asks for another.
int ask_twice(int pipe) {
  const sigset_t go = hold_go();
  if (!vault::guard_process()) {
    return static_cast<int>(Exit::no);
  }
  for (const std::string_view question : {"First: ", "Second: "}) {
    auto answer = ask_hidden(question, 1'000);
    if (!answer) {
      return static_cast<int>(answer.failure().exit);
    }
    if (!write_all(pipe, std::string(answer->view()) + "\n")) {
      return static_cast<int>(Exit::no);
    }
    int signal = 0;
    sigwait(&go, &signal);
  }
  return 0;
}

}  // namespace

TEST_CASE("what is typed between two questions is not shown, and answers the second", "[I1]") {
  Asked asked(ask_twice);
  asked.await("First: ");
  asked.type("one\r");
  CHECK(asked.answer_line() == "one");
  CHECK_FALSE(asked.is_as_before());
  asked.type("typed ahead\r");
  asked.send(SIGWINCH);
  CHECK(asked.answer_line() == "typed ahead");
  asked.send(SIGWINCH);
  CHECK(asked.end() == 0);
  CHECK(asked.is_as_before());
  CHECK(asked.shown().find("ahead") == std::string::npos);
}

TEST_CASE("a signal between two questions puts the terminal back, and then ends the program") {
  const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
  Asked asked(ask_twice);
  asked.await("First: ");
  asked.type("one\r");
  CHECK(asked.answer_line() == "one");
  asked.send(signal);
  const int status = asked.end();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == signal);
  CHECK(asked.is_as_before());
}

TEST_CASE("Ctrl-C between two questions ends the program") {
  Asked asked(ask_twice);
  asked.await("First: ");
  asked.type("one\r");
  CHECK(asked.answer_line() == "one");
  asked.type("\x03");
  const int status = asked.end();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
  CHECK(asked.is_as_before());
}

TEST_CASE("a paste of several lines is refused, and not cut") {
  Asked asked(1'000);
  asked.type("-----BEGIN KEY-----\rabc\r-----END KEY-----\r");
  CHECK(shell_status(asked.end()) == static_cast<int>(Exit::usage));
  CHECK(asked.answer().empty());
  CHECK(asked.is_as_before());
}

TEST_CASE("empty lines at the end of a paste are no lines") {
  Asked asked(1'000);
  asked.type("value\r\r\n");
  CHECK(asked.end() == 0);
  CHECK(asked.answer() == "value");
}

TEST_CASE("a job in the background is told so, and not stopped") {
  Asked asked([](int) {
    const pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      _exit(static_cast<int>(vault::guard_process() ? ask_hidden("Value: ", 10).failure().exit
                                                    : Exit::no));
    }
    int status = 0;
    return waitpid(job, &status, WUNTRACED) == job && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  });
  CHECK(shell_status(asked.end()) == static_cast<int>(Exit::cannot));
  CHECK(asked.shown().empty());
}

TEST_CASE("a signal to end that is held back ends a question, and then the program") {
  const bool is_hidden = GENERATE(true, false);
  const int signal = GENERATE(SIGTERM, SIGINT);
  Asked asked([=](int) {
    sigset_t held{};
    sigemptyset(&held);
    sigaddset(&held, signal);
    pthread_sigmask(SIG_BLOCK, &held, nullptr);
    if (!vault::guard_process()) {
      return static_cast<int>(Exit::cannot);
    }
    const bool is_answered =
        is_hidden ? static_cast<bool>(ask_hidden("Shall it?", 100)) : ask_yes("Shall it?");
    pthread_sigmask(SIG_UNBLOCK, &held, nullptr);  // it has cleared away what it built
    return static_cast<int>(is_answered ? Exit::done : Exit::no);
  });
  asked.await("Shall it?");
  if (signal == SIGINT) {
    asked.type("y\x03");
  } else {
    asked.send(signal);
  }
  const int status = asked.end();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == signal);
  CHECK(asked.is_as_before());
}

TEST_CASE("what was typed before a question of yes or no does not answer it") {
  Asked asked([](int pipe) {
    const sigset_t go = hold_go();
    if (!vault::guard_process() || !ask_hidden("First: ", 100)) {
      return static_cast<int>(Exit::cannot);
    }
    static_cast<void>(write_all(pipe, "\n"));
    int signal = 0;
    sigwait(&go, &signal);
    for (int typed = 0; typed < 2;) {  // a terminal has it a moment after it was written
      ioctl(STDIN_FILENO, FIONREAD, &typed);
    }
    return static_cast<int>(ask_yes("Shall it?") ? Exit::done : Exit::no);
  });
  asked.await("First: ");
  asked.type("one\r");
  CHECK(asked.answer_line().empty());
  asked.type("y\r");
  asked.send(SIGWINCH);
  asked.await("Shall it? [y/N] ");
  asked.type("n\r");
  CHECK(shell_status(asked.end()) == static_cast<int>(Exit::no));
}

}  // namespace keyswap::cli
