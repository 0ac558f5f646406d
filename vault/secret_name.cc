// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_name.h"

#include <algorithm>

#include "proxy/base/assert.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kNameBytesMax = 128;

// What comes behind a user's name: of what a name is for keyswap alone.
constexpr std::string_view kMarks = "#@";

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_of_a_name(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
}

// A mark, and 1 to 128 characters of a name.
bool is_suffix(std::string_view text) {
  return text.size() > 1 && text.size() <= kNameBytesMax + 1 &&
         kMarks.find(text.front()) != std::string_view::npos &&
         std::ranges::all_of(text.substr(1), is_of_a_name);
}

}  // namespace

base::Result<SecretName> SecretName::parse(std::string_view text) {
  const bool begins_well =
      !text.empty() && (is_letter_or_digit(text.front()) || text.front() == '_');
  const bool is_clean = std::ranges::all_of(text, is_of_a_name);
  if (!begins_well || !is_clean || text.size() > kNameBytesMax) {
    return base::Error{base::Errc::invalid_input,
                       "a secret's name is 1 to 128 of A-Z a-z 0-9 _ . - and begins with a letter, "
                       "digit or _"};
  }
  return SecretName(text);
}

SecretName SecretName::internal(const SecretName& base, std::string_view suffix) {
  KS_ASSERT(!base.text().empty() && !base.is_internal() && is_suffix(suffix));
  return SecretName(base.text_ + std::string(suffix));
}

base::Result<SecretName> SecretName::parse_stored(std::string_view text) {
  const std::size_t end = text.find_first_of(kMarks);
  if (end == std::string_view::npos) {
    return parse(text);
  }
  auto base = parse(text.substr(0, end));
  if (!base) {
    return base.error();
  }
  if (!is_suffix(text.substr(end))) {
    return base::Error{base::Errc::invalid_input, "such a name is not one of keyswap's own"};
  }
  return SecretName(text);
}

bool SecretName::is_internal() const {
  return text_.find_first_of(kMarks) != std::string::npos;
}

}  // namespace keyswap::vault
