// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unlock.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <linux/keyctl.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "vault/process_guard.h"

namespace keyswap::cli {

namespace {

using base::bounds::kPassphraseBytesMax;
using FoundPassphrase = std::optional<Outcome<LockedText>>;  // nothing: this source is not there

constexpr std::string_view kPassphrase = "the passphrase";

Outcome<LockedText> not_empty(Outcome<LockedText> passphrase, const std::string& source) {
  if (passphrase && passphrase->size == 0) {
    return Failure{
        Exit::usage, "the passphrase is empty (" + source + ")", "give one of 1 byte or more"};
  }
  if (passphrase) {
    tell_more("the passphrase is what comes from here: " + source);
  }
  return passphrase;
}

Outcome<LockedText> strong(Outcome<LockedText> passphrase) {
  if (passphrase) {
    if (auto problem = check_new_passphrase(passphrase->view())) {
      return *std::move(problem);
    }
  }
  return passphrase;
}

void warn_when_others_can_read(int descriptor, const std::string& path) {
  struct stat info {};

  if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) &&
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    warn("other users can open the passphrase file " + path, "run: chmod 600 " + path);
  }
}

// N of /dev/fd/N; -1 of another path, or when nothing is open there.
int descriptor_named(const std::string& path) {
  if (path == "/dev/stdin") {
    return STDIN_FILENO;
  }
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (path.starts_with(folder)) {
      const std::string text = path.substr(folder.size());
      int number = -1;
      if (check_descriptor(text).empty()) {
        std::from_chars(text.data(), text.data() + text.size(), number);
      }
      return number;
    }
  }
  return -1;
}

Outcome<LockedText> read_descriptor(int number, const std::string& source) {
  const File given = take_descriptor(number);  // closed once it is read
  return not_empty(read_locked(given.descriptor(), kPassphraseBytesMax, Newline::drop, kPassphrase),
                   source);
}

Outcome<LockedText> read_passphrase_file(const std::string& path) {
  if (const int number = descriptor_named(path); number >= 0) {
    return read_descriptor(number, path);
  }
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) {
    return Failure{Exit::cannot,
                   "cannot open the passphrase file " + path + ": " + explain_errno(errno),
                   "check the name, and that this user may read it"};
  }
  warn_when_others_can_read(file.descriptor(), path);
  return not_empty(read_locked(file.descriptor(), kPassphraseBytesMax, Newline::drop, kPassphrase),
                   path);
}

Outcome<LockedText> read_key_file(const std::string& path) {
  if (auto problem = check_private_file(path)) {
    return Failure{Exit::cannot, problem->what, problem->hint};
  }
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    return Failure{Exit::cannot,
                   "cannot open the key file " + path + ": " + explain_errno(errno),
                   "check that this user may read it"};
  }
  return not_empty(read_locked(file.descriptor(), kPassphraseBytesMax, Newline::drop, kPassphrase),
                   path);
}

std::string credential_path() {
  const std::string folder = environment_variable("CREDENTIALS_DIRECTORY");
  if (folder.empty()) {
    return "";
  }
  std::string path = folder + "/keyswap-password";
  return access(path.c_str(), F_OK) == 0 ? path : "";
}

FoundPassphrase from_options_or_service(const UnlockOptions& unlock) {
  if (!unlock.password_file.empty()) {
    return read_passphrase_file(unlock.password_file);
  }
  if (unlock.password_fd >= 0) {
    return read_descriptor(unlock.password_fd, "--password-fd");
  }
  if (const std::string path = environment_variable("KEYSWAP_PASSWORD_FILE"); !path.empty()) {
    return read_passphrase_file(path);
  }
  if (const std::string path = credential_path(); !path.empty()) {
    return read_passphrase_file(path);
  }
  return std::nullopt;
}

