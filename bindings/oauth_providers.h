// SPDX-License-Identifier: Apache-2.0
//
// Providers of OAuth 2.0 by their names: where their endpoints are, how a client says there who it
// is, and how a person logs in. Data alone.
#pragma once

#include <string_view>
#include <vector>

namespace keyswap::bindings {

struct OAuthProvider {
  std::string_view name;
  std::string_view token_url;  // "" each tenant has its own
  std::string_view auth;       // "basic" or "body"
  // For `keyswap login`; "" it has none, or each tenant has its own.
  std::string_view authorize_url = {};
  std::string_view authorize_more = {};  // what it wants there besides: "a=b&c=d"
  std::string_view device_url = {};
  bool prefers_device = false;  // where it has both
};

// By their letters.
std::vector<std::string_view> oauth_provider_names();
// Null: there is none.
const OAuthProvider* find_oauth_provider(std::string_view name);

}  // namespace keyswap::bindings
