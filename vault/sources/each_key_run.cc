// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/each_key_run.h"

namespace keyswap::vault {

Step EachKeyRun::brought(std::variant<Secret, Failed> value,
                         std::string version,
                         std::optional<std::int64_t> expires_at) {
  if (auto* failed = std::get_if<Failed>(&value)) {
    return missed(std::move(*failed));
  }
  done_.values.push_back(
      {keys_[at_], std::move(std::get<Secret>(value)), std::move(version), expires_at});
  return to_next();
}

Step EachKeyRun::missed(Failed failed) {
  const bool is_its_own =
      failed.fault == FetchFault::not_found || failed.fault == FetchFault::bad_answer;
  if (!is_its_own || keys_.size() == 1) {
    return failed;
  }
  return to_next();
}

Step EachKeyRun::to_next() {
  ++at_;
  return at_ < keys_.size() ? ask() : Step(std::move(done_));
}

}  // namespace keyswap::vault