// keyctl(2) by its number: libkeyutils would be a dependency for two calls.
FoundPassphrase from_keyring(const Home& home) {
  const std::string name = "keyswap:" + home.path;
  const long key = syscall(SYS_request_key, "user", name.c_str(), nullptr, 0);
  if (key < 0) {
    return std::nullopt;
  }
  constexpr std::size_t kRoom = kPassphraseBytesMax + 2;  // for the newline that is dropped
  auto bytes = vault::LockedBytes::of_size(kRoom);
  if (!bytes) {
    return no_locked_memory();
  }
  const long size = syscall(SYS_keyctl, KEYCTL_READ, key, bytes->data(), kRoom);
  if (size < 0 || static_cast<std::size_t>(size) > kRoom) {
    return Failure{Exit::cannot,
                   "the keyring's key " + name + " cannot be read",
                   "check it with: keyctl print %user:" + name};
  }
  LockedText passphrase{std::move(*bytes), static_cast<std::size_t>(size)};
  drop_newline(passphrase);
  if (passphrase.size > kPassphraseBytesMax) {
    return too_long(kPassphrase, kPassphraseBytesMax);
  }
  return not_empty(std::move(passphrase), "keyring");
}

Failure nobody_to_ask() {
  return {Exit::cannot,
          "no passphrase was given, and there is no terminal to ask on",
          "give --password-file FILE or --password-fd N, or set KEYSWAP_PASSWORD_FILE"};
}

Failure nobody_to_ask_for_approval() {
  return {Exit::cannot,
          "approvals have a passphrase of their own, and there is no terminal to ask for it on",
          "give --approval-password-file FILE"};
}

Failure open_failure(const Home& home, const base::Error& error) {
  using base::Errc;
  if (error.code == Errc::wrong_passphrase) {
    return {Exit::cannot,
            "wrong passphrase for the vault of " + home.path,
            "try again; nothing was changed"};
  }
  if (error.code == Errc::corrupt) {
    return {Exit::cannot,
            "the vault " + home.vault() + " is damaged: " + explain(error),
            "put back a backup of vault.db; nothing was changed"};
  }
  if (error.code == Errc::permission) {
    return {Exit::cannot,
            "cannot open the vault " + home.vault() + ": " + explain(error),
            "check the owner and modes of it and of what lies beside it (-journal, -wal, -shm)"};
  }
  return {Exit::cannot,
          "cannot open the vault " + home.vault() + ": " + explain(error),
          error.code == Errc::locked ? "another command is writing to it; try again"
                                     : "check the file's modes and the disk"};
}

}  // namespace

Problem begin_guarded(std::size_t locked_bytes) {
  umask(S_IRWXG | S_IRWXO);
  if (const auto guarded = vault::guard_process(locked_bytes); !guarded) {
    return Failure{
        Exit::cannot,
        "secrets cannot be kept in locked memory: " + explain(guarded.error()),
        "allow 8 MiB of locked memory: ulimit -l 8192, or LimitMEMLOCK=64M in a systemd unit"};
  }
  return std::nullopt;
}

Problem check_new_passphrase(std::string_view passphrase) {
  constexpr unsigned kContinuationMask = 0xc0;
  constexpr unsigned kContinuation = 0x80;
  const auto characters = std::ranges::count_if(passphrase, [](char c) {
    return (static_cast<unsigned char>(c) & kContinuationMask) != kContinuation;
  });
  if (characters < static_cast<std::ptrdiff_t>(base::bounds::kPassphraseCharactersMin)) {
    return Failure{Exit::usage,
                   "a new passphrase has to have " +
                       std::to_string(base::bounds::kPassphraseCharactersMin) +
                       " characters or more",
                   "several words are easily typed and hard to guess; nothing was changed"};
  }
  if (passphrase.find_first_of("\r\n") != std::string_view::npos) {
    warn("the new passphrase has several lines, and a prompt takes one: it cannot be typed",
         "it opens the vault from a file alone");
  }
  return std::nullopt;
}

bool needs_prompt(const Home& home, const UnlockOptions& unlock) {
  if (!unlock.password_file.empty() || unlock.password_fd >= 0 || unlock.uses_keyring) {
    return false;
  }
  return environment_variable("KEYSWAP_PASSWORD_FILE").empty() && credential_path().empty() &&
         (unlock.ignores_key_file || access(home.key().c_str(), F_OK) != 0);
}

