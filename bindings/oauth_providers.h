// SPDX-License-Identifier: Apache-2.0
//
// Providers of OAuth 2.0 by their names: where their endpoints are, how a client says there who it
// is, and how a person logs in. Data alone, but for the words of the command that does.
#pragma once

#include <array>
#include <string>
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
// The same of one whose tokens come from there.
const OAuthProvider* find_oauth_provider_at(std::string_view token_url);

// The settings of a source with a refresh token that say nothing of its calls, but how a person
// logs in again: what `keyswap login` was told, as it is told in them.
inline constexpr std::array<std::string_view, 4> kLoginSettings = {
    "issuer", "authorize_url", "device_url", "login_scope"};

// As a person types it to log in again to a source ("mint:NAME"); "": that is none.
std::string login_command(std::string_view source_id);

}  // namespace keyswap::bindings
