// SPDX-License-Identifier: Apache-2.0
//
// I17 for `serve`: holds each policy that is read, at the start and at a reload, against what is
// approved, and the one in force whenever another may have been approved. Tells the operator and
// the log what became of it. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "proxy/cli/approval.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/net/server.h"
#include "vault/vault.h"

namespace keyswap::cli {

// How somebody who starts the proxy can approve.
struct StartingApproval {
  bool has_key_file = false;  // the home's opened the vault
  ApprovalOptions options;
};

class PolicyWatch {
 public:
  PolicyWatch() = default;

  PolicyWatch(Home home, std::string bindings_file)
      : home_(std::move(home)), file_(std::move(bindings_file)) {}

  // What comes into force of a policy that may.
  using Complete = std::function<net::Policy(const LoadedPolicy&)>;

  void complete_by(Complete complete) { complete_ = std::move(complete); }

  // The first policy. A home that never had an approval gets its first one. Another policy than the
  // approved one: asks, where there is somebody to ask on the terminal that is our standard input;
  // else a failure, behind what it would change, on stderr.
  Problem accept_first(vault::Vault& vault,
                       const LoadedPolicy& loaded,
                       const StartingApproval& starting);

  // Writes down what was approved without a question. A start that fails leaves the home as it was,
  // so this comes once the proxy is ready. What fails here is tried again at the next start.
  void keep(vault::Vault& vault);

  // What to record of that, also of a refusal.
  [[nodiscard]] std::optional<net::ApprovalNote> told_at_start() const { return told_; }

  // One of a reload. What is not approved is said on stderr, and does not come into force.
  net::Reloaded accept(vault::Vault& vault, const LoadedPolicy& loaded);

  // Why this process does not serve by these bindings, if it does not.
  using Check = std::function<Problem(const bindings::Bindings&)>;

  // Whenever the vault was read anew (net::Behind::hold_policy): holds the policy in force
  // against what is approved by now, whatever the bindings file says. Where a key approves, the
  // file does. `own_ca_pem`: as for load_policy(). What `check` has something against is approved,
  // and is not put in force: then there is none.
  std::optional<net::Reloaded> hold(const vault::Vault& vault,
                                    const std::string& own_ca_pem,
                                    const Check& check);

  // Of the policy in force (vault::policy_digest).
  [[nodiscard]] const std::string& digest() const { return digest_; }

  // Why the last one of these did not come into force.
  [[nodiscard]] const Failure& refusal() const { return refusal_; }

 private:
  struct Pending {
    Approved before;
    bindings::PolicyText policy;
  };

  Problem begin(const LoadedPolicy& loaded, const StartingApproval& starting);
  // Says it on stderr, too.
  net::Reloaded refuse_reload(Failure failure);
  Problem refuse(std::uint64_t number, const LoadedPolicy& loaded);
  net::Reloaded lose(const std::string& why);
  Problem renew(vault::Vault& vault,
                const LoadedPolicy& loaded,
                const Approved& before,
                const ApprovalKey& key);
  [[nodiscard]] std::string command() const;
  [[nodiscard]] net::ApprovalNote note_of(audit::ApprovalEvent event,
                                          const LoadedPolicy& loaded) const;

  Home home_;
  std::string file_;
  std::uint64_t number_ = 0;  // of the policy in force, as what follows
  std::string digest_;
  bool is_lost_ = false;  // it is approved no more, and what is approved cannot be had
  std::optional<net::ApprovalNote> told_;
  std::optional<Pending> pending_;
  Failure refusal_;
  Complete complete_ = [](const LoadedPolicy& loaded) {
    return loaded.policy;
  };
};

}  // namespace keyswap::cli
