// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/each_key_run.h"

namespace keyswap::vault {

Step EachKeyRun::brought(std::variant<Secret, Failed> value,
                         std::string version,
                         std::optional<std::int64_t> expires_at) {
  auto failed = keep(std::move(value), std::move(version), expires_at);
  return failed ? Step(std::move(*failed)) : to_next();
}

Step EachKeyRun::brought_fields(const Pick& pick,
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

Step EachKeyRun::missed(Failed failed) {
  return brought_fields([&](std::string_view) { return failed; }, "");
}

std::optional<Failed> EachKeyRun::keep(std::variant<Secret, Failed> value,
                                       std::string version,
                                       std::optional<std::int64_t> expires_at) {
  if (auto* secret = std::get_if<Secret>(&value)) {
    done_.values.push_back({keys_[at_], std::move(*secret), std::move(version), expires_at});
    return std::nullopt;
  }
  auto& failed = std::get<Failed>(value);
  const bool is_its_own =
      failed.fault == FetchFault::not_found || failed.fault == FetchFault::bad_answer;
  if (!is_its_own || keys_.size() == 1) {
    return std::move(failed);
  }
  done_.missed.push_back({keys_[at_], std::move(failed)});
  return std::nullopt;
}

Step EachKeyRun::to_next() {
  ++at_;
  return at_ < keys_.size() ? ask() : Step(std::move(done_));
}

}  // namespace keyswap::vault
