// SPDX-License-Identifier: Apache-2.0
//
// Google Cloud Secret Manager. A service account's key signs a token, for which Google gives one
// that opens secrets for an hour. A key is a secret's name in `project`, with "/versions/N" behind
// it or not, or a whole resource name ("projects/P/secrets/S").
// Source: Google's "Secret Manager API" reference, and "Using OAuth 2.0 for Server to Server
// Applications".
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/private_key.h"
#include "bindings/signatures/jwt.h"
#include "vault/sources/clock_fault.h"
#include "vault/sources/crc32c.h"
#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kAheadUs = 300 * kSecondUs;
constexpr std::int64_t kAssertedS = 3600;
constexpr std::int64_t kLifeMaxS = 24 * 3600;
constexpr std::size_t kTextBytesMax = 512;
constexpr std::string_view kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/cloud-platform";

struct Session {
  Secret bearer;
  std::int64_t due_us = 0;  // to be made anew, ahead of its end
  std::int64_t ends_us = 0;
};

struct Project {
  explicit Project(const SourceSpec& spec)
      : name(setting_text(spec, "project")),
        address(setting_text(spec, "address")),
        credentials(setting_text(spec, "credentials")) {
    address = address.empty() ? "https://secretmanager.googleapis.com" : address;
  }

  std::string name;
  std::string address;
  std::string credentials;  // where they are
  // A run goes on with the one that it began with, though another may have lost it.
  std::shared_ptr<const Session> session;
};

// What a service account's key file says.
struct Account {
  std::string email;
  std::string key_id;
  std::string token_url;
  Secret key;  // PEM
};

std::variant<Account, Failed> read_account(Secret text) {
  const auto json = JsonText::read(std::move(text));
  if (!json || !json->root().member("type").is_text("service_account")) {
    return fail(FetchFault::auth_lost, "no_service_account");
  }
  const JsonView root = json->root();
  auto email = root.member("client_email").plain_text(kTextBytesMax);
  auto key_id = root.member("private_key_id").plain_text(kTextBytesMax);
  auto url = root.member("token_uri").plain_text(kTextBytesMax);
  auto key = root.member("private_key").text();
  if (!key && key.error().code == base::Errc::unavailable) {
    return fail_of(key.error());
  }
  if (!email || !key_id || !key || (url && check_base_url(*url) != nullptr)) {
    return fail(FetchFault::auth_lost, "no_service_account");
  }
  return Account{std::move(*email),
                 std::move(*key_id),
                 std::move(url).value_or(std::string(kTokenUrl)),
                 std::move(*key)};
}

// The token that the account's key signs.
base::Result<Secret> assertion_of(const Account& account, std::int64_t now_s) {
  namespace jwt = bindings::jwt;
  const auto key = bindings::PrivateKey::from_text(account.key.reveal());
  if (!key) {
    return key.error();
  }
  const std::string header =
      jwt::Members().add("alg", "RS256").add("typ", "JWT").add("kid", account.key_id).text();
  const std::string claims = jwt::Members()
                                 .add("iss", account.email)
                                 .add("scope", kScope)
                                 .add("aud", account.token_url)
                                 .add("exp", now_s + kAssertedS)
                                 .add("iat", now_s)
                                 .text();
  return jwt::sign(jwt::Algorithm::rs256, header, claims, *key);
}

// Google's token, as a part of a run.
class LogIn {
 public:
  explicit LogIn(Project& project) : project_(project) {}

  [[nodiscard]] Step begin() {
    is_asked_ = false;
    return read_own(project_.credentials);
  }

  // The next step; nothing: Project::session is the new one.
  [[nodiscard]] std::optional<Step> on(Answer answer, std::int64_t now_us) {
    return std::exchange(is_asked_, true) ? on_token(std::move(answer), now_us)
                                          : on_credentials(std::move(answer), now_us);
  }

