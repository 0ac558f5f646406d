// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/jwt_claims.h"

#include <algorithm>
#include <array>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using jwt::Members;

// Those that say who, for whom and for how long; and what Coinbase signs a request with.
constexpr auto kReserved =
    std::to_array<std::string_view>({"iss", "sub", "aud", "exp", "nbf", "iat", "uri", "uris"});

// Since when it is good, or was made.
constexpr auto kBegins = std::to_array<std::string_view>({"nbf", "iat"});

// A reader that folds the case of names takes another spelling of one of those for it; and some
// (Go's encoding/json) fold beyond ASCII: "\u017fub" is "sub" to them.
bool is_like_reserved(std::string_view name) {
  const bool is_ascii =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return !is_ascii || std::ranges::find(kReserved, base::to_lower(name)) != kReserved.end();
}

bool is_misspelt(std::string_view name) {
  return is_like_reserved(name) && std::ranges::find(kReserved, name) == kReserved.end();
}

void add_given(Members& members, std::string_view name, const std::string& text) {
  if (!text.empty()) {
    members.add(name, text);
  }
}

void add_extra(const TokenSettings& settings, Members& claims) {
  for (const auto& [name, json] : settings.extra) {
    claims.add_json(name, json);
  }
}

// RFC 7519 section 4.1.
TokenTexts plain_texts(const TokenSettings& settings, const TokenRequest& request) {
  Members header;
  header.add("alg", jwt::name_of(settings.algorithm)).add("typ", "JWT");
  add_given(header, "kid", settings.key_id);
  Members claims;
  add_given(claims, "iss", settings.issuer);
  add_given(claims, "sub", settings.subject);
  add_given(claims, "aud", settings.audience);
  claims.add("iat", request.now_s).add("exp", request.now_s + settings.life_s);
  add_extra(settings, claims);
  return {header.text(), claims.text()};
}

std::string hex_of(std::uint64_t number) {
  constexpr int kBytes = 8;
  std::string bytes;
  for (int i = kBytes - 1; i >= 0; --i) {
    bytes += static_cast<char>(static_cast<unsigned char>(number >> (8 * i) & 0xffU));
  }
  return base::to_hex(bytes);
}

// docs.cdp.coinbase.com, "Authentication": one token for each request.
TokenTexts coinbase_texts(const TokenSettings& settings, const TokenRequest& request) {
  std::string uri(request.method);
  uri.append(" ").append(request.host).append(request.path);
  Members header;
  header.add("alg", jwt::name_of(settings.algorithm)).add("kid", settings.key_id);
  header.add("nonce", hex_of(request.nonce)).add("typ", "JWT");
  Members claims;
  claims.add("sub", settings.key_id).add("iss", "cdp").add("nbf", request.now_s);
  claims.add("exp", request.now_s + settings.life_s);
  if (settings.lists_uris) {
    claims.add_json("uris", "[" + json_string(uri) + "]");
  } else {
    claims.add("uri", uri);
  }
  add_extra(settings, claims);
  return {header.text(), claims.text()};
}

// docs.snowflake.com, "Using key-pair authentication": the issuer names the public key.
base::Result<TokenTexts> snowflake_texts(const TokenSettings& settings,
                                         const TokenRequest& request,
                                         const PrivateKey& key) {
  const auto der = key.public_der();
  Digest digest;
  if (!der) {
    return der.error();
  }
  KS_TRY(digest.hash(HashKind::sha256, *der));
  const auto subject = base::to_upper(settings.account) + "." + base::to_upper(settings.user);
  Members header;
  header.add("alg", jwt::name_of(settings.algorithm)).add("typ", "JWT");
  Members claims;
  claims.add("iss", subject + ".SHA256:" + base::to_base64(digest.view())).add("sub", subject);
  claims.add("iat", request.now_s).add("exp", request.now_s + settings.life_s);
  add_extra(settings, claims);
  return TokenTexts{header.text(), claims.text()};
}

bool is_text(const JsonValue* value, std::string_view text) {
  return value != nullptr && value->kind == JsonValue::Kind::string && value->text == text;
}

