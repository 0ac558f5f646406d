// SPDX-License-Identifier: Apache-2.0
//
// Which policy the operator approved (I17), as the vault remembers it: the digest of all that was
// approved, sealed as the system entry `policy-approval`. Nobody makes or changes the entry without
// the vault's key, and the manifest shows that it was removed or put back. What a policy is,
// bindings/policy_text.h says; proxy/cli/approval.h keeps the approved text and asks the operator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/seal.h"
#include "vault/signing_key.h"
#include "vault/vault.h"

namespace keyswap::vault {

inline constexpr std::string_view kApprovalName = "policy-approval";

// Who approves.
enum class ApprovalMode : std::uint8_t {
  key,             // whoever opens the vault, `serve` too: a changed file approves itself
  passphrase,      // a command that was given the vault's passphrase
  own_passphrase,  // a command that was given a passphrase for nothing but this
};

// Of ApprovalMode::own_passphrase: an Ed25519 key that signs what is approved. Its seed is sealed
// under the passphrase as a vault's data key is, so that who holds the vault's key alone (`serve`)
// can check a signature, and make none.
struct ApprovalSigner {
  std::string public_key;  // 32 bytes
  Header sealed_seed;
};

struct ApprovedPolicy {
  std::string digest;     // policy_digest()
  std::string signature;  // 64 bytes where there is a signer, else ""
};

struct Approval {
  ApprovalMode mode = ApprovalMode::passphrase;
  std::uint64_t number = 0;  // one more with each policy that is approved
  ApprovedPolicy policy;
  // While a command replaces the file: what the file will be. Both are approved until it is done.
  std::optional<ApprovedPolicy> next;
  std::optional<ApprovalSigner> signer;  // just where the mode is own_passphrase
};

// BLAKE2b of the whole text of a policy; 32 bytes.
std::string policy_digest(std::string_view policy);

// Is that one of the policies that are approved, rightly signed where there is a signer?
bool covers(const Approval& approval, std::string_view digest);

// The value of the entry, and back; nothing for a text that encode_approval() does not give.
std::string encode_approval(const Approval& approval);
std::optional<Approval> decode_approval(std::string_view text);

// Nothing: the vault never had an approval (it is older than approvals are). corrupt.
base::Result<std::optional<Approval>> read_approval(const Vault& vault);
base::Status write_approval(Vault& vault, const Approval& approval);

// A new key that signs, sealed under a passphrase of its own. As Vault::create.
base::Result<ApprovalSigner> make_approval_signer(const Secret& passphrase, std::int64_t now_s);
// wrong_passphrase; else as Vault::open.
base::Result<SigningKey> open_approval_signer(const ApprovalSigner& signer,
                                              const Secret& passphrase);
// `key` is that of the approval's signer; null where there is none.
ApprovedPolicy approved_policy(std::string_view digest, const SigningKey* key);

}  // namespace keyswap::vault
