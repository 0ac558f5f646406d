// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_discovery.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "vault/json.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

constexpr std::string_view kOpenId = "/.well-known/openid-configuration";
constexpr std::string_view kOAuth = "/.well-known/oauth-authorization-server";
constexpr int kNothingThere = 404;
constexpr std::size_t kEndpointBytesMax = 2048;

std::string without_slash(std::string_view url) {
  return std::string(url.substr(0, url.size() - (url.ends_with('/') ? 1 : 0)));
}

std::string openid_address(std::string_view issuer) {
  return without_slash(issuer).append(kOpenId);
}

// RFC 8414 section 3.1: between the host and the path.
std::string oauth_address(std::string_view issuer) {
  std::string url = without_slash(issuer);
  constexpr std::string_view kBehindScheme = "://";
  const std::size_t host = url.find(kBehindScheme) + kBehindScheme.size();
  return url.insert(std::min(url.find('/', host), url.size()), kOAuth);
}

// False: it is none that can be asked.
bool take_address(JsonView value, std::string& url) {
  if (value.is(JsonKind::none)) {
    return true;
  }
  const auto text = value.text();
  if (!text || text->size() > kEndpointBytesMax || check_base_url(text->reveal()) != nullptr) {
    return false;
  }
  url = text->reveal();
  return true;
}

bool has_word(JsonView list, std::string_view word) {
  for (JsonItems items(list); items.next();) {
    if (items.value().is_text(word)) {
      return true;
    }
  }
  return false;
}

class DiscoveryRun final : public Run {
 public:
  explicit DiscoveryRun(Discovery& discovery) : discovery_(discovery) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override {
    return ask(openid_address(discovery_.issuer));
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    const auto* const call = std::get_if<CallAnswer>(&answer);
    if (call == nullptr && !std::holds_alternative<base::Error>(answer)) {
      return fail(FetchFault::unavailable, "unexpected");
    }
    if (call != nullptr && call->status == kNothingThere && !std::exchange(is_second_, true)) {
      return ask(oauth_address(discovery_.issuer));
    }
    const auto read = read_success(answer);
    const auto* const failed = std::get_if<Failed>(&read);
    return failed == nullptr ? take(std::get<JsonText>(read).root()) : Step(*failed);
  }

 private:
  static Step ask(std::string url) {
    Call call;
    call.method = "GET";
    call.url = std::move(url);
    call.fields.push_back({"Accept", "application/json"});
    return call;
  }

  Step take(JsonView root) {
    if (!root.is(JsonKind::object)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    if (!root.member("issuer").is_text(discovery_.issuer)) {
      return fail(FetchFault::bad_answer, "issuer_mismatch");
    }
    const bool is_good =
        take_address(root.member("token_endpoint"), discovery_.token_url) &&
        take_address(root.member("authorization_endpoint"), discovery_.authorize_url) &&
        take_address(root.member("device_authorization_endpoint"), discovery_.device_url);
    if (!is_good || discovery_.token_url.empty()) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    discovery_.is_issuer_said =
        root.member("authorization_response_iss_parameter_supported").is_true();
    const JsonView challenges = root.member("code_challenge_methods_supported");
    discovery_.takes_s256 = challenges.is(JsonKind::none) || has_word(challenges, "S256");
    const JsonView methods = root.member("token_endpoint_auth_methods_supported");
    discovery_.takes_basic = methods.is(JsonKind::none) || has_word(methods, "client_secret_basic");
    discovery_.takes_body = has_word(methods, "client_secret_post");
    return Done{};
  }

  Discovery& discovery_;
  bool is_second_ = false;
};

}  // namespace

std::unique_ptr<Run> discovery_run(Discovery& discovery) {
  return std::make_unique<DiscoveryRun>(discovery);
}

}  // namespace keyswap::vault
