// SPDX-License-Identifier: Apache-2.0
//
// Providers of OAuth 2.0 by their names: where their token endpoint is, and how a client says there
// who it is. Data alone.
#pragma once

#include <string_view>
#include <vector>

namespace keyswap::bindings {

struct OAuthProvider {
  std::string_view name;
  std::string_view token_url;  // "" each tenant has its own
  std::string_view auth;       // "basic" or "body"
};

// By their letters.
std::vector<std::string_view> oauth_provider_names();
// Null: there is none.
const OAuthProvider* find_oauth_provider(std::string_view name);

}  // namespace keyswap::bindings
