// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval.h"

#include <filesystem>
#include <utility>

#include "bindings/policy_changes.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_folder.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPrivateMode = 0600;
// Bindings and roots together, as they are kept.
constexpr std::size_t kKeptBytesMax =
    base::bounds::kBindingsFileBytesMax + 64 * base::bounds::kRootFileBytesMax;

std::string kept_file(const Home& home, std::string_view digest) {
  return home.approved() + "/" + base::to_hex(digest);
}

Failure cannot_approve(const base::Error& error) {
  return {Exit::cannot,
          "the approval cannot be written: " + explain(error),
          "what was approved before stays so; look at the disk, and try again"};
}

// Each text has a name of its own, so that none takes the place of one that is still approved.
base::Status keep_text(const Home& home, std::string_view digest, const std::string& text) {
  if (const auto folder = HomeFolder::open(home.approved()); !folder) {
    return folder.error();
  }
  KS_TRY(write_file_if_changed(kept_file(home, digest), text, kPrivateMode));
  return sync_folder(home.path);
}

// Removes the texts of policies that are not approved any more, and nothing else.
void forget_others(const Home& home, const vault::Approval& approval) {
  const auto folder = HomeFolder::open(home.approved());
  if (!folder) {
    return;
  }
  const std::string kept = base::to_hex(approval.policy.digest);
  const std::string kept_too = approval.next ? base::to_hex(approval.next->digest) : kept;
  for (const std::string& name : folder->names()) {
    if (name != kept && name != kept_too && is_hex_name(name, kept.size())) {
      folder->remove(name);
    }
  }
}

std::optional<bindings::PolicyText> kept_text(const Home& home, std::string_view digest) {
  const auto text = read_file(kept_file(home, digest), kKeptBytesMax);
  if (!text || vault::policy_digest(*text) != digest) {
    return std::nullopt;
  }
  return bindings::decode_policy(*text);
}

std::string folder_of(const std::string& file) {
  return std::filesystem::path(absolute_path(file)).parent_path().string();
}

// Writes the text and the entry; those that are approved no more go.
Problem put(const Home& home,
            vault::Vault& vault,
            const vault::Approval& approval,
            const std::string& text) {
  const auto& newest = approval.next ? *approval.next : approval.policy;
  if (const auto kept = keep_text(home, newest.digest, text); !kept) {
    return cannot_approve(kept.error());
  }
  if (const auto written = vault::write_approval(vault, approval); !written) {
    return cannot_approve(written.error());
  }
  forget_others(home, approval);
  return std::nullopt;
}

// The approval with `policy` alone, one further than `before`.
vault::Approval next_of(const vault::Approval& before, vault::ApprovedPolicy policy) {
  vault::Approval approval = before;
  approval.number = before.number + 1;
  approval.policy = std::move(policy);
  approval.next.reset();
  return approval;
}

}  // namespace

std::string digest_of(const bindings::PolicyText& policy) {
  return vault::policy_digest(bindings::encode_policy(policy));
}

Outcome<Approved> standing_of(const vault::Vault& vault, const bindings::PolicyText& policy) {
  auto approval = vault::read_approval(vault);
  if (!approval) {
    return Failure{Exit::cannot,
                   "what was approved cannot be read: " + explain(approval.error()),
                   "put back a backup of vault.db"};
  }
  Approved approved{Standing::never, std::move(*approval)};
  if (approved.approval) {
    approved.standing = vault::covers(*approved.approval, digest_of(policy)) ? Standing::approved
                                                                             : Standing::unapproved;
  }
  return approved;
}

bool approves_itself(const Approved& approved) {
  return !approved.approval || approved.approval->mode == vault::ApprovalMode::key;
}

Outcome<ApprovalKey> open_approval_key(const Approved& approved, const ApprovalOptions& options) {
  if (!approved.approval || !approved.approval->signer) {
    return ApprovalKey{};
  }
  auto passphrase = read_approval_passphrase(options);
  if (!passphrase) {
    return passphrase.failure();
  }
  const WaitNotice notice("opening the key of approvals…");
  auto key = vault::open_approval_signer(*approved.approval->signer,
                                         std::move(passphrase).value().to_secret());
  if (!key) {
    const bool is_wrong = key.error().code == base::Errc::wrong_passphrase;
    return Failure{Exit::cannot,
                   is_wrong ? "wrong passphrase for approvals"
                            : "the key of approvals cannot be opened: " + explain(key.error()),
                   is_wrong ? "it is not the vault's; nothing was changed" : "try again"};
  }
  ApprovalKey opened;
  opened.key.emplace(std::move(*key));
  return opened;
}

