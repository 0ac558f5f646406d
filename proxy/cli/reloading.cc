// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/reloading.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"
#include "vault/approval.h"

namespace keyswap::cli {

namespace {

constexpr int kStartingMs = 15'000;
constexpr std::chrono::milliseconds kLookAgain{10};

std::string resolved(const std::string& path) {
  char* const found = realpath(path.c_str(), nullptr);
  std::string text = found == nullptr ? path : found;
  std::free(found);  // NOLINT(cppcoreguidelines-no-malloc): realpath's own
  return text;
}

std::string name_of(pid_t proxy) {
  return "the running proxy (pid " + std::to_string(proxy) + ")";
}

// The proxy as it is when reload number `wanted` is over; nothing if it has not come to that.
std::optional<RunningProxy> await_reload(const Home& home, pid_t pid, std::uint64_t wanted) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  while (std::chrono::steady_clock::now() < deadline) {
    auto running = find_running(home);
    if (!running || (running->is_ready() && running->pid != pid)) {
      return std::nullopt;  // it ended
    }
    if (running->is_ready() && running->reloads.done >= wanted) {
      return running;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return std::nullopt;
}

}  // namespace

void ReloadNotes::begin() {
  ++proxy_.reloads.begun;
  proxy_.reloads.refused.clear();
  proxy_.reloads.hint.clear();
  announce();
}

void ReloadNotes::refuse(const Failure& failure) {
  if (proxy_.reloads.refused.empty()) {
    proxy_.reloads.refused = failure.what;
    proxy_.reloads.hint = failure.hint;
  }
}

void ReloadNotes::end() {
  proxy_.reloads.done = proxy_.reloads.begun;
  announce();
}

void ReloadNotes::tell(const net::Troubles& troubles) {
  if (proxy_.troubles == troubles && !has_failed_) {
    return;
  }
  for (const net::TroubledSource& one : troubles.sources) {
    const bool was_told = std::ranges::any_of(proxy_.troubles.sources, [&one](const auto& before) {
      return before.id == one.id && before.outage.needs_login;
    });
    if (one.outage.needs_login && !was_told) {
      warn("the source " + printable(one.id) + " waits for a log-in",
           printable(advice_to_log_in(one.id)));
    }
  }
  proxy_.troubles = troubles;
  announce();
}

void ReloadNotes::announce() {
  if (lock_ == nullptr) {
    return;
  }
  auto problem = lock_->announce(proxy_);
  if (problem && !has_failed_) {
    report(*problem);
  }
  has_failed_ = problem.has_value();  // what looks again then says it again
}

Outcome<std::optional<RunningProxy>> reload_and_wait(const Home& home) {
  const auto before = find_ready(home, kStartingMs);
  if (!before) {
    return std::optional<RunningProxy>();
  }
  if (kill(before->pid, SIGHUP) != 0) {
    return Failure{Exit::cannot,
                   "cannot signal " + name_of(before->pid) + ": " + explain_errno(errno),
                   "run this as the proxy's user"};
  }
  auto after = await_reload(home, before->pid, before->reloads.begun + 1);
  if (!after) {
    return Failure{Exit::no,
                   name_of(before->pid) + " did not say that it read its files",
                   "see what it says on stderr; keyswap status tells whether it runs"};
  }
  if (!after->reloads.refused.empty()) {
    return Failure{Exit::no,
                   name_of(before->pid) + " goes on as before: " + after->reloads.refused,
                   after->reloads.hint};
  }
  return after;
}

Problem put_in_force(const Home& home,
                     vault::Vault& vault,
                     const std::string& file,
                     const std::string& done) {
  const auto found = vault::read_approval(vault);
  if (!found) {
    return Failure{Exit::no,
                   done + ", but what is approved cannot be read: " + explain(found.error()),
                   "see what the running proxy says on stderr"};
  }
  const bool is_told = signal_proxy(home, vault);
  const auto& approval = *found;
  if (!approval) {
    return std::nullopt;  // nothing was approved: the file counts when serve starts on it
  }
  // Where a key approves, the proxy goes by its file; else by what is approved, whichever it reads.
  const auto running = find_running(home);
  if (approval->mode == vault::ApprovalMode::key && running && running->is_ready() &&
      resolved(running->bindings) != resolved(file)) {
    note(name_of(running->pid) + " serves another file: " + running->bindings);
    return std::nullopt;
  }
  const auto proxy = find_proxy(home, vault);
  const std::string policy = base::to_hex(approval->policy.digest);
  if (auto unconfirmed = await_in_force(home, vault, done, {.ca_sha256 = {}, .policy = policy})) {
    return unconfirmed;
  }
  if (is_told && proxy) {
    note(name_of(*proxy) + " goes by it from now on");
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
