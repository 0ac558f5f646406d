// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/confirmation.h"

#include <charconv>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kEntry = "proxy-confirmed";
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int kStartingMs = 15'000;
constexpr std::size_t kWordsOfEarlier = 2;
constexpr std::size_t kWords = 7;
constexpr std::string_view kNothing = "-";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t blank = text.find(' ');
    words.push_back(text.substr(0, blank));
    if (blank == std::string_view::npos) {
      return words;
    }
    text.remove_prefix(blank + 1);
  }
}

template <typename Number>
bool take_number(std::string_view word, Number& number) {
  const char* const end = word.data() + word.size();
  const std::from_chars_result taken = std::from_chars(word.data(), end, number);
  return taken.ec == std::errc() && taken.ptr == end;
}

std::string word_of(const std::string& text) {
  return text.empty() ? std::string(kNothing) : text;
}

std::string text_of(std::string_view word) {
  return std::string(word == kNothing ? std::string_view() : word);
}

bool is_or_any(const std::string& found, const std::string& wanted) {
  return wanted.empty() || found == wanted;
}

struct Awaited {
  std::uint64_t generation = 0;
  InForce in_force;
};

// If somebody puts another file there, its proxy gives nothing out any more (Vault::file_fault).
std::string file_of(const Home& home) {
  struct stat found {};

  return lstat(home.vault().c_str(), &found) == 0
             ? std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino)
             : "";
}

bool is_confirmed(const Home& home, const vault::Vault& vault, const Awaited& awaited) {
  const auto confirmed = read_confirmed(vault);
  if (!confirmed || (confirmed->proxy.pid > 0 && !named_proxy(home, vault))) {
    return false;  // or it was said by one that is gone
  }
  return confirmed->generation >= awaited.generation &&
         is_or_any(confirmed->in_force.ca_sha256, awaited.in_force.ca_sha256) &&
         is_or_any(confirmed->in_force.policy, awaited.in_force.policy);
}

Failure not_confirmed(pid_t proxy, const std::string& done) {
  const std::string pid = proxy > 0 ? " (pid " + std::to_string(proxy) + ")" : "";
  return {Exit::no,
          done + ", but the running proxy" + pid +
              " did not confirm it: it may still go by what was before",
          "stop it, or start it anew; see what it says on stderr"};
}

Problem await(const Home& home,
              vault::Vault& vault,
              const std::string& done,
              const Awaited& awaited) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  for (auto proxy = find_proxy(home, vault); proxy; proxy = find_proxy(home, vault)) {
    // An error shows in that nothing is confirmed.
    static_cast<void>(vault.refresh());
    if (is_confirmed(home, vault, awaited)) {
      return std::nullopt;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return not_confirmed(*proxy, done);
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return std::nullopt;
}

}  // namespace

std::string encode_confirmed(const Confirmed& confirmed) {
  return std::to_string(confirmed.generation) + " " + word_of(confirmed.in_force.ca_sha256) + " " +
         word_of(confirmed.in_force.policy) + " " + std::to_string(confirmed.proxy.pid) + " " +
         std::to_string(confirmed.proxy.started) + " " + word_of(confirmed.proxy.boot) + " " +
         word_of(confirmed.vault_file);
}

std::optional<Confirmed> decode_confirmed(std::string_view text) {
  const auto words = words_of(text);
  Confirmed confirmed;
  if ((words.size() != kWordsOfEarlier && words.size() != kWords) ||
      !take_number(words[0], confirmed.generation)) {
    return std::nullopt;
  }
  confirmed.in_force.ca_sha256 = text_of(words[1]);
  if (words.size() == kWordsOfEarlier) {
    return confirmed;
  }
  confirmed.in_force.policy = text_of(words[2]);
  if (!take_number(words[3], confirmed.proxy.pid) ||
      !take_number(words[4], confirmed.proxy.started)) {
    return std::nullopt;
  }
  confirmed.proxy.boot = text_of(words[5]);
  confirmed.vault_file = text_of(words[6]);
  return confirmed;
}

std::optional<Confirmed> read_confirmed(const vault::Vault& vault) {
  const auto kept = vault.fetch_system(kEntry);
  return kept ? decode_confirmed(kept->reveal()) : std::nullopt;
}

Confirmation::Confirmation(const Home& home, vault::Vault& vault, InForce in_force)
    : vault_(vault), now_{0, std::move(in_force), own_identity(), file_of(home)} {}

void Confirmation::set_in_force(InForce in_force) {
  const std::lock_guard guard(mutex_);
  now_.in_force = std::move(in_force);
}

base::Status Confirmation::tell() {
  const std::lock_guard guard(mutex_);
  now_.generation = vault_.generation_read();
  if (told_ == now_) {
    return {};
  }
  const auto value = vault::Secret::copy_of(encode_confirmed(now_));
  if (!value) {
    return value.error();
  }
  KS_TRY(vault_.put_system(kEntry, *value));
  told_ = now_;
  return {};
}

std::optional<pid_t> named_proxy(const Home& home, const vault::Vault& vault) {
  const auto confirmed = read_confirmed(vault);
  const bool is_there =
      confirmed && confirmed->vault_file == file_of(home) && is_alive(confirmed->proxy);
  return is_there ? std::optional(confirmed->proxy.pid) : std::nullopt;
}

std::optional<pid_t> find_proxy(const Home& home, const vault::Vault& vault) {
  if (const auto named = named_proxy(home, vault)) {
    return named;
  }
  const auto running = find_running(home);
  return running ? std::optional(running->pid) : std::nullopt;
}

bool signal_proxy(const Home& home, const vault::Vault& vault) {
  if (const auto named = named_proxy(home, vault)) {
    return kill(*named, SIGHUP) == 0;
  }
  // One that is starting, or of an earlier version.
  const auto running = find_ready(home, kStartingMs);
  return running && running->is_ready() && kill(running->pid, SIGHUP) == 0;
}

Problem await_confirmation(const Home& home,
                           vault::Vault& vault,
                           const std::string& done,
                           const InForce& wanted) {
  return await(home, vault, done, {vault.generation(), wanted});
}

Problem await_in_force(const Home& home,
                       vault::Vault& vault,
                       const std::string& done,
                       const InForce& wanted) {
  return await(home, vault, done, {0, wanted});
}

}  // namespace keyswap::cli
