// SPDX-License-Identifier: Apache-2.0
//
// A run of a vendor that is asked for one key at a time: what one key's answer is has nothing to do
// with the others, unless the vendor itself cannot be had. Fields of one key that are asked for
// together are of one answer, so that they belong together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vault/sources/backend_parts.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

class EachKeyRun : public Run {
 public:
  explicit EachKeyRun(std::span<const std::string> keys) : keys_(keys.begin(), keys.end()) {}

  [[nodiscard]] RunOutcome cut_off(Failed why) override { return give_up(std::move(why)); }

 protected:
  // The first step for key().
  virtual Step ask() = 0;

  // What a key says, where a vendor's keys say more.
  [[nodiscard]] virtual KeyParts read_key(std::string_view text) const { return parts_of(text); }

  // The key that is asked for, and the field of its value.
  [[nodiscard]] KeyParts key() const { return read_key(keys_[at_]); }

  // What came for it; then the next one.
  Step brought(std::variant<Secret, Failed> value,
               std::string version,
               std::optional<std::int64_t> expires_at = std::nullopt);
  // The same for all fields of this key; `pick` gives one of them, "" the whole.
  using Pick = std::function<std::variant<Secret, Failed>(std::string_view field)>;
  Step brought_fields(const Pick& pick,
                      const std::string& version,
                      std::optional<std::int64_t> expires_at = std::nullopt);
  // Nothing came for it, so for none of its fields. That it is not there, or cannot be read, is not
  // in the others' way. A vendor that cannot be had is asked for no more of them, and what came
  // stays; where it said nothing of any key, it is down. One that says that it is asked too much,
  // or when it may be asked again, rests until then. A credential that is lost ends the run.
  Step missed(Failed failed);

 private:
  Step keep_fields(const Pick& pick,
                   const std::string& version,
                   std::optional<std::int64_t> expires_at);
  RunOutcome give_up(Failed failed);
  [[nodiscard]] bool is_down() const;  // nothing came, and it said of no key what that is like
  // Nothing: it is in what the run will end with.
  std::optional<Failed> keep(std::variant<Secret, Failed> value,
                             std::string version,
                             std::optional<std::int64_t> expires_at);
  Step to_next();

  std::vector<std::string> keys_;
  std::size_t at_ = 0;
  bool is_in_doubt_ = false;  // the last key's failure may be the vendor's
  Done done_;
};

}  // namespace keyswap::vault
