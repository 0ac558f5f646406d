// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/captured_end.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "bindings/digest.h"

namespace keyswap::vault {

namespace {

constexpr std::string_view kSuffix = "#expires";
// Half of a SHA-256 tells values apart, and says of none what it is.
constexpr std::size_t kDigestDigits = 32;

std::string digest_of(const Secret& value) {
  return bindings::sha256_hex(value.reveal()).substr(0, kDigestDigits);
}

// Values that came after one another; all but the last few were replaced long ago.
constexpr std::size_t kValuesMax = 8;

// The next of the values, "DIGEST SECONDS,DIGEST SECONDS", the newest first; "-": it has no end.
std::string_view take_one(std::string_view& text) {
  const std::string_view one = text.substr(0, text.find(','));
  text.remove_prefix(std::min(one.size() + 1, text.size()));
  return one;
}

bool is_of(std::string_view one, std::string_view digest) {
  return one.size() > digest.size() && one.starts_with(digest) && one[digest.size()] == ' ';
}

std::optional<std::int64_t> read_end(std::string_view text, const Secret& value) {
  const std::string digest = digest_of(value);
  while (!text.empty()) {
    std::string_view one = take_one(text);
    if (!is_of(one, digest)) {
      continue;
    }
    one.remove_prefix(digest.size() + 1);
    std::int64_t seconds = 0;
    const char* const end = one.data() + one.size();
    const auto read = std::from_chars(one.data(), end, seconds);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(seconds) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

SecretName captured_end_name(const SecretName& entry) {
  return SecretName::internal(entry, kSuffix);
}

base::Result<Secret> captured_end_text(std::string_view before,
                                       const Secret& value,
                                       std::optional<std::int64_t> expires_at) {
  const std::string digest = digest_of(value);
  std::string text = digest + ' ' + (expires_at ? std::to_string(*expires_at) : "-");
  for (std::size_t count = 1; count < kValuesMax && !before.empty();) {
    const std::string_view one = take_one(before);
    if (!is_of(one, digest)) {
      text += ',';
      text += one;
      ++count;
    }
  }
  return Secret::copy_of(text);
}

bool says_captured_end(std::string_view text, const Secret& value) {
  return read_end(text, value).has_value();
}

base::Result<std::optional<std::int64_t>> captured_end_of(const Vault& vault,
                                                          const SecretName& entry,
                                                          const Secret& value) {
  if (!vault.has_internal() || entry.is_internal()) {
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
