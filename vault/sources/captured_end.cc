// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/captured_end.h"

#include <charconv>
#include <string>
#include <string_view>

#include "bindings/digest.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

constexpr std::string_view kSuffix = "#expires";
// Half of a SHA-256 tells values apart, and says of none what it is.
constexpr std::size_t kDigestDigits = 32;

std::string digest_of(const Secret& value) {
  return bindings::sha256_hex(value.reveal()).substr(0, kDigestDigits);
}

// "DIGEST SECONDS"
std::optional<std::int64_t> read_end(std::string_view text, const Secret& value) {
  const std::string_view digest = text.substr(0, text.find(' '));
  if (digest.size() == text.size() || digest != digest_of(value)) {
    return std::nullopt;
  }
  text.remove_prefix(digest.size() + 1);
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(seconds) : std::nullopt;
}

}  // namespace

SecretName captured_end_name(const SecretName& entry) {
  return SecretName::internal(entry, kSuffix);
}

base::Result<Secret> captured_end_text(const Secret& value, std::int64_t expires_at) {
  return joined({digest_of(value), " ", std::to_string(expires_at)});
}

base::Result<std::optional<std::int64_t>> captured_end_of(const Vault& vault,
                                                          const SecretName& entry,
                                                          const Secret& value) {
  if (entry.is_internal()) {
    return std::optional<std::int64_t>();
  }
  const auto text = vault.fetch(captured_end_name(entry), 0);  // no time of use
  if (!text) {
    return text.error().code == base::Errc::not_found
               ? base::Result<std::optional<std::int64_t>>(std::nullopt)
               : text.error();
  }
  return read_end(text->reveal(), value);
}

}  // namespace keyswap::vault
