// SPDX-License-Identifier: Apache-2.0
//
// Installation tokens of a GitHub App: its key signs a token that says which app it is, and that
// buys another one for an installation, good for an hour.
// Source: docs.github.com, "Authenticating as a GitHub App installation".
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/signatures/jwt.h"
#include "proxy/base/bounds.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/clock_fault.h"
#include "vault/sources/jwt_key.h"
#include "vault/sources/kinds.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"
#include "vault/sources/rfc3339.h"

namespace keyswap::vault {

namespace {

namespace jwt = bindings::jwt;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kBackSeconds = 60;   // GitHub's clock may be behind ours
constexpr std::int64_t kLifeSeconds = 540;  // ten minutes at most
constexpr std::size_t kTimeBytesMax = 40;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kMessageBytesMax = 512;
constexpr std::int64_t kSecondaryLimitMs = 60'000;  // "at least one minute"
constexpr int kCreated = 201;

struct App {
  explicit App(const SourceSpec& spec)
      : api_url(setting_text(spec, "api_url")),
        client_id(setting_text(spec, "client_id")),
        installation(setting_text(spec, "installation")),
        key(setting_text(spec, "key")) {
    api_url = api_url.empty() ? "https://api.github.com" : api_url;
  }

  std::string api_url;
  std::string client_id;
  std::string installation;
  std::string key;
};

std::string claims_of(const App& app, std::int64_t now_s) {
  return jwt::Members()
      .add("iat", now_s - kBackSeconds)
      .add("exp", now_s + kLifeSeconds)
      .add("iss", app.client_id)
      .text();
}

// When it may be asked again, of a 403 that means too many requests; nothing: it means that we may
// not. A secondary limit may be told by the message alone.
// Source: docs.github.com, "Rate limits for the REST API".
std::optional<std::int64_t> limited_for_ms(const CallAnswer& answer, std::int64_t now_us) {
  if (answer.retry_after_ms > 0) {
    return answer.retry_after_ms;
  }
  if (answer.used_up_until_s) {
    const std::int64_t left_s = *answer.used_up_until_s - now_us / kSecondUs;
    return std::clamp<std::int64_t>(left_s, 0, base::bounds::kSourceRetryAfterMsMax / 1000) * 1000;
  }
  const auto json = JsonText::read(answer.body.share());
  const auto message =
      json ? json->root().member("message").plain_text(kMessageBytesMax) : std::nullopt;
  const bool is_secondary = message && message->find("secondary rate limit") != std::string::npos;
  return is_secondary ? std::optional(kSecondaryLimitMs) : std::nullopt;
}

// 401: the key, the app, or a clock; 404: the installation is gone; 422: it is suspended, say.
Failed failed_by(const CallAnswer& answer, std::int64_t now_us) {
  const int status = answer.status;
  const auto limited_ms = status == 403 ? limited_for_ms(answer, now_us) : std::nullopt;
  const std::string outcome = "token_endpoint_status:" + std::to_string(status);
  if (limited_ms) {
    Failed failed = fail(FetchFault::unavailable, outcome);
    failed.retry_after_ms = *limited_ms;
    return failed;
  }
  if (auto of_clock =
          status == 401 ? fail_of_clock(answer, now_us, kTokenClockOffMaxS) : std::nullopt) {
    return *std::move(of_clock);
  }
  const bool is_refused = status == 401 || status == 403 || status == 404 || status == 422;
  return is_refused ? fail(FetchFault::auth_lost, outcome) : fail_of_token_status(answer);
}

class InstallationRun final : public Run {
 public:
  InstallationRun(const App& app, std::span<const std::string> keys)
      : app_(app), keys_(keys.begin(), keys.end()) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return read_own(app_.key); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    return is_asked_ ? on_token(std::move(answer), now_us) : on_key(std::move(answer), now_us);
  }

 private:
  Step on_key(Answer answer, std::int64_t now_us) {
    auto key = own_value(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&key)) {
      return std::move(*failed);
    }
    const auto header = jwt::Members().add("alg", "RS256").add("typ", "JWT").text();
    auto token = signed_token(
        jwt::Algorithm::rs256, header, claims_of(app_, now_us / kSecondUs), std::get<Secret>(key));
    if (auto* const failed = std::get_if<Failed>(&token)) {
      return std::move(*failed);
    }
    auto bearer = joined({"Bearer ", std::get<Secret>(token).reveal()});
    if (!bearer) {
      return fail_of(bearer.error());
    }
    is_asked_ = true;
    Call call;
    call.method = "POST";
    call.url = app_.api_url + "/app/installations/" + in_path(app_.installation) + "/access_tokens";
    call.fields.push_back({"Authorization", std::move(*bearer)});
    call.fields.push_back({"Accept", "application/vnd.github+json"});
    call.fields.push_back({"X-GitHub-Api-Version", "2022-11-28"});
    call.fields.push_back({"User-Agent", "keyswap"});  // without one GitHub refuses
    return call;
  }

  Step on_token(Answer answer, std::int64_t now_us) {
    const auto* const call = std::get_if<CallAnswer>(&answer);
    if (call == nullptr) {
      const auto* const error = std::get_if<base::Error>(&answer);
      return error == nullptr ? fail(FetchFault::unavailable, "unexpected") : fail_of(*error);
    }
    if (call->status != kCreated) {
      return failed_by(*call, now_us);
    }
    auto json = JsonText::read(call->body.share());
    auto token = json ? json->root().member("token").text() : json.error();
    if (!token) {
      return token.error().code == base::Errc::unavailable
                 ? fail_of(token.error())
                 : fail(FetchFault::bad_answer, "malformed");
    }
    // Since 2026 also "ghs_", the app, and a token with dots: nothing is read into it.
    const std::string_view text = token->reveal();
    const bool is_token = !text.empty() && text.size() <= kTokenBytesMax &&
                          std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    const auto end = json->root().member("expires_at").plain_text(kTimeBytesMax);
    const auto expires_at = end ? parse_rfc3339(*end) : std::nullopt;
    if (!is_token || !expires_at) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    return done_with(keys_, *token, now_us, expires_at);
  }

  const App& app_;
  std::vector<std::string> keys_;
  bool is_asked_ = false;
};

class GithubApp final : public Backend {
 public:
  explicit GithubApp(const SourceSpec& spec) : app_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<InstallationRun>(app_, keys);
  }

 private:
  App app_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<GithubApp>(spec);
}

const char* check_number(std::string_view text) {
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? nullptr : "a number, as the address of the installation's page ends with";
}

using Rule = SettingRule;
constexpr std::array kSettings = {
    Rule{.name = "client_id", .is_required = true, .check = check_word},
    Rule{.name = "installation", .is_required = true, .check = check_number},
    Rule{.name = "key", .is_required = true, .is_entry = true},
    Rule{.name = "api_url", .check = check_base_url},
};

}  // namespace

extern const BackendKind kGithubAppKind;
constinit const BackendKind kGithubAppKind = {
    .name = "github_app", .settings = kSettings, .make = make, .is_minting = true};

}  // namespace keyswap::vault
