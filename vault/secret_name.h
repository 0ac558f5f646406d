// SPDX-License-Identifier: Apache-2.0
//
// The printable handle of a secret: what may stand in logs, records and errors in its place.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::vault {

class SecretName {
 public:
  SecretName() = default;

  // 1-128 of [A-Za-z0-9_.-], beginning with a letter, digit or '_'; else invalid_input.
  static base::Result<SecretName> parse(std::string_view text);

  // The name of what keyswap makes or captures under the user's name `base`, such as "K#access" or
  // "GH_TOKEN@alice": it is in nobody's way, because parse() refuses it. `suffix` begins with '#'
  // or '@', and goes on like a name.
  static SecretName internal(const SecretName& base, std::string_view suffix);
  // A name of either form, as it stands in the vault's file; else invalid_input.
  static base::Result<SecretName> parse_stored(std::string_view text);
  // Not a name that a user gave.
  [[nodiscard]] bool is_internal() const;

  [[nodiscard]] const std::string& text() const { return text_; }

  auto operator<=>(const SecretName&) const = default;  // NOLINT(modernize-use-nullptr): its 0

 private:
  explicit SecretName(std::string_view text) : text_(text) {}

  std::string text_;
};

}  // namespace keyswap::vault

template <>
struct std::hash<keyswap::vault::SecretName> {
  std::size_t operator()(const keyswap::vault::SecretName& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