Approved nothing_approved(vault::ApprovalMode mode) {
  vault::Approval none;
  none.mode = mode;
  return {Standing::never, std::move(none)};
}

Outcome<NewApproval> nothing_approved(const vault::Secret& passphrase, std::int64_t now_s) {
  auto signer = vault::make_approval_signer(passphrase, now_s);
  auto key = signer ? vault::open_approval_signer(*signer, passphrase)
                    : base::Result<vault::SigningKey>(signer.error());
  if (!key) {
    return Failure{Exit::cannot,
                   "no key for approvals can be made: " + explain(key.error()),
                   "raise the limit of locked memory: ulimit -l"};
  }
  NewApproval made{nothing_approved(vault::ApprovalMode::own_passphrase), {}};
  made.before.approval->signer = std::move(*signer);
  made.key.key.emplace(std::move(*key));
  return made;
}

Problem approve(const Home& home,
                vault::Vault& vault,
                const Approved& before,
                const bindings::PolicyText& policy,
                const ApprovalKey& key) {
  const std::string text = bindings::encode_policy(policy);
  auto approved = vault::approved_policy(vault::policy_digest(text), key.get());
  return put(home, vault, next_of(*before.approval, std::move(approved)), text);
}

Problem approve_and_replace(const Home& home,
                            vault::Vault& vault,
                            const Approved& before,
                            const bindings::PolicyText& policy,
                            const ApprovalKey& key,
                            const std::function<Problem()>& replace) {
  const std::string text = bindings::encode_policy(policy);
  const auto approved = vault::approved_policy(vault::policy_digest(text), key.get());
  vault::Approval both = *before.approval;
  both.next = approved;
  if (auto problem = put(home, vault, both, text)) {
    return problem;
  }
  if (auto problem = replace()) {
    static_cast<void>(vault::write_approval(vault, *before.approval));
    forget_others(home, *before.approval);
    return problem;
  }
  // The file is in place, and is approved already; what fails now is ended at the next start.
  const auto alone = next_of(*before.approval, approved);
  if (const auto written = vault::write_approval(vault, alone); !written) {
    return Failure{Exit::cannot,
                   "the file is in place and approved, but what was approved before it still is, "
                   "too: " +
                       explain(written.error()),
                   "end that with: keyswap bindings approve"};
  }
  forget_others(home, alone);
  return std::nullopt;
}

Problem settle(const Home& home,
               vault::Vault& vault,
               const Approved& approved,
               const bindings::PolicyText& policy) {
  const std::string text = bindings::encode_policy(policy);
  const auto digest = vault::policy_digest(text);
  vault::Approval approval = *approved.approval;
  if (approval.next) {
    const bool is_replaced = approval.next->digest == digest;
    approval = is_replaced ? next_of(approval, *approval.next)
                           : next_of(approval, vault::ApprovedPolicy(approval.policy));
    return put(home, vault, approval, text);
  }
  if (!kept_text(home, digest)) {
    if (const auto kept = keep_text(home, digest, text); !kept) {
      return cannot_approve(kept.error());
    }
  }
  return std::nullopt;
}

Outcome<LoadedPolicy> load_approved(const Home& home,
                                    const vault::Approval& approval,
                                    const std::string& file,
                                    const std::string& own_ca_pem) {
  for (const auto& policy : {std::optional(approval.policy), approval.next}) {
    if (policy && vault::covers(approval, policy->digest)) {
      if (auto text = kept_text(home, policy->digest)) {
        return load_policy_text(std::move(*text), file, own_ca_pem);
      }
    }
  }
  return Failure{Exit::no,
                 "its text is not in " + home.approved(),
                 "put the bindings file that was approved in place, or approve another"};
}

std::optional<bindings::Parsed> approved_bindings(const Home& home,
                                                  const vault::Approval& approval,
                                                  const std::string& file) {
  const auto kept = kept_text(home, approval.policy.digest);
  return kept ? std::optional(parse_bindings(kept->bindings, folder_of(file))) : std::nullopt;
}

std::vector<std::string> changes_of(const Home& home,
                                    const Approved& before,
                                    const std::string& file,
                                    const LoadedPolicy& after) {
  const bindings::PolicyVersion now{after.text, after.policy.bindings.get()};
  const auto kept =
      before.approval ? kept_text(home, before.approval->policy.digest) : std::nullopt;
  if (!kept) {
    const bindings::PolicyText nothing;
    return bindings::policy_changes({nothing, nullptr}, now);
  }
  const auto parsed = parse_bindings(kept->bindings, folder_of(file));
  const bool is_read = parsed.errors.empty();
  return bindings::policy_changes({*kept, is_read ? &parsed.bindings : nullptr}, now);
}

}  // namespace keyswap::cli
