// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/confirmation.h"

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

bool is_confirmed(const vault::Vault& vault, std::uint64_t wanted, const std::string& ca_sha256) {
  const auto confirmed = read_confirmed(vault);
  return confirmed && confirmed->generation >= wanted &&
         (ca_sha256.empty() || confirmed->ca_sha256 == ca_sha256);
}

}  // namespace

std::string encode_confirmed(const Confirmed& confirmed) {
  return std::to_string(confirmed.generation) + " " + confirmed.ca_sha256;
}

std::optional<Confirmed> decode_confirmed(std::string_view text) {
  Confirmed confirmed;
  const std::from_chars_result end =
      std::from_chars(text.data(), text.data() + text.size(), confirmed.generation);
  const auto digits = static_cast<std::size_t>(end.ptr - text.data());
  if (end.ec != std::errc() || digits == text.size() || text[digits] != ' ') {
    return std::nullopt;
  }
  confirmed.ca_sha256 = text.substr(digits + 1);
  return confirmed;
}

std::optional<Confirmed> read_confirmed(const vault::Vault& vault) {
  const auto kept = vault.fetch_system(kEntry);
  return kept ? decode_confirmed(kept->reveal()) : std::nullopt;
}

void Confirmation::set_ca(std::string sha256) {
  const std::lock_guard guard(mutex_);
  ca_sha256_ = std::move(sha256);
}

void Confirmation::tell() {
  const std::lock_guard guard(mutex_);
  Confirmed now{vault_.generation_read(), ca_sha256_};
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
                           const std::string& ca_sha256) {
  const std::uint64_t wanted = vault.generation();
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  std::optional<RunningProxy> running = find_running(home);
  while (running) {
    // An error shows in that nothing is confirmed.
    static_cast<void>(vault.refresh());
    if (is_confirmed(vault, wanted, ca_sha256)) {
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
