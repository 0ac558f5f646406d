// SPDX-License-Identifier: Apache-2.0
#include "bindings/oauth_providers.h"

#include <algorithm>
#include <array>

namespace keyswap::bindings {

namespace {

// Each as the provider's own documents say it. Atlassian: "OAuth 2.0 (3LO) apps". GitHub:
// "Authorizing OAuth apps". Google: "OAuth 2.0 for iOS & Desktop Apps", "OAuth 2.0 for TV and
// Limited-Input Device Applications", which takes few scopes. Microsoft: "OAuth 2.0 authorization
// code flow", "OAuth 2.0 device authorization grant flow".
constexpr std::array kProviders = {
    OAuthProvider{.name = "atlassian",
                  .token_url = "https://auth.atlassian.com/oauth/token",
                  .auth = "body",
                  .authorize_url = "https://auth.atlassian.com/authorize",
                  .authorize_more = "audience=api.atlassian.com&prompt=consent"},
    // https://TENANT.auth0.com/oauth/token
    OAuthProvider{.name = "auth0", .token_url = "", .auth = "basic"},
    OAuthProvider{.name = "github",
                  .token_url = "https://github.com/login/oauth/access_token",
                  .auth = "body",
                  .authorize_url = "https://github.com/login/oauth/authorize",
                  .device_url = "https://github.com/login/device/code",
                  .prefers_device = true},
    OAuthProvider{.name = "google",
                  .token_url = "https://oauth2.googleapis.com/token",
                  .auth = "body",
                  .authorize_url = "https://accounts.google.com/o/oauth2/v2/auth",
                  .authorize_more = "access_type=offline&prompt=consent",
                  .device_url = "https://oauth2.googleapis.com/device/code"},
    OAuthProvider{.name = "microsoft",
                  .token_url = "https://login.microsoftonline.com/common/oauth2/v2.0/token",
                  .auth = "body",
                  .authorize_url = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                  .device_url = "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"},
    // https://TENANT.okta.com/oauth2/v1/token
    OAuthProvider{.name = "okta", .token_url = "", .auth = "basic"},
    // A browser is led back to https alone, which needs a server.
    OAuthProvider{
        .name = "slack", .token_url = "https://slack.com/api/oauth.v2.access", .auth = "basic"},
};

}  // namespace

std::vector<std::string_view> oauth_provider_names() {
  std::vector<std::string_view> names;
  for (const OAuthProvider& provider : kProviders) {
    names.push_back(provider.name);
  }
  return names;
}

const OAuthProvider* find_oauth_provider(std::string_view name) {
  const auto* const found = std::ranges::find(kProviders, name, &OAuthProvider::name);
  return found == kProviders.end() ? nullptr : found;
}

const OAuthProvider* find_oauth_provider_at(std::string_view token_url) {
  const auto* const found = std::ranges::find(kProviders, token_url, &OAuthProvider::token_url);
  return found == kProviders.end() || token_url.empty() ? nullptr : found;
}

std::string login_command(std::string_view source_id) {
  constexpr std::string_view kMinted = "mint:";
  return source_id.starts_with(kMinted)
             ? "keyswap login --name " + std::string(source_id.substr(kMinted.size()))
             : "";
}

}  // namespace keyswap::bindings
