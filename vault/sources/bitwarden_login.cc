// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/bitwarden_login.h"

#include <algorithm>
#include <utility>

namespace keyswap::vault::bitwarden {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
// So long before its end a log-in is due to be made anew; it is good until then.
constexpr std::int64_t kAheadUs = 300 * kSecondUs;
constexpr std::int64_t kDefaultLifeS = 3600;
constexpr std::int64_t kLifeMaxS = 24 * 3600;

class LogInRun final : public LoggedInRun {
 public:
  using LoggedInRun::LoggedInRun;

 private:
  Step work() override { return Done{}; }
};

Failed failed_to_open(const base::Error& error) {
  return error.code == base::Errc::unavailable ? fail_of(error)
                                               : fail(FetchFault::bad_answer, "sealed_otherwise");
}

}  // namespace

Account::Account(const SourceSpec& spec)
    : organization(setting_text(spec, "organization_id")),
      api(setting_text(spec, "api_url")),
      identity(setting_text(spec, "identity_url")),
      token(setting_text(spec, "access_token")) {
  api = api.empty() ? "https://api.bitwarden.com" : api;
  identity = identity.empty() ? "https://identity.bitwarden.com" : identity;
  token = token.empty() ? setting_text(spec, "access_token_path") : token;
  token = token.empty() ? "BWS_ACCESS_TOKEN" : token;
}

Step LoggedInRun::begin(std::int64_t now_us) {
  now_us_ = now_us;
  session_ = account_.session;
  return session_ != nullptr && now_us < session_->ends_us ? work() : log_in();
}

Step LoggedInRun::on(Answer answer, std::int64_t now_us) {
  now_us_ = now_us;
  return (this->*next_)(std::move(answer));
}

Step LoggedInRun::ask(std::string_view method, const std::string& path, std::string_view body) {
  Call call;
  call.method = method;
  call.url = account_.api + path;
  call.fields.push_back({"Authorization", session_->bearer.share()});
  call.fields.push_back({"Accept", "application/json"});
  if (!body.empty()) {
    call.fields.push_back({"Content-Type", "application/json"});
    auto locked = Secret::copy_of(body);
    if (!locked) {
      return fail_of(locked.error());
    }
    call.body = std::move(*locked);
  }
  next_ = &LoggedInRun::on_answer;
  return call;
}

std::variant<Secret, Failed> LoggedInRun::open(JsonView sealed) const {
  const auto text = sealed.text();
  if (!text) {
    return fail_of(text.error());
  }
  auto opened = open_text(text->reveal(), session_->key);
  if (!opened) {
    return failed_to_open(opened.error());
  }
  return std::move(*opened);
}

Step LoggedInRun::log_in() {
  next_ = &LoggedInRun::on_token;
  return read_own(account_.token);
}

Step LoggedInRun::on_token(Answer answer) {
  auto text = read_own_value(answer);
  if (auto* failed = std::get_if<Failed>(&text)) {
    return std::move(*failed);
  }
  auto token = read_access_token(std::get<Secret>(text));
  if (!token) {
    const bool is_connector = token.error().code == base::Errc::unsupported;
    return fail(FetchFault::auth_lost, is_connector ? "access_connector_token" : "no_access_token");
  }
  token_ = std::move(*token);
  auto form = form_of({{"scope", "api.secrets"},
                       {"client_id", token_.client_id},
                       {"client_secret", token_.client_secret.reveal()},
                       {"grant_type", "client_credentials"}});
  if (!form) {
    return fail_of(form.error());
  }
  Call call;
  call.method = "POST";
  call.url = account_.identity + "/connect/token";
  call.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  call.fields.push_back({"Accept", "application/json"});
  call.fields.push_back({"Device-Type", "21"});  // an SDK
  call.body = std::move(*form);
  next_ = &LoggedInRun::on_login;
  return call;
}

Step LoggedInRun::on_login(Answer answer) {
  const auto* call = std::get_if<CallAnswer>(&answer);
  if (call != nullptr && (call->status == 400 || call->status == 401 || call->status == 403)) {
    return fail(FetchFault::auth_lost, "login_refused");
  }
  const auto read = read_success(answer);
  if (const auto* failed = std::get_if<Failed>(&read)) {
    return *failed;
  }
  const JsonView root = std::get<JsonText>(read).root();
  const auto access = root.member("access_token").text();
  const auto payload = root.member("encrypted_payload").text();
  if (!access || !payload) {
    return fail_of((access ? payload : access).error());
  }
  auto key = open_organization_key(payload->reveal(), token_);
  auto bearer = bearer_of(access->reveal());
  if (!key || !bearer) {
    return key ? fail_of(bearer.error()) : failed_to_open(key.error());
  }
  keep_session(std::move(*bearer), std::move(*key), root);
  return work();
}

void LoggedInRun::keep_session(Secret bearer, Secret key, JsonView answer) {
  const std::int64_t life_s = std::clamp<std::int64_t>(
      answer.member("expires_in").integer().value_or(kDefaultLifeS), 0, kLifeMaxS);
  const std::int64_t life_us = life_s * kSecondUs;
  const std::int64_t ends_us = now_us_ + life_us;
  session_ = std::make_shared<const Session>(Session{
      std::move(bearer), std::move(key), ends_us - std::min(kAheadUs, life_us / 2), ends_us});
  account_.session = session_;
  token_ = {};
}

Step LoggedInRun::on_answer(Answer answer) {
  const auto* call = std::get_if<CallAnswer>(&answer);
  if (call != nullptr && call->status == 401) {
    return on_lost();
  }
  if (call != nullptr && call->status == 404) {
    return on_missing();
  }
  const auto read = read_success(answer);
  if (const auto* failed = std::get_if<Failed>(&read)) {
    return *failed;
  }
  return on_success(std::get<JsonText>(read));
}

// Another run may have logged in since.
Step LoggedInRun::on_lost() {
  if (account_.session == session_) {
    account_.session = nullptr;
  }
  session_ = account_.session;
  if (is_second_) {
    return fail(FetchFault::auth_lost, "unauthorized");
  }
  is_second_ = true;
  return session_ != nullptr ? work() : log_in();
}

std::unique_ptr<Run> log_in_run(Account& account) {
  return std::make_unique<LogInRun>(account);
}

}  // namespace keyswap::vault::bitwarden
