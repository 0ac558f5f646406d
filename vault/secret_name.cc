// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_name.h"

#include <algorithm>

namespace keyswap::vault {

namespace {

constexpr std::size_t kNameBytesMax = 128;

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

base::Result<SecretName> SecretName::parse(std::string_view text) {
  const bool begins_well =
      !text.empty() && (is_letter_or_digit(text.front()) || text.front() == '_');
  const bool is_clean = std::ranges::all_of(
      text, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
  if (!begins_well || !is_clean || text.size() > kNameBytesMax) {
    return base::Error{base::Errc::invalid_input,
                       "a secret's name is 1 to 128 of A-Z a-z 0-9 _ . - and begins with a letter, "
                       "digit or _"};
  }
  return SecretName(text);
}

}  // namespace keyswap::vault
