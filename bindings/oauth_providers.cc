// SPDX-License-Identifier: Apache-2.0
#include "bindings/oauth_providers.h"

#include <algorithm>
#include <array>

namespace keyswap::bindings {

namespace {

// Each as the provider's own documents say it.
constexpr std::array kProviders = {
    OAuthProvider{"atlassian", "https://auth.atlassian.com/oauth/token", "body"},
    OAuthProvider{"auth0", "", "basic"},  // https://TENANT.auth0.com/oauth/token
    OAuthProvider{"github", "https://github.com/login/oauth/access_token", "body"},
    OAuthProvider{"google", "https://oauth2.googleapis.com/token", "body"},
    OAuthProvider{
        "microsoft", "https://login.microsoftonline.com/common/oauth2/v2.0/token", "body"},
    OAuthProvider{"okta", "", "basic"},  // https://TENANT.okta.com/oauth2/v1/token
    OAuthProvider{"slack", "https://slack.com/api/oauth.v2.access", "basic"},
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

}  // namespace keyswap::bindings