 private:
  static std::optional<Step> on_credentials(Answer answer, std::int64_t now_us) {
    auto text = read_own_value(answer);
    if (auto* failed = std::get_if<Failed>(&text)) {
      return std::move(*failed);
    }
    const auto account = read_account(std::move(std::get<Secret>(text)));
    if (const auto* failed = std::get_if<Failed>(&account)) {
      return *failed;
    }
    const auto& found = std::get<Account>(account);
    const auto assertion = assertion_of(found, now_us / kSecondUs);
    if (!assertion) {
      return assertion.error().code == base::Errc::unavailable
                 ? fail_of(assertion.error())
                 : fail(FetchFault::auth_lost, "no_service_account");
    }
    auto form = form_of({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                         {"assertion", assertion->reveal()}});
    if (!form) {
      return fail_of(form.error());
    }
    Call call;
    call.method = "POST";
    call.url = found.token_url;
    call.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    call.fields.push_back({"Accept", "application/json"});
    call.body = std::move(*form);
    return call;
  }

  std::optional<Step> on_token(Answer answer, std::int64_t now_us) {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && (call->status == 400 || call->status == 401 || call->status == 403)) {
      return fail_of_login(*call, now_us);
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return *failed;
    }
    const JsonView root = std::get<JsonText>(read).root();
    const auto token = root.member("access_token").text();
    auto bearer = token ? bearer_of(token->reveal()) : token.error();
    if (!bearer) {
      return fail_of(bearer.error());
    }
    const std::int64_t life_us =
        std::clamp<std::int64_t>(
            root.member("expires_in").integer().value_or(kAssertedS), 0, kLifeMaxS) *
        kSecondUs;
    const std::int64_t ends_us = now_us + life_us;
    project_.session = std::make_shared<const Session>(
        Session{std::move(*bearer), ends_us - std::min(kAheadUs, life_us / 2), ends_us});
    return std::nullopt;
  }

  // `invalid_grant` is also what Google says of a token whose time is not its own.
  static Failed fail_of_login(const CallAnswer& answer, std::int64_t now_us) {
    const auto json = JsonText::read(answer.body.share());
    const bool is_grant = json && json->root().member("error").is_text("invalid_grant");
    auto of_clock =
        is_grant ? fail_of_clock(answer, now_us, kTokenClockOffMaxS) : std::optional<Failed>();
    return of_clock ? *std::move(of_clock) : fail(FetchFault::auth_lost, "login_refused");
  }

  Project& project_;
  bool is_asked_ = false;
};

class LogInRun final : public Run {
 public:
  explicit LogInRun(Project& project) : log_in_(project) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return log_in_.begin(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    auto step = log_in_.on(std::move(answer), now_us);
    return step ? std::move(*step) : Step(Done{});
  }

 private:
  LogIn log_in_;
};

