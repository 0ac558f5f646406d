// SPDX-License-Identifier: Apache-2.0
#include "bindings/oauth_providers.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("providers are found by their names, and stand by their letters") {
  const auto names = oauth_provider_names();
  CHECK(std::ranges::is_sorted(names));
  for (const auto name : names) {
    const auto* const provider = find_oauth_provider(name);
    REQUIRE(provider != nullptr);
    CHECK(provider->name == name);
    CHECK((provider->token_url.empty() || provider->token_url.starts_with("https://")));
    CHECK((provider->auth == "basic" || provider->auth == "body"));
    for (const auto url : {provider->authorize_url, provider->device_url}) {
      CHECK((url.empty() || url.starts_with("https://")));
    }
    CHECK((!provider->prefers_device || !provider->device_url.empty()));
  }
  CHECK(find_oauth_provider("google")->token_url == "https://oauth2.googleapis.com/token");
  CHECK(find_oauth_provider("okta")->token_url.empty());
  CHECK(find_oauth_provider("nobody") == nullptr);
}

}  // namespace keyswap::bindings
