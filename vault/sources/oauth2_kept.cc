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

// "token DIGEST MINTED EXPIRES VERSION TOKEN", "lost VERSION"; versions in hex, since they may be
// any text.
constexpr std::string_view kTokenWord = "token";
constexpr std::string_view kLostWord = "lost";
constexpr std::int64_t kUsPerSecond = 1'000'000;

// The next word, taken off the front.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size() == text.size() ? word.size() : word.size() + 1);
  return word;
}

// A time that can be counted with: none before 1970, none beyond some thousand years.
std::optional<std::int64_t> time_in(std::string_view word, std::int64_t units_per_second) {
  constexpr std::int64_t kSecondsMax = 100'000'000'000;
  std::int64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  const bool is_time = read.ec == std::errc{} && read.ptr == end && number >= 0 &&
                       number / units_per_second <= kSecondsMax;
  return is_time ? std::optional(number) : std::nullopt;
}

KeptState read_token(std::string_view text) {
  KeptToken kept;
  kept.digest = take_word(text);
  const auto minted_us = time_in(take_word(text), kUsPerSecond);
  const auto expires_s = time_in(take_word(text), 1);
  const auto version = base::from_hex(take_word(text));
  auto token = Secret::copy_of(text);
  if (!minted_us || !expires_s || !version || !token || text.empty()) {
    return {};
  }
  kept.minted_us = *minted_us;
  kept.expires_s = *expires_s;
  kept.grant_version = *version;
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
                 kept.token.reveal()});
}

base::Result<Secret> kept_text(const LostGrant& lost) {
  return joined({kLostWord, " ", base::to_hex(lost.grant_version)});
}

}  // namespace keyswap::vault
