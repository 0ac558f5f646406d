// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approving.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "bindings/digest.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/home_creation.h"

namespace keyswap::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kKeyLabel = "keyswap-approval-key-v1";
constexpr std::string_view kDecisionPrefix = "decision-";
constexpr std::string_view kAllow = "allow";
constexpr std::string_view kDeny = "deny";
constexpr std::string_view kHow = "command";
constexpr std::chrono::milliseconds kLookAgain{20};

std::string entry_of(std::string_view operation) {
  return std::string(kDecisionPrefix) + std::string(operation);
}

Failure not_readable(const Home& home, const base::Error& error) {
  return {Exit::cannot,
          "cannot read " + home.approvals() + ": " + explain(error),
          "it must be a file of yours that others cannot open: chmod 600 " + home.approvals()};
}

// Of this vault, and not kept itself: a start changes nothing in the vault.
base::Result<vault::Secret> key_of(const vault::Vault& vault) {
  const auto seed = vault.fetch_system(kSigningSeedName);
  if (!seed) {
    return seed.error();
  }
  bindings::Digest key;
  if (const auto made = key.hmac(bindings::HashKind::sha256, seed->reveal(), kKeyLabel); !made) {
    return made.error();
  }
  return vault::Secret::copy_of(key.view());
}

// Until the proxy has taken it away.
bool is_carried_out(vault::Vault& vault, const std::string& entry) {
  static_cast<void>(vault.refresh());  // what it cannot say now, it says the next time
  return !vault.fetch_system(entry);
}

}  // namespace

std::string encode_decision(const ApprovalDecision& decision) {
  std::string text(decision.allows ? kAllow : kDeny);
  return text.append("\n")
      .append(std::to_string(decision.version))
      .append("\n")
      .append(decision.by);
}

std::optional<ApprovalDecision> decode_decision(std::string_view operation, std::string_view text) {
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view what = text.substr(0, first);
  const std::string_view number = text.substr(first + 1, second - first - 1);
  ApprovalDecision decision{.operation = std::string(operation),
                            .allows = what == kAllow,
                            .by = std::string(text.substr(second + 1))};
  const auto read = std::from_chars(number.data(), number.data() + number.size(), decision.version);
  const bool is_whole = read.ec == std::errc{} && read.ptr == number.data() + number.size();
  return is_whole && (decision.allows || what == kDeny) ? std::optional(decision) : std::nullopt;
}

Outcome<net::ApprovalParts> open_approvals(const Home& home, const vault::Vault& vault) {
  auto file = approvals::OperationFile::open(home.approvals());
  if (!file) {
    return Failure{
        Exit::cannot,
        "cannot open the file of held requests " + home.approvals() + ": " + explain(file.error()),
        "free the disk, or move the file away: what waits there is forgotten then"};
  }
  auto key = key_of(vault);
  if (!key) {
    return Failure{Exit::cannot,
                   "the vault has no key for held requests: " + explain(key.error()),
                   "put back the vault from a backup"};
  }
  return net::ApprovalParts{std::move(*file), std::move(*key)};
}

void DecisionCourier::look(vault::Vault& vault, net::Approvals& approvals) {
  for (const std::string& entry : vault.system_names(kDecisionPrefix)) {
    {
      const std::lock_guard lock(mutex_);
      if (!under_way_.insert(entry).second) {
        continue;
      }
    }
    carry_out(entry, vault, approvals);
  }
}

// What cannot be read or taken away now is tried again with the next look; it is decided once.
void DecisionCourier::carry_out(const std::string& entry,
                                vault::Vault& vault,
                                net::Approvals& approvals) {
  const auto end = [this, &vault, entry](bool is_over) {
    if (is_over) {
      static_cast<void>(vault.remove_system(entry));
    }
    const std::lock_guard lock(mutex_);
    under_way_.erase(entry);
  };
  const auto kept = vault.fetch_system(entry);
  if (!kept) {
    end(false);
    return;
  }
  const auto decision =
      decode_decision(std::string_view(entry).substr(kDecisionPrefix.size()), kept->reveal());
  if (!decision) {
    end(true);
    return;
  }
  approvals.decide_later(decision->operation,
                         decision->allows,
                         {decision->by, std::string(kHow)},
                         decision->version,
                         [end](net::Approvals::Outcome /*outcome*/) { end(true); });
}

Outcome<approvals::Operation> decide(const Home& home,
                                     vault::Vault& vault,
                                     const ApprovalDecision& decision) {
  const std::string entry = entry_of(decision.operation);
  const Failure not_done{Exit::no,
                         "the running proxy did not carry out the decision",
                         "nothing is decided; see: keyswap approve list"};
  if (!find_proxy(home, vault)) {
    return Failure{
        Exit::no, "no proxy runs on this home", "nothing waits where none runs: keyswap serve"};
  }
  const auto text = vault::Secret::copy_of(encode_decision(decision));
  const auto kept = text ? vault.add_system(entry, *text) : base::Status(text.error());
  if (!kept && kept.error().code == base::Errc::already_exists) {
    return Failure{Exit::no,
                   "somebody else is deciding on " + decision.operation + " just now",
                   "see what becomes of it: keyswap approve list"};
  }
  if (!kept) {
    return Failure{
        Exit::cannot, "the vault cannot be written: " + explain(kept.error()), not_done.hint};
  }
  const auto deadline = Clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  while (!is_carried_out(vault, entry)) {
    if (Clock::now() >= deadline || !find_proxy(home, vault)) {
      const auto removed = vault.remove_system(entry);
      if (removed || removed.error().code != base::Errc::not_found) {
        return not_done;
      }
      break;  // in the last moment
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  auto all = read_operations(home);
  if (!all) {
    return all.failure();
  }
  const auto found = std::ranges::find(all.value(), decision.operation, &approvals::Operation::id);
  return found == all.value().end() ? Outcome<approvals::Operation>(not_done)
                                    : Outcome<approvals::Operation>(*found);
}

Outcome<std::vector<approvals::Operation>> read_operations(const Home& home) {
  auto file = approvals::OperationFile::open_to_read(home.approvals());
  if (!file && file.error().code == base::Errc::not_found) {
    return std::vector<approvals::Operation>{};
  }
  auto all = file ? file->read() : base::Result<std::vector<approvals::Operation>>(file.error());
  if (!all) {
    return not_readable(home, all.error());
  }
  return std::move(*all);
}

Outcome<std::string> read_operation_request(const Home& home,
                                            const vault::Vault& vault,
                                            const std::string& id) {
  auto file = approvals::OperationFile::open_to_read(home.approvals());
  const auto sealed =
      file ? file->read_request(id) : base::Result<approvals::SealedRequest>(file.error());
  if (!sealed && sealed.error().code == base::Errc::not_found) {
    return std::string();
  }
  if (!sealed) {
    return not_readable(home, sealed.error());
  }
  auto text = vault.open_backup(net::operation_seal(id), {sealed->nonce, sealed->box});
  if (!text) {
    return Failure{Exit::cannot,
                   "what was asked for by " + id + " does not open: " + explain(text.error()),
                   "deny it; somebody may have changed " + home.approvals()};
  }
  return std::move(*text);
}

}  // namespace keyswap::cli
