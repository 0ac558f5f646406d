// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/each_key_run.h"

#include <algorithm>

namespace keyswap::vault {

namespace {

// That it is not there, or is no value.
bool is_its_own(const Failed& failed) {
  return failed.fault == FetchFault::not_found || failed.fault == FetchFault::bad_answer;
}

}  // namespace

Step EachKeyRun::brought(std::variant<Secret, Failed> value,
                         std::string version,
                         std::optional<std::int64_t> expires_at) {
  is_in_doubt_ = false;
  auto failed = keep(std::move(value), std::move(version), expires_at);
  return failed ? Step(std::move(*failed)) : to_next();
}

Step EachKeyRun::brought_fields(const Pick& pick,
                                const std::string& version,
                                std::optional<std::int64_t> expires_at) {
  is_in_doubt_ = false;
  return keep_fields(pick, version, expires_at);
}

// A 5xx may be one key's alone, as of a mount that is broken; two on end are the vendor's.
Step EachKeyRun::missed(Failed failed) {
  const bool is_unavailable = failed.fault == FetchFault::unavailable;
  const bool was_in_doubt = std::exchange(is_in_doubt_, is_unavailable);
  const bool may_be_its_own = failed.outcome == "server_error" && !failed.asks_for_rest();
  if (is_unavailable && (was_in_doubt || !may_be_its_own)) {
    auto end = give_up(std::move(failed));
    return std::visit([](auto& one) { return Step(std::move(one)); }, end);
  }
  return keep_fields([&](std::string_view) { return failed; }, "", std::nullopt);
}

Step EachKeyRun::keep_fields(const Pick& pick,
                             const std::string& version,
                             std::optional<std::int64_t> expires_at) {
  const std::string_view name = key().key;
  for (bool is_last = false; !is_last;) {
    auto failed = keep(pick(key().field), version, expires_at);
    if (failed) {
      return std::move(*failed);
    }
    is_last = at_ + 1 == keys_.size() || read_key(keys_[at_ + 1]).key != name;
    at_ += is_last ? 0 : 1;
  }
  return to_next();
}

// What came is kept.
RunOutcome EachKeyRun::give_up(Failed failed) {
  if (is_down()) {
    return failed;
  }
  if (failed.asks_for_rest()) {
    done_.rests = failed;
  }
  for (; at_ < keys_.size(); ++at_) {
    done_.missed.push_back({keys_[at_], failed});
  }
  return std::move(done_);
}

bool EachKeyRun::is_down() const {
  return done_.values.empty() && std::ranges::none_of(done_.missed, [](const Missed& one) {
           return is_its_own(one.failed);
         });
}

std::optional<Failed> EachKeyRun::keep(std::variant<Secret, Failed> value,
                                       std::string version,
                                       std::optional<std::int64_t> expires_at) {
  if (auto* secret = std::get_if<Secret>(&value)) {
    done_.values.push_back({keys_[at_], std::move(*secret), std::move(version), expires_at});
    return std::nullopt;
  }
  auto& failed = std::get<Failed>(value);
  if (failed.fault == FetchFault::auth_lost || failed.fault == FetchFault::needs_login ||
      keys_.size() == 1) {
    return std::move(failed);
  }
  done_.missed.push_back({keys_[at_], std::move(failed)});
  return std::nullopt;
}

Step EachKeyRun::to_next() {
  ++at_;
  if (at_ < keys_.size()) {
    return ask();
  }
  return is_down() ? Step(std::move(done_.missed.front().failed)) : Step(std::move(done_));
}

}  // namespace keyswap::vault
