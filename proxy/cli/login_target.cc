// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_target.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "bindings/oauth_providers.h"
#include "proxy/cli/nearest_word.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::cli {

namespace {

constexpr const char* kLoginHelp = "see: keyswap login --help";

Failure unknown_login_provider(const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const std::string_view known : bindings::oauth_provider_names()) {
    names.emplace_back(known);
    list.append(list.empty() ? "" : ", ").append(known);
  }
  const std::string nearest = nearest_word(name, names);
  return {Exit::usage,
          "there is no such provider to log in at",
          (nearest.empty() ? "" : "did you mean " + nearest + "? ") + std::string("known are ") +
              list + "; others: --issuer URL"};
}

// All that are given are addresses that can be asked.
Problem check_login_urls(const LoginOptions& options) {
  const std::array<std::pair<const char*, const std::string*>, 4> urls = {
      {{"--issuer", &options.issuer},
       {"--token-url", &options.token_url},
       {"--authorize-url", &options.authorize_url},
       {"--device-url", &options.device_url}}};
  for (const auto& [name, url] : urls) {
    const char* const wrong = url->empty() ? nullptr : vault::check_base_url(*url);
    if (wrong != nullptr) {
      return Failure{Exit::usage,
                     "that cannot be " + std::string(name) + ": " + wrong,
                     "like " + std::string(name) + " https://auth.example.com"};
    }
  }
  return std::nullopt;
}

bool names_endpoints(const LoginOptions& options) {
  return !options.token_url.empty() || !options.authorize_url.empty() ||
         !options.device_url.empty();
}

Outcome<LoginTarget> provider_target(const LoginOptions& options) {
  const auto* const provider = bindings::find_oauth_provider(options.provider);
  if (provider == nullptr) {
    return unknown_login_provider(options.provider);
  }
  LoginTarget target;
  target.provider = options.provider;
  const bool is_of_tenant = provider->token_url.empty();
  if (names_endpoints(options) || !options.auth.empty() ||
      (!is_of_tenant && !options.issuer.empty())) {
    return Failure{Exit::usage,
                   "where " + options.provider + " is asked, and how, is known",
                   "leave out its URLs and --auth, or the provider"};
  }
  if (is_of_tenant && options.issuer.empty()) {
    return Failure{Exit::usage,
                   "each customer of " + options.provider + " has an address of their own",
                   "name yours: --issuer https://TENANT." + options.provider + ".com"};
  }
  target.issuer = options.issuer;
  target.token_url = provider->token_url;
  target.authorize_url = provider->authorize_url;
  target.authorize_more = provider->authorize_more;
  target.device_url = provider->device_url;
  target.auth = provider->auth;
  target.prefers_device = provider->prefers_device;
  if (!is_of_tenant && target.authorize_url.empty() && target.device_url.empty()) {
    return Failure{Exit::usage,
                   options.provider + " leads a browser back to a server of yours alone",
                   "get the refresh token there: keyswap secret add NAME"};
  }
  return target;
}

Outcome<LoginTarget> named_target(const LoginOptions& options) {
  if (options.issuer.empty() == !names_endpoints(options)) {
    return Failure{Exit::usage,
                   "it has to be said where to log in, and once",
                   "name a provider, or --issuer URL, or --token-url with --authorize-url or "
                   "--device-url"};
  }
  if (options.issuer.empty() && (options.token_url.empty() ||
                                 (options.authorize_url.empty() && options.device_url.empty()))) {
    return Failure{
        Exit::usage, "--token-url goes with --authorize-url or --device-url, or both", kLoginHelp};
  }
  if (options.name.empty()) {
    return Failure{Exit::usage,
                   "the secret needs a name",
                   "like --name SHOP_TOKEN; programs hold a placeholder under that name"};
  }
  LoginTarget target;
  target.issuer = options.issuer;
  target.token_url = options.token_url;
  target.authorize_url = options.authorize_url;
  target.device_url = options.device_url;
  target.auth = options.auth;
  return target;
}

}  // namespace

bool is_said_by_rule(const LoginOptions& options) {
  return options.provider.empty() && options.issuer.empty() && !names_endpoints(options) &&
         !options.name.empty();
}

Outcome<LoginOptions> options_of_rule(LoginOptions options, const vault::SourceSpec& spec) {
  const auto said = [&spec](std::string_view setting) {
    return vault::setting_text(spec, setting);
  };
  const auto* const provider = bindings::find_oauth_provider_at(said("token_url"));
  options.scope = options.scope.empty() ? said("login_scope") : options.scope;
  options.issuer = said("issuer");
  if (provider != nullptr) {
    options.provider = provider->name;
    options.issuer = "";
  } else if (options.issuer.empty()) {
    options.token_url = said("token_url");
    options.authorize_url = said("authorize_url");
    options.device_url = said("device_url");
  }
  if (provider == nullptr && options.issuer.empty() && options.authorize_url.empty() &&
      options.device_url.empty()) {
    return Failure{Exit::usage,
                   "the rule " + options.name + " does not say where a person logs in",
                   "add its `issuer` with keyswap bindings edit, or say it: --issuer URL"};
  }
  return options;
}

Outcome<LoginTarget> choose_target(const LoginOptions& options) {
  if (auto problem = check_login_urls(options)) {
    return *std::move(problem);
  }
  return options.provider.empty() ? named_target(options) : provider_target(options);
}

void add_discovered(const vault::Discovery& found, bool has_secret, LoginTarget& target) {
  target.token_url = found.token_url;
  target.authorize_url = found.authorize_url;
  target.device_url = found.device_url;
  target.is_issuer_said = found.is_issuer_said;
  target.takes_s256 = found.takes_s256;
  if (target.auth.empty() && has_secret && !found.takes_body && found.takes_basic) {
    target.auth = "basic";
  }
}

Outcome<LoginWay> choose_way(const LoginOptions& options, const LoginTarget& target) {
  const bool has_device = !target.device_url.empty();
  const bool has_browser = !target.authorize_url.empty();
  if ((options.wants_device && !has_device) || (options.wants_browser && !has_browser)) {
    return Failure{Exit::usage,
                   options.wants_device ? "there is no log-in with a code for another device there"
                                        : "there is no log-in by a browser there",
                   options.wants_device ? "leave out --device" : "leave out --browser"};
  }
  const bool is_by_device =
      options.wants_device || (has_device && !options.wants_browser &&
                               (target.prefers_device || !has_browser || !target.takes_s256));
  if (!is_by_device && (!has_browser || !target.takes_s256)) {
    return Failure{Exit::no,
                   has_browser
                       ? "that server does not take PKCE with S256, so a code that somebody "
                         "sees on its way would be good"
                       : "that server names no endpoint where a person could log in",
                   has_browser ? "log in with a code for another device, if it has that: --device"
                               : "name its endpoints: --token-url and --authorize-url"};
  }
  return is_by_device ? LoginWay::device : LoginWay::browser;
}

std::string login_name(const LoginOptions& options) {
  if (!options.name.empty()) {
    return options.name;
  }
  std::string name = options.provider + "_TOKEN";
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

}  // namespace keyswap::cli