// A header that says nothing but what it is signed with: no key of its own, no place to fetch one
// from, nothing that a reader would have to understand.
bool is_plain_header(const JsonValue& header, jwt::Algorithm algorithm) {
  const bool is_known = std::ranges::all_of(header.names, [](const std::string& name) {
    return name == "alg" || name == "typ" || name == "kid";
  });
  const auto* const type = header.find("typ");
  return is_known && is_text(header.find("alg"), jwt::name_of(algorithm)) &&
         (type == nullptr || is_text(type, "JWT"));
}

bool ends_soon(const JsonValue& claims, std::int64_t now_s) {
  const auto end = whole_number<std::int64_t>(claims.find("exp"));
  return end && *end > now_s && *end - now_s <= kTokenSecondsMax;
}

// One that was signed to be used later could be kept for then.
bool has_begun(const JsonValue& claims, std::int64_t now_s) {
  return std::ranges::all_of(kBegins, [&](std::string_view name) {
    const auto* const said = claims.find(name);
    const auto begin = whole_number<std::int64_t>(said);
    return said == nullptr || (begin && *begin <= now_s + kTokenSkewSeconds);
  });
}

void set_text(JsonValue& object, std::string_view name, const std::string& text) {
  if (text.empty()) {
    return;
  }
  const auto found = std::ranges::find(object.names, name);
  const auto place = static_cast<std::size_t>(found - object.names.begin());
  if (found == object.names.end()) {
    object.names.emplace_back(name);
    object.items.emplace_back();
  }
  JsonValue value;
  value.kind = JsonValue::Kind::string;
  value.text = text;
  object.items[place] = std::move(value);
}

}  // namespace

base::Result<TokenTexts> make_token_texts(const TokenSettings& settings,
                                          const TokenRequest& request,
                                          const PrivateKey& key) {
  switch (settings.use) {
    case TokenUse::claims:
      return plain_texts(settings, request);
    case TokenUse::coinbase:
      return coinbase_texts(settings, request);
    case TokenUse::snowflake:
      return snowflake_texts(settings, request, key);
  }
  KS_UNREACHABLE();
}

std::optional<TokenTexts> keep_token_texts(const TokenSettings& settings,
                                           const jwt::Parts& theirs,
                                           std::int64_t now_s) {
  const auto header = read_json(theirs.header, kTokenBounds);
  auto claims = read_json(theirs.claims, kTokenBounds);
  if (!header || !claims || claims->kind != JsonValue::Kind::object ||
      !is_plain_header(*header, settings.algorithm) || !has_begun(*claims, now_s) ||
      !ends_soon(*claims, now_s) || std::ranges::any_of(claims->names, is_misspelt)) {
    return std::nullopt;
  }
  set_text(*claims, "iss", settings.issuer);
  set_text(*claims, "sub", settings.subject);
  set_text(*claims, "aud", settings.audience);
  Members ours;
  ours.add("alg", jwt::name_of(settings.algorithm)).add("typ", "JWT");
  add_given(ours, "kid", settings.key_id);
  return TokenTexts{ours.text(), json_text(*claims)};
}

std::optional<TokenTexts> verified_token_texts(const TokenSettings& settings,
                                               const PublicKey& client_key,
                                               std::string_view token,
                                               std::int64_t now_s) {
  const auto theirs = jwt::read(token);
  return theirs && jwt::is_signed_by(*theirs, settings.algorithm, client_key)
             ? keep_token_texts(settings, *theirs, now_s)
             : std::nullopt;
}

std::optional<std::vector<std::pair<std::string, std::string>>> read_extra_claims(
    std::string_view text) {
  const auto object = read_json(text, kTokenBounds);
  if (!object || object->kind != JsonValue::Kind::object) {
    return std::nullopt;
  }
  std::vector<std::pair<std::string, std::string>> claims;
  for (std::size_t i = 0; i < object->names.size(); ++i) {
    if (is_like_reserved(object->names[i])) {
      return std::nullopt;
    }
    claims.emplace_back(object->names[i], json_text(object->items[i]));
  }
  return claims;
}

}  // namespace keyswap::bindings
