// SPDX-License-Identifier: Apache-2.0
//
// A reload of the running proxy, from both sides. The proxy says in serve.lock which reload it
// begins, and what became of it; a command signals, and waits for the first that began behind its
// signal. What is in force by an approval is also confirmed in the vault, which nobody can write
// who has no passphrase (proxy/cli/confirmation.h).
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/serve_lock.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The proxy's side, which says in serve.lock all that changes; used by one thread at a time. What
// cannot be written is said on stderr: the proxy itself needs none of it.
class ReloadNotes {
 public:
  ReloadNotes() = default;

  // `proxy` is what was announced when it became ready. `lock` outlives this.
  ReloadNotes(ServeLock& lock, RunningProxy proxy) : lock_(&lock), proxy_(std::move(proxy)) {}

  void begin();
  // What the reload under way does not take, and what to do; the first counts.
  void refuse(const Failure& failure);
  void end();

  // Besides, what ails it; nothing is written where that is as it was.
  void tell(const net::Troubles& troubles);

 private:
  void announce();

  ServeLock* lock_ = nullptr;  // null: nothing is said
  RunningProxy proxy_;
  bool has_failed_ = false;  // to say it, the last time
};

// A command's side: lets the proxy that runs on this home read its files anew, and waits for it.
// Nothing when none runs; `no` when it refused or did not answer in bounds::kConfirmMs.
Outcome<std::optional<RunningProxy>> reload_and_wait(const Home& home);

// The same for who changed `file`, and approved it: waits until the proxy goes by it, and says so.
// `done` is what was done all the same.
Problem put_in_force(const Home& home,
                     vault::Vault& vault,
                     const std::string& file,
                     const std::string& done);

}  // namespace keyswap::cli
