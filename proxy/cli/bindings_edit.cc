// SPDX-License-Identifier: Apache-2.0
//
// keyswap bindings edit: the operator's editor on a copy of the file. Then what was written is
// checked, shown, approved and put in place (I17). The editor runs before the vault is opened, so
// that it has nothing of it.
#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/bindings.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/child.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/question.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample = "keyswap bindings edit             # with $VISUAL, else $EDITOR";
constexpr mode_t kPrivateMode = 0600;

struct EditOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  bool says_yes = false;
};

// Beside the file, so that relative names in it mean the same; gone with this, unless it is kept.
class Copy {
 public:
  explicit Copy(const std::string& original)
      : path_(original + ".edit-" + std::to_string(getpid())) {}

  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  Copy(Copy&&) = delete;
  Copy& operator=(Copy&&) = delete;

  ~Copy() {
    if (!is_kept_) {
      static_cast<void>(unlink(path_.c_str()));
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] bool is_kept() const { return is_kept_; }

  void keep(bool is_kept) { is_kept_ = is_kept; }

 private:
  std::string path_;
  bool is_kept_ = false;
};

std::string editor() {
  for (const char* const name : {"VISUAL", "EDITOR"}) {
    if (std::string value = environment_variable(name); !value.empty()) {
      return value;
    }
  }
  return "vi";
}

// While it lives, the terminal's signal keys are the editor's: what they send us is forgotten.
class SignalKeys {
 public:
  SignalKeys() {
    sigemptyset(&keys_);
    sigaddset(&keys_, SIGINT);
    sigaddset(&keys_, SIGQUIT);
    pthread_sigmask(SIG_BLOCK, &keys_, &before_);
  }

  SignalKeys(const SignalKeys&) = delete;
  SignalKeys& operator=(const SignalKeys&) = delete;
  SignalKeys(SignalKeys&&) = delete;
  SignalKeys& operator=(SignalKeys&&) = delete;

  ~SignalKeys() {
    const timespec at_once{};
    while (sigtimedwait(&keys_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t keys_{};
  sigset_t before_{};
};

// The variables may hold arguments, so that a shell reads them, as everywhere.
Problem run_editor(const std::string& path) {
  const Variables environment = inherited_environment();
  Launch launched;
  launched.words = {"/bin/sh", "-c", editor() + " \"$1\"", "sh", path};
  launched.environment = &environment;
  const SignalKeys keys;
  launched.signal_mask = keys.before();
  const auto started = launch(launched);
  int status = 0;
  if (started) {
    while (waitpid(*started, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (!started || status != 0) {
    return Failure{Exit::cannot,
                   "the editor did not end well: " + editor(),
                   "set EDITOR to one that is there; nothing was changed"};
  }
  return std::nullopt;
}

// The editor, until what was written can be used or the operator gives up. Nothing: it is as it
// was. What differs stays beside the file from then on, however this ends.
Outcome<std::optional<LoadedPolicy>> edit_copy(const Home& home,
                                               const std::string& before,
                                               Copy& copy) {
  for (;;) {
    auto failed = run_editor(copy.path());
    const auto now = read_file(copy.path(), base::bounds::kBindingsFileBytesMax);
    const bool is_changed = now ? *now != before : now.error().code != base::Errc::not_found;
    copy.keep(is_changed);
    if (failed) {
      return *std::move(failed);
    }
    if (!is_changed) {
      return std::optional<LoadedPolicy>();
    }
    auto loaded = load_policy(copy.path(), own_ca_of(home));
    if (loaded) {
      return std::optional(std::move(loaded).value());
    }
    if (!has_terminal()) {
      return loaded.failure();
    }
    report(loaded.failure());
    if (!ask_yes("Edit it again?")) {
      return Failure{loaded.failure().exit, "it cannot be used as it is", "nothing was changed"};
    }
  }
}

// I17: without a question nobody is shown what was in the file already.
Problem put_in_place(const EditOptions& options,
                     OpenHome& opened,
                     const BindingsFile& file,
                     const LoadedPolicy& loaded) {
  auto approval = prepare_approval(opened.home,
                                   opened.vault,
                                   file,
                                   options.approval,
                                   options.says_yes ? Found::kept : Found::shown);
  if (!approval) {
    return approval.failure();
  }
  note(file.path + " changes:");
  show_all_changes(changes_of(opened.home, approval->before, file.path, loaded));
  if (auto problem = confirm(options.says_yes, "Shall it come into force?")) {
    return problem;
  }
  return replace_approved(opened.home, opened.vault, file, loaded.text, approval.value());
}

Problem approve_edit(const EditOptions& options,
                     const BindingsFile& file,
                     const LoadedPolicy& loaded,
                     Copy& copy) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  if (auto problem = put_in_place(options, opened.value(), file, loaded)) {
    return problem;
  }
  copy.keep(false);
  print_long_line("in place: " + printable(file.path));
  return put_in_force(opened->home, opened->vault, file.path, file.path + " is in place");
}

Problem edit(const EditOptions& options) {
  if (options.unlock.password_fd >= 0) {
    // The editor must not inherit what opens the vault.
    static_cast<void>(fcntl(options.unlock.password_fd, F_SETFD, FD_CLOEXEC));
  }
  auto home = checked_home_of(options.home);
  if (!home) {
    return home.failure();
  }
  auto file = open_home_bindings_to_edit(home.value());
  if (!file) {
    return file.failure();
  }
  const std::string& before = file->text.bindings;
  Copy copy(file->path);
  if (const auto written = write_file(copy.path(), before, kPrivateMode); !written) {
    return Failure{Exit::cannot,
                   "cannot write " + copy.path() + ": " + explain(written.error()),
                   "make room on the disk; nothing was changed"};
  }
  auto edited = edit_copy(home.value(), before, copy);
  if (edited && !edited.value()) {
    print_line("nothing was changed");
    return std::nullopt;
  }
  Problem problem = edited ? approve_edit(options, file.value(), *edited.value(), copy)
                           : Problem(edited.failure());
  if (copy.is_kept()) {
    note("what you wrote is in " + copy.path());
  }
  return problem;
}

}  // namespace

int run_bindings_edit(const Arguments& arguments) {
  EditOptions options;
  CommandLine app(
      "Opens the home's bindings.yaml in $VISUAL or $EDITOR, checks what was written, shows what "
      "it\n"
      "changes, asks, approves it, and lets the running proxy read it.",
      "keyswap bindings edit");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  app.add_flag("--yes", options.says_yes, "approve without a question");
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  const auto problem = edit(options);
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
