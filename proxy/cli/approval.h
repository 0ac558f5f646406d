// SPDX-License-Identifier: Apache-2.0
//
// I17: which policy may be in force. A policy is approved with the vault's key; the vault keeps its
// digest (vault/approval.h), and the home's folder `approved` its text, to show what another one
// would change. The text there is believed only as far as the digest bears it out: without it
// nothing is refused that is good, and nothing is taken that is not.
//
// Order of writing: the text, then the vault's entry in one transaction, then (where a command
// changes bindings.yaml) the file, with both policies approved until it is in place. So whatever
// ends a command on its way, the file that is there is one that is approved.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bindings/policy_text.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "vault/approval.h"

namespace keyswap::cli {

enum class Standing : unsigned char {
  approved,
  unapproved,
  never,  // nothing was ever approved: the home is older than approvals are
};

struct Approved {
  Standing standing = Standing::never;
  std::optional<vault::Approval> approval;  // nothing: never
};

// What the vault keeps of a policy (vault::policy_digest).
std::string digest_of(const bindings::PolicyText& policy);

// How does this policy stand?
Outcome<Approved> standing_of(const vault::Vault& vault, const bindings::PolicyText& policy);

// May it be changed without a word of the operator's, because whoever opens the vault approves?
bool approves_itself(const Approved& approved);

// What signs approvals, where they have a passphrase of their own; else nothing. Asks for it, or
// reads it from the file that the option names.
struct ApprovalKey {
  std::optional<vault::SigningKey> key;

  [[nodiscard]] const vault::SigningKey* get() const { return key ? &*key : nullptr; }
};

Outcome<ApprovalKey> open_approval_key(const Approved& approved, const ApprovalOptions& options);

// To be given to approve() where nothing was approved before.
Approved nothing_approved(vault::ApprovalMode mode);

// The same with a passphrase of its own, and the key that it opens.
struct NewApproval {
  Approved before;
  ApprovalKey key;
  // False: nothing is approved when the home is made, but by the first `serve`, what it finds then.
  bool is_for_starter = true;
};

Outcome<NewApproval> nothing_approved(const vault::Secret& passphrase, std::int64_t now_s);

// This policy instead of the approved one.
Problem approve(const Home& home,
                vault::Vault& vault,
                const Approved& before,
                const bindings::PolicyText& policy,
                const ApprovalKey& key);

// The same of what a file will be: `replace` puts it in place. What was approved (there is such)
// stays so until that is done, and when it fails; it stays so beside the new one, which is a
// failure too, where the vault cannot be written again.
Problem approve_and_replace(const Home& home,
                            vault::Vault& vault,
                            const Approved& before,
                            const bindings::PolicyText& policy,
                            const ApprovalKey& key,
                            const std::function<Problem()>& replace);

// Ends what a command began that was stopped between file and vault; the policy is approved. Keeps
// its text if it is not there any more. What fails here may be tried again.
Problem settle(const Home& home,
               vault::Vault& vault,
               const Approved& approved,
               const bindings::PolicyText& policy);

// What is approved, by its kept text, as if it stood in `file`; `own_ca_pem` as for load_policy().
Outcome<LoadedPolicy> load_approved(const Home& home,
                                    const vault::Approval& approval,
                                    const std::string& file,
                                    const std::string& own_ca_pem);

// What is approved, if its text was kept; what it says can be used unless it has errors. `file`:
// where it stands, or will.
std::optional<bindings::Parsed> approved_bindings(const Home& home,
                                                  const vault::Approval& approval,
                                                  const std::string& file);

// What `after` changes of what is approved (bindings/policy_changes.h). `file`: as above.
std::vector<std::string> changes_of(const Home& home,
                                    const Approved& before,
                                    const std::string& file,
                                    const LoadedPolicy& after);

}  // namespace keyswap::cli
