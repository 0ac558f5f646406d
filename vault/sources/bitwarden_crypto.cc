// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/bitwarden_crypto.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bindings/digest.h"
#include "bindings/signatures/aes.h"
#include "proxy/base/bytes.h"
#include "vault/json.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault::bitwarden {

namespace {

namespace aes = bindings::aes;
using bindings::HashKind;

constexpr std::size_t kSeedBytes = 16;
constexpr std::size_t kMacBytes = 32;

base::Error no_token() {
  return {base::Errc::invalid_input, "this is no access token of a Bitwarden machine account"};
}

base::Error not_ours() {
  return {base::Errc::invalid_input, "this was not sealed with this key, or was changed since"};
}

// Memory that there was not is no fault of the text.
base::Error as_not_ours(const base::Error& error) {
  return error.code == base::Errc::unavailable ? error : not_ours();
}

// The text up to `separator`, both of which are cut off; nothing if it is not there.
std::optional<std::string_view> cut_at(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return part;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() &&
         std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           const char lower = base::to_lower(c);
           const bool is_hex = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
           return shape == 'x' ? is_hex : c == shape;
         });
}

// Tokens come with and without padding.
base::Result<Secret> read_seed(std::string_view text) {
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  constexpr std::size_t kDigits = 22;
  if (text.size() != kDigits) {
    return no_token();
  }
  const auto padded = joined({text, "=="});
  auto seed = padded ? decoded_base64(padded->reveal()) : padded.error();
  if (seed && seed->size() != kSeedBytes) {
    return no_token();
  }
  return seed;
}

base::Result<Secret> key_of(const Secret& seed) {
  bindings::Digest prk;
  KS_TRY(prk.hmac(HashKind::sha256, "bitwarden-accesstoken", seed.reveal()));
  return aes::expand(prk.view(), "sm-access-token", kKeyBytes);
}

struct Sealed {
  std::string iv;
  std::string bytes;
  std::string mac;
};

std::optional<Sealed> read_sealed(std::string_view text) {
  constexpr std::string_view kType = "2.";
  if (!text.starts_with(kType)) {
    return std::nullopt;
  }
  text.remove_prefix(kType.size());
  const auto iv_text = cut_at(text, '|');
  const auto bytes_text = cut_at(text, '|');
  if (!iv_text || !bytes_text) {
    return std::nullopt;
  }
  auto iv = base::from_base64(*iv_text);
  auto bytes = base::from_base64(*bytes_text);
  auto mac = base::from_base64(text);
  if (!iv || !bytes || !mac || iv->size() != aes::kBlockBytes || mac->size() != kMacBytes) {
    return std::nullopt;
  }
  return Sealed{std::move(*iv), std::move(*bytes), std::move(*mac)};
}

}  // namespace

base::Result<AccessToken> read_access_token(const Secret& text) {
  std::string_view rest = text.reveal();
  const auto words = cut_at(rest, ':');
  if (!words) {
    return no_token();
  }
  std::string_view secret = *words;
  const auto version = cut_at(secret, '.');
  const auto id = cut_at(secret, '.');
  if (!version || !id || *version != "0") {
    return no_token();
  }
  if (secret.find('.') != std::string_view::npos) {
    return base::Error{base::Errc::unsupported,
                       "this is the token of an access connector, not of a machine account"};
  }
  if (!is_uuid(*id) || secret.empty()) {
    return no_token();
  }
  const auto seed = read_seed(rest);
  auto key = seed ? key_of(*seed) : seed.error();
  auto client_secret = Secret::copy_of(secret);
  if (!key || !client_secret) {
    return (key ? client_secret : key).error();
  }
  return AccessToken{std::string(*id), std::move(*client_secret), std::move(*key)};
}

base::Result<Secret> open_text(std::string_view sealed, const Secret& key) {
  const auto parts = read_sealed(sealed);
  if (!parts || key.size() != kKeyBytes) {
    return not_ours();
  }
  const std::string_view cipher_key = key.reveal().substr(0, aes::kKeyBytes);
  const std::string_view mac_key = key.reveal().substr(aes::kKeyBytes);
  bindings::Hmac hmac;
  bindings::Digest mac;
  KS_TRY(hmac.begin(HashKind::sha256, mac_key));
  KS_TRY(hmac.add(parts->iv));
  KS_TRY(hmac.add(parts->bytes));
  KS_TRY(hmac.finish(mac));
  if (!base::equal_constant_time(mac.view(), parts->mac)) {
    return not_ours();
  }
  auto opened = aes::open_cbc(cipher_key, parts->iv, parts->bytes);
  if (!opened) {
    return as_not_ours(opened.error());
  }
  return opened;
}

base::Result<Secret> open_organization_key(std::string_view payload, const AccessToken& token) {
  auto opened = open_text(payload, token.key);
  if (!opened) {
    return opened.error();
  }
  const auto json = JsonText::read(std::move(*opened));
  if (!json) {
    return as_not_ours(json.error());
  }
  const auto text = json->root().member("encryptionKey").text();
  auto key = text ? decoded_base64(text->reveal()) : text.error();
  if (!key) {
    return as_not_ours(key.error());
  }
  if (key->size() != kKeyBytes) {
    return not_ours();
  }
  return key;
}

}  // namespace keyswap::vault::bitwarden