// The version of a secret that a key names; nothing: it names none.
std::optional<std::string> resource_of(const std::string& project, std::string_view key) {
  if (check_words(key) != nullptr) {
    return std::nullopt;
  }
  const std::string path = key.starts_with("projects/")
                               ? std::string(key)
                               : "projects/" + project + "/secrets/" + std::string(key);
  std::vector<std::string_view> parts;
  for (std::string_view rest = path; !rest.empty();) {
    parts.push_back(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(parts.back().size() + 1, rest.size()));
  }
  constexpr std::size_t kSecretParts = 4;
  constexpr std::size_t kVersionParts = 6;
  if (parts.size() < kSecretParts || parts[2] != "secrets") {
    return std::nullopt;
  }
  if (parts.size() == kSecretParts) {
    return path + "/versions/latest";
  }
  return parts.size() == kVersionParts && parts[4] == "versions" ? std::optional(path)
                                                                 : std::nullopt;
}

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(Project& project, std::span<const std::string> keys)
      : EachKeyRun(keys), project_(project), log_in_(project) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    session_ = project_.session;
    return session_ != nullptr && now_us < session_->ends_us ? ask() : log_in();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    if (!is_logging_in_) {
      return on_value(std::move(answer));
    }
    auto step = log_in_.on(std::move(answer), now_us);
    if (step) {
      return std::move(*step);
    }
    is_logging_in_ = false;
    session_ = project_.session;
    return ask();
  }

 private:
  Step log_in() {
    is_logging_in_ = true;
    return log_in_.begin();
  }

  Step ask() override {
    const auto resource = resource_of(project_.name, key().key);
    if (!resource) {
      return missed(fail(FetchFault::not_found, "no_name"));
    }
    Call call;
    call.method = "GET";
    call.url = project_.address + "/v1/" + *resource + ":access";
    call.fields.push_back({"Authorization", session_->bearer.share()});
    call.fields.push_back({"Accept", "application/json"});
    return call;
  }

  Step on_value(Answer answer) {
    auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 401) {
      return on_lost();
    }
    if (call != nullptr && call->status == 400) {
      return missed(fail_of_refusal(*call));
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return missed(*failed);
    }
    const JsonView root = std::get<JsonText>(read).root();
    auto value = value_in(root.member("payload"));
    if (auto* failed = std::get_if<Failed>(&value)) {
      return missed(std::move(*failed));
    }
    const auto& whole = std::get<Secret>(value);
    return brought_fields([&](std::string_view field) { return picked(whole.share(), field); },
                          root.member("name").plain_text(kTextBytesMax).value_or(""));
  }

  // Another run may have logged in since.
  Step on_lost() {
    if (project_.session == session_) {
      project_.session = nullptr;
    }
    session_ = project_.session;
    if (std::exchange(is_second_, true)) {
      return fail(FetchFault::auth_lost, "unauthorized");
    }
    return session_ != nullptr ? ask() : log_in();
  }

  // A version that is disabled or destroyed.
  static Failed fail_of_refusal(CallAnswer& answer) {
    Failed failed = fail_of_status(answer);
    const auto json = JsonText::read(std::move(answer.body));
    if (json && json->root().find("/error/status").is_text("FAILED_PRECONDITION")) {
      failed = fail(FetchFault::not_found, "disabled");
    }
    return failed;
  }

  static std::variant<Secret, Failed> value_in(JsonView payload) {
    const auto text = payload.member("data").text();
    auto value = text ? decoded_base64(text->reveal()) : text.error();
    if (!value) {
      return fail_of(value.error());
    }
    const JsonView sum = payload.member("dataCrc32c");
    if (!sum.is(JsonKind::none) && !sum.is_text(std::to_string(crc32c(value->reveal())))) {
      return fail(FetchFault::bad_answer, "checksum");
    }
    return std::move(*value);
  }

  Project& project_;
  LogIn log_in_;
  std::shared_ptr<const Session> session_;
  bool is_logging_in_ = false;
  bool is_second_ = false;
};

class GcpSecretManager final : public Backend {
 public:
  explicit GcpSecretManager(const SourceSpec& spec) : project_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(project_, keys);
  }

  [[nodiscard]] std::unique_ptr<Run> log_in() override {
    return std::make_unique<LogInRun>(project_);
  }

  [[nodiscard]] std::int64_t login_due_us() const override {
    return project_.session == nullptr ? 0 : project_.session->due_us;
  }

  [[nodiscard]] std::int64_t login_ends_us() const override {
    return project_.session == nullptr ? 0 : project_.session->ends_us;
  }

 private:
  Project project_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<GcpSecretManager>(spec);
}

constexpr std::array kSettings = {
    SettingRule{.name = "project", .is_required = true, .check = check_word},
    SettingRule{.name = "credentials", .is_required = true, .is_entry = true},
    SettingRule{.name = "address", .check = check_base_url},
};

}  // namespace

extern const BackendKind kGcpSecretManagerKind;
constinit const BackendKind kGcpSecretManagerKind = {
    .name = "gcp-secret-manager", .settings = kSettings, .make = make};

}  // namespace keyswap::vault
