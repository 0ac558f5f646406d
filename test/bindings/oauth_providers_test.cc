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

TEST_CASE(
    "a provider is known by where its tokens come from, but for one with an address a tenant") {
  CHECK(find_oauth_provider_at("https://oauth2.googleapis.com/token")->name == "google");
  CHECK(find_oauth_provider_at("https://auth.example.com/token") == nullptr);
  CHECK(find_oauth_provider_at("") == nullptr);
}

TEST_CASE("who logs in again is told the command, and of which secret") {
  CHECK(login_command("mint:SHOP_TOKEN") == "keyswap login --name SHOP_TOKEN");
  CHECK(login_command("company").empty());
}

}  // namespace keyswap::bindings
