// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/policy_watch.h"

#include <utility>

#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/muted_terminal.h"
#include "proxy/cli/question.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using audit::ApprovalEvent;
using base::bounds::kChangesShownMax;

// Somebody else's terminal, or one that we are in the background of, is not asked.
bool can_ask() {
  return isatty(STDIN_FILENO) == 1 && is_in_front(STDIN_FILENO);
}

// Who is asked sees all of it, as `bindings approve` shows it: what matters may stand last.
bool may_come_into_force(const std::vector<std::string>& changes) {
  if (!can_ask()) {
    show_changes(changes, kChangesShownMax);
    return false;
  }
  show_all_changes(changes);
  return ask_yes("Shall it come into force?");
}

}  // namespace

Problem PolicyWatch::accept_first(vault::Vault& vault,
                                  const LoadedPolicy& loaded,
                                  const StartingApproval& starting) {
  auto standing = standing_of(vault, loaded.text);
  if (!standing) {
    return standing.failure();
  }
  const Approved& approved = standing.value();
  digest_ = digest_of(loaded.text);
  if (approved.standing == Standing::never) {
    return begin(loaded, starting);
  }
  if (approved.standing == Standing::approved) {
    static_cast<void>(settle(home_, vault, approved, loaded.text));  // else at the next start
    number_ = approved.approval->number;
    return std::nullopt;
  }
  if (approves_itself(approved)) {
    // Nobody was asked, so there is nothing to tell: `start` says which file it was.
    pending_ = Pending{approved, loaded.text};
    number_ = approved.approval->number + 1;
    return std::nullopt;
  }
  note(file_ + " is another than what was approved. It would change:");
  if (!may_come_into_force(changes_of(home_, approved, file_, loaded))) {
    return refuse(approved.approval->number, loaded);
  }
  auto key = open_approval_key(approved, starting.options);
  return key ? renew(vault, loaded, approved, key.value()) : Problem(key.failure());
}

Problem PolicyWatch::refuse(std::uint64_t number, const LoadedPolicy& loaded) {
  number_ = number;
  told_ = note_of(ApprovalEvent::refused, loaded);
  return Failure{Exit::no, file_ + " is not approved", "if it is what you want: " + command()};
}

// The first policy of a home is what whoever starts it finds there; who sits at it is shown it.
Problem PolicyWatch::begin(const LoadedPolicy& loaded, const StartingApproval& starting) {
  const bool by_key = starting.has_key_file;
  if (!by_key && can_ask()) {
    note("nothing is approved in this home yet. " + file_ + " says:");
    if (!may_come_into_force(changes_of(home_, {}, file_, loaded))) {
      return refuse(0, loaded);
    }
  } else {
    note("nothing was approved in this home yet: " + file_ + " is approved as it is");
  }
  const auto mode = by_key ? vault::ApprovalMode::key : vault::ApprovalMode::passphrase;
  pending_ = Pending{nothing_approved(mode), loaded.text};
  number_ = 1;
  told_ = note_of(ApprovalEvent::first, loaded);
  if (!by_key) {
    note("  from now on, changes of it come into force with: " + command());
  }
  return std::nullopt;
}

void PolicyWatch::keep(vault::Vault& vault) {
  if (!pending_) {
    return;
  }
  if (auto problem = approve(home_, vault, pending_->before, pending_->policy, {})) {
    report(*problem);
  }
  pending_.reset();
}

Problem PolicyWatch::renew(vault::Vault& vault,
                           const LoadedPolicy& loaded,
                           const Approved& before,
                           const ApprovalKey& key) {
  if (auto problem = approve(home_, vault, before, loaded.text, key)) {
    return problem;
  }
  number_ = before.approval->number + 1;
  told_ = note_of(ApprovalEvent::renewed, loaded);
  return std::nullopt;
}

net::Reloaded PolicyWatch::refuse_reload(Failure failure) {
  refusal_ = std::move(failure);
  report(refusal_);
  return {};
}

net::Reloaded PolicyWatch::accept(vault::Vault& vault, const LoadedPolicy& loaded) {
  // Another process approved it.
  if (const auto refreshed = vault.refresh(); !refreshed) {
    return refuse_reload({Exit::cannot,
                          "the vault cannot be read again: " + explain(refreshed.error()),
                          "the bindings in force stay in force"});
  }
  auto standing = standing_of(vault, loaded.text);
  if (!standing) {
    return refuse_reload(standing.failure());
  }
  const Approved& approved = standing.value();
  if (approved.standing == Standing::approved) {
    digest_ = digest_of(loaded.text);
    const bool is_new =
        approved.approval->number != std::exchange(number_, approved.approval->number);
    return {complete_(loaded),
            is_new ? std::optional(note_of(ApprovalEvent::renewed, loaded)) : std::nullopt};
  }
  if (approved.standing == Standing::unapproved && approves_itself(approved)) {
    if (auto problem = renew(vault, loaded, approved, {})) {
      return refuse_reload(std::move(*problem));
    }
    digest_ = digest_of(loaded.text);
    return {complete_(loaded), std::nullopt};
  }
  static_cast<void>(
      refuse_reload({Exit::no,
                     file_ + " is another than what was approved; what is in force stays in force",
                     "if it is what you want: " + command()}));
  note("it would change:");
  show_changes(changes_of(home_, approved, file_, loaded), kChangesShownMax);
  return {std::nullopt, note_of(ApprovalEvent::refused, loaded)};
}

std::optional<net::Reloaded> PolicyWatch::hold(const vault::Vault& vault,
                                               const std::string& own_ca_pem,
                                               const Check& check) {
  const auto approval = vault::read_approval(vault);
  if (!approval && approval.error().code == base::Errc::locked) {
    return std::nullopt;  // the file cannot be trusted just now, and nothing of it is used
  }
  if (!approval) {
    return lose(explain(approval.error()));
  }
  if (!*approval || (*approval)->mode == vault::ApprovalMode::key ||
      vault::covers(**approval, digest_)) {
    is_lost_ = false;
    return std::nullopt;
  }
  auto loaded = load_approved(home_, **approval, file_, own_ca_pem);
  if (!loaded) {
    return lose(loaded.failure().what);
  }
  if (const auto refused = check(*loaded->policy.bindings)) {
    return lose(refused->what);
  }
  is_lost_ = false;
  digest_ = digest_of(loaded->text);
  number_ = (*approval)->number;
  note("what was in force is approved no more; what is approved, number " +
       std::to_string(number_) + ", is in force now");
  return net::Reloaded{complete_(loaded.value()), note_of(ApprovalEvent::renewed, loaded.value())};
}

// Said once, as it is asked twice a second.
net::Reloaded PolicyWatch::lose(const std::string& why) {
  if (!std::exchange(is_lost_, true)) {
    report({Exit::no,
            "what is in force is approved no more, and what is approved cannot be had: " + why +
                "; no secret is used, and no caller's token counts",
            "put the approved file in place and send SIGHUP, or approve another: " + command()});
  }
  return {};
}

std::string PolicyWatch::command() const {
  const std::string which = file_ == home_.bindings() ? "" : " --bindings " + file_;
  return "keyswap bindings approve" + which;
}

net::ApprovalNote PolicyWatch::note_of(audit::ApprovalEvent event,
                                       const LoadedPolicy& loaded) const {
  return {event, number_, loaded.policy.bindings->sha256};
}

}  // namespace keyswap::cli
