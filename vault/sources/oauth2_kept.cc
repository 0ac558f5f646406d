// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_kept.h"

#include <charconv>
#include <optional>
#include <utility>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

// "token DIGEST MINTED EXPIRES VERSION BYTES PREVIOUS TOKEN", "lost VERSION"; versions in hex,
// since they may be any text, and PREVIOUS of so many bytes.
constexpr std::string_view kTokenWord = "token";
constexpr std::string_view kLostWord = "lost";
constexpr std::int64_t kUsPerSecond = 1'000'000;

// The next word, taken off the front.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size() == text.size() ? word.size() : word.size() + 1);
  return word;
}

std::optional<std::int64_t> number_in(std::string_view word) {
  std::int64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  const bool is_number = read.ec == std::errc{} && read.ptr == end && number >= 0;
  return is_number ? std::optional(number) : std::nullopt;
}

// A time that can be counted with: none before 1970, none beyond some thousand years.
std::optional<std::int64_t> time_in(std::string_view word, std::int64_t units_per_second) {
  constexpr std::int64_t kSecondsMax = 100'000'000'000;
  const auto number = number_in(word);
  return number && *number / units_per_second <= kSecondsMax ? number : std::nullopt;
}

// Takes so many bytes and a space off the front; nothing: it has them not, or no room.
std::optional<Secret> take_secret(std::string_view& text, std::optional<std::int64_t> bytes) {
  const std::size_t size = text.size();
  if (!bytes || static_cast<std::uint64_t>(*bytes) >= size ||
      text[static_cast<std::size_t>(*bytes)] != ' ') {
    return std::nullopt;
  }
  auto taken = Secret::copy_of(text.substr(0, static_cast<std::size_t>(*bytes)));
  text.remove_prefix(static_cast<std::size_t>(*bytes) + 1);
  return taken ? std::optional(std::move(*taken)) : std::nullopt;
}

KeptState read_token(std::string_view text) {
  KeptToken kept;
  kept.digest = take_word(text);
  const auto minted_us = time_in(take_word(text), kUsPerSecond);
  const auto expires_s = time_in(take_word(text), 1);
  const auto version = base::from_hex(take_word(text));
  auto previous = take_secret(text, number_in(take_word(text)));
  auto token = Secret::copy_of(text);
  if (!minted_us || !expires_s || !version || !previous || !token) {
    return {};
  }
  kept.minted_us = *minted_us;
  kept.expires_s = *expires_s;
  kept.grant_version = *version;
  kept.previous = std::move(*previous);
  kept.token = std::move(*token);
  return kept;
}

}  // namespace

SecretName kept_name(const SecretName& refresh_token) {
  return SecretName::internal(refresh_token, "#minted");
}

std::string kept_digest(std::string_view spec_digest, std::string_view versions) {
  return bindings::sha256_hex(bindings::sha256_hex(spec_digest).append(versions));
}

KeptState read_kept(std::string_view text) {
  const std::string_view word = take_word(text);
  if (word == kTokenWord) {
    return read_token(text);
  }
  const auto version = base::from_hex(text);
  if (word != kLostWord || !version) {
    return {};
  }
  return LostGrant{*version};
}

base::Result<Secret> kept_text(const KeptToken& kept) {
  return joined({kTokenWord,
                 " ",
                 kept.digest,
                 " ",
                 std::to_string(kept.minted_us),
                 " ",
                 std::to_string(kept.expires_s),
                 " ",
                 base::to_hex(kept.grant_version),
                 " ",
                 std::to_string(kept.previous.size()),
                 " ",
                 kept.previous.reveal(),
                 " ",
                 kept.token.reveal()});
}

base::Result<Secret> kept_text(const LostGrant& lost) {
  return joined({kLostWord, " ", base::to_hex(lost.grant_version)});
}

}  // namespace keyswap::vault
