// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/confirmation.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kEntry = "proxy-confirmed";
constexpr std::chrono::milliseconds kLookAgain{20};

bool is_confirmed(const vault::Vault& vault, std::uint64_t generation, const Wanted& wanted) {
  const auto confirmed = read_confirmed(vault);
  return confirmed && confirmed->generation >= generation && confirmed->policy >= wanted.policy &&
         (wanted.ca_sha256.empty() || confirmed->ca_sha256 == wanted.ca_sha256);
}

// The number at the beginning of `text`, which is cut off it; nothing if there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const std::from_chars_result end =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
  return number;
}

}  // namespace

std::string encode_confirmed(const Confirmed& confirmed) {
  return std::to_string(confirmed.generation) + " " + confirmed.ca_sha256 + " " +
         std::to_string(confirmed.policy);
}

std::optional<Confirmed> decode_confirmed(std::string_view text) {
  Confirmed confirmed;
  const auto generation = take_number(text);
  if (!generation || !text.starts_with(' ')) {
    return std::nullopt;
  }
  confirmed.generation = *generation;
  text.remove_prefix(1);
  const std::size_t blank = std::min(text.find(' '), text.size());
  confirmed.ca_sha256 = text.substr(0, blank);
  text.remove_prefix(blank);
  if (text.empty()) {
    return confirmed;
  }
  text.remove_prefix(1);
  const auto policy = take_number(text);
  if (!policy || !text.empty()) {
    return std::nullopt;
  }
  confirmed.policy = *policy;
  return confirmed;
}

std::optional<Confirmed> read_confirmed(const vault::Vault& vault) {
  const auto kept = vault.fetch_system(kEntry);
  return kept ? decode_confirmed(kept->reveal()) : std::nullopt;
}

void Confirmation::set_in_force(std::string ca_sha256, std::uint64_t policy) {
  const std::lock_guard guard(mutex_);
  ca_sha256_ = std::move(ca_sha256);
  policy_ = policy;
}

void Confirmation::tell() {
  const std::lock_guard guard(mutex_);
  Confirmed now{vault_.generation_read(), ca_sha256_, policy_};
  if (told_ == now) {
    return;
  }
  const auto value = vault::Secret::copy_of(encode_confirmed(now));
  if (value && vault_.put_system(kEntry, *value)) {
    told_ = std::move(now);
  }
}

Problem await_confirmation(const Home& home,
                           vault::Vault& vault,
                           const std::string& done,
                           const Wanted& wanted) {
  const std::uint64_t generation = vault.generation();
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  std::optional<RunningProxy> running = find_running(home);
  while (running) {
    // An error shows in that nothing is confirmed.
    static_cast<void>(vault.refresh());
    if (is_confirmed(vault, generation, wanted)) {
      return std::nullopt;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      const std::string pid = running->pid > 0 ? " (pid " + std::to_string(running->pid) + ")" : "";
      return Failure{Exit::no,
                     done + ", but the running proxy" + pid +
                         " did not confirm it: it may still go by what was before",
                     "stop it, or start it anew; see what it says on stderr"};
    }
    std::this_thread::sleep_for(kLookAgain);
    running = find_running(home);
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
