// SPDX-License-Identifier: Apache-2.0
//
// How a command's decision on a held request reaches the running proxy: by the vault, so that only
// who opens the vault decides, and the decision survives whatever ends the command. The proxy
// takes it from there, as it takes over whatever a command changed in the vault, and takes it away
// once it is carried out (proxy/net/approvals.h); the command waits for that.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/approvals/operation.h"
#include "proxy/approvals/operation_file.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/net/approvals.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct ApprovalDecision {
  std::string operation;  // its id
  bool allows = false;
  std::uint64_t version = 0;  // of the operation that was seen
  std::string by;

  bool operator==(const ApprovalDecision&) const = default;
};

// As the vault keeps it, and back; pure.
std::string encode_decision(const ApprovalDecision& decision);
std::optional<ApprovalDecision> decode_decision(std::string_view operation, std::string_view text);

// The proxy's side, at its start: the file of operations, made if there is none, and their key.
Outcome<net::ApprovalParts> open_approvals(const Home& home, const vault::Vault& vault);

// Has what commands decided carried out. It outlives that, as the vault does.
class DecisionCourier {
 public:
  // Once the vault was read; waits for no disk.
  void look(vault::Vault& vault, net::Approvals& approvals);

 private:
  void carry_out(const std::string& entry, vault::Vault& vault, net::Approvals& approvals);

  std::mutex mutex_;
  std::set<std::string> under_way_;  // guarded by mutex_; entries of the vault
};

// The command's side: keeps the decision, and waits until it is carried out. What has become of the
// operation; a failure (`no`) if that is not done in bounds::kConfirmMs: then nothing is decided.
Outcome<approvals::Operation> decide(const Home& home,
                                     vault::Vault& vault,
                                     const ApprovalDecision& decision);

// Also while a proxy writes the file; none where there is no file.
Outcome<std::vector<approvals::Operation>> read_operations(const Home& home);
// What was asked for, out of its seal.
Outcome<std::string> read_operation_request(const Home& home,
                                            const vault::Vault& vault,
                                            const std::string& id);

}  // namespace keyswap::cli
