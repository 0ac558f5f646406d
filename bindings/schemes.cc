// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes.h"

#include <algorithm>
#include <array>

#include "bindings/method_overrides.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

extern const Scheme kBitfinexScheme;
extern const Scheme kBitmexScheme;
extern const Scheme kBitvavoScheme;
extern const Scheme kBybitScheme;
extern const Scheme kDeribitScheme;
extern const Scheme kGateioScheme;
extern const Scheme kGeminiScheme;
extern const Scheme kHeaderScheme;
extern const Scheme kHmacScheme;
extern const Scheme kHtxScheme;
extern const Scheme kHyperliquidScheme;
extern const Scheme kJwtScheme;
extern const Scheme kKrakenScheme;
extern const Scheme kKucoinScheme;
extern const Scheme kMexcScheme;
extern const Scheme kOAuth1Scheme;
extern const Scheme kOkxScheme;
extern const Scheme kPolymarketScheme;
extern const Scheme kSigv4Scheme;
extern const Scheme kWebhookScheme;

namespace {

constexpr std::array kSchemes = {
    &kHeaderScheme,      &kBitfinexScheme, &kBitmexScheme,     &kBitvavoScheme, &kBybitScheme,
    &kDeribitScheme,     &kGateioScheme,   &kGeminiScheme,     &kHmacScheme,    &kHtxScheme,
    &kHyperliquidScheme, &kJwtScheme,      &kKrakenScheme,     &kKucoinScheme,  &kMexcScheme,
    &kOAuth1Scheme,      &kOkxScheme,      &kPolymarketScheme, &kSigv4Scheme,   &kWebhookScheme,
};

// I3, I9: what decides where a message goes, or where it ends, is never a credential's place; nor
// is a field of one connection only, which would not be sent on. Nor what servers write to their
// logs or pass on to others as it is. (A cookie has a placement of its own.) Nor what would make of
// the request that was judged another one: a method that is named besides, and the terms on which a
// WebSocket is opened.
constexpr std::array<std::string_view, 24> kForbiddenHeaders = {"connection",
                                                                "content-encoding",
                                                                "content-length",
                                                                "content-type",
                                                                "cookie",
                                                                "date",
                                                                "expect",
                                                                "forwarded",
                                                                "host",
                                                                "http2-settings",
                                                                "keep-alive",
                                                                "keyswap-caller",
                                                                "max-forwards",
                                                                "origin",
                                                                "proxy-authenticate",
                                                                "proxy-authorization",
                                                                "proxy-connection",
                                                                "referer",
                                                                "te",
                                                                "trailer",
                                                                "transfer-encoding",
                                                                "upgrade",
                                                                "user-agent",
                                                                "via"};
constexpr std::array<std::string_view, 2> kForbiddenPrefixes = {"sec-websocket-", "x-forwarded-"};

bool is_forbidden(std::string_view name) {
  return std::ranges::find(kForbiddenHeaders, name) != kForbiddenHeaders.end() ||
         std::ranges::any_of(kForbiddenPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         names_method(name);
}

}  // namespace

std::span<const Scheme* const> schemes() {
  return kSchemes;
}

const Scheme* find_scheme(std::string_view name) {
  const auto* const found = std::find_if(
      kSchemes.begin(), kSchemes.end(), [&](const Scheme* scheme) { return scheme->name == name; });
  return found == kSchemes.end() ? nullptr : *found;
}

const std::string* SchemeSetup::find(std::string_view parameter) const {
  const auto found = std::find_if(values.begin(), values.end(), [&](const SchemeValue& value) {
    return value.parameter == parameter;
  });
  return found == values.end() ? nullptr : &found->text;
}

CredentialHeader credential_header(std::string_view name) {
  if (!http::is_token(name)) {
    return {"", "this is no header name"};
  }
  auto lower = base::to_lower(name);
  if (is_forbidden(lower)) {
    return {"", "the header " + lower + " cannot carry a credential"};
  }
  return {std::move(lower), ""};
}

}  // namespace keyswap::bindings
