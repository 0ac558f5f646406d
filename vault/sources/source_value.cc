// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/source_value.h"

#include "bindings/private_key.h"
#include "proxy/base/bounds.h"
#include "vault/entry_rules.h"

namespace keyswap::vault {

namespace {

using base::Errc;

// A longer text cannot be a value, and is not copied to find that out.
constexpr std::size_t kGivenBytesMax = base::bounds::kSecretBytesMax + 2;

base::Error no_value() {
  return {Errc::corrupt, "what the source gave is no value of a secret"};
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  }
  return text;
}

base::Result<Secret> text_of(const Secret& given) {
  const std::string_view text = without_line_end(given.reveal());
  auto value = text.size() == given.size() ? given.share() : Secret::copy_of(text);
  if (!value) {
    return value.error();
  }
  if (!check_value(*value)) {
    return no_value();
  }
  return value;
}

base::Result<Secret> private_key_of(const Secret& given) {
  const auto key = bindings::PrivateKey::from_text(given.reveal());
  if (!key) {
    return key.error().code == Errc::unavailable ? key.error() : no_value();
  }
  auto der = LockedBuffer::of_capacity(base::bounds::kSecretBytesMax);
  if (!der) {
    return der.error();
  }
  if (!key->write_der(*der)) {
    return no_value();
  }
  return Secret::copy_of(der->reveal());
}

}  // namespace

base::Result<Secret> usable_value(const Secret& given, EntryKind kind) {
  if (given.size() > kGivenBytesMax) {
    return no_value();
  }
  return kind == EntryKind::private_key ? private_key_of(given) : text_of(given);
}

}  // namespace keyswap::vault