bool has_key_file(const Home& home, const UnlockOptions& unlock) {
  return !unlock.ignores_key_file && unlock.password_file.empty() && unlock.password_fd < 0 &&
         environment_variable("KEYSWAP_PASSWORD_FILE").empty() && credential_path().empty() &&
         access(home.key().c_str(), F_OK) == 0;
}

Outcome<LockedText> read_home_key(const Home& home) {
  return read_key_file(home.key());
}

Outcome<LockedText> read_approval_passphrase(const ApprovalOptions& approval) {
  if (!approval.password_file.empty()) {
    return read_passphrase_file(approval.password_file);
  }
  if (!has_terminal()) {
    return nobody_to_ask_for_approval();
  }
  return not_empty(ask_hidden("Passphrase for approvals: ", kPassphraseBytesMax), "typed");
}

Outcome<LockedText> read_new_approval_passphrase(const ApprovalOptions& approval) {
  if (!approval.password_file.empty()) {
    return strong(read_passphrase_file(approval.password_file));
  }
  if (!has_terminal()) {
    return nobody_to_ask_for_approval();
  }
  return strong(ask_hidden_twice("New passphrase for approvals: ", kPassphraseBytesMax));
}

int passphrase_descriptor(const UnlockOptions& unlock) {
  if (!unlock.password_file.empty()) {
    return descriptor_named(unlock.password_file);
  }
  return unlock.password_fd >= 0 ? unlock.password_fd
                                 : descriptor_named(environment_variable("KEYSWAP_PASSWORD_FILE"));
}

Outcome<LockedText> read_passphrase(const Home& home, const UnlockOptions& unlock) {
  if (auto found = from_options_or_service(unlock)) {
    return *std::move(found);
  }

  struct stat info {};

  if (!unlock.ignores_key_file && lstat(home.key().c_str(), &info) == 0) {
    return read_key_file(home.key());
  }
  if (unlock.uses_keyring) {
    if (auto found = from_keyring(home)) {
      return *std::move(found);
    }
  }
  if (!has_terminal()) {
    return nobody_to_ask();
  }
  return not_empty(ask_hidden("Passphrase of " + printable(home.path) + ": ", kPassphraseBytesMax),
                   "typed");
}

Outcome<LockedText> read_new_passphrase(const UnlockOptions& unlock) {
  if (auto found = from_options_or_service(unlock)) {
    return strong(*std::move(found));
  }
  if (!has_terminal()) {
    Failure failure = nobody_to_ask();
    failure.hint += ", or --key-file for an unattended machine";
    return failure;
  }
  return strong(ask_hidden_twice("New passphrase: ", kPassphraseBytesMax));
}

Outcome<LockedText> read_next_passphrase(const UnlockOptions& given) {
  if (!given.password_file.empty()) {
    return read_passphrase_file(given.password_file);
  }
  if (given.password_fd >= 0) {
    return read_descriptor(given.password_fd, "--new-password-fd");
  }
  if (!has_terminal()) {
    return Failure{Exit::cannot,
                   "no new passphrase was given, and there is no terminal to ask on",
                   "give --new-password-file FILE or --new-password-fd N"};
  }
  return not_empty(ask_hidden_twice("New passphrase: ", kPassphraseBytesMax), "typed");
}

Outcome<vault::Vault> open_vault(const Home& home, const UnlockOptions& unlock) {
  auto passphrase = read_passphrase(home, unlock);
  if (!passphrase) {
    return passphrase.failure();
  }
  const vault::Secret secret = std::move(passphrase).value().to_secret();
  const WaitNotice notice("opening the vault…");
  auto opened = vault::Vault::open(home.vault(), secret);
  if (!opened) {
    return open_failure(home, opened.error());
  }
  return std::move(opened).value();
}

}  // namespace keyswap::cli
