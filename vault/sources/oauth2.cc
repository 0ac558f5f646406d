// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2.0: access tokens of a token endpoint, for a client by itself (`client_credentials`, RFC
// 6749 section 4.4), or of a refresh token (`refresh_token`, vault/sources/oauth2_rotation.h).
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vault/sources/backend_parts.h"
#include "vault/sources/jwt_key.h"
#include "vault/sources/kinds.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"
#include "vault/sources/oauth2_rotation.h"

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

class ClientRun final : public Run {
 public:
  ClientRun(const TokenClient& client, std::span<const std::string> keys)
      : client_(client), keys_(keys.begin(), keys.end()), who_(client) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return who_.begin(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    if (!is_asked_) {
      return on_client(std::move(answer), now_us);
    }
    if (token_) {
      return on_told(answer);
    }
    return on_token(std::move(answer), now_us);
  }

 private:
  Step on_client(Answer answer, std::int64_t now_us) {
    if (auto step = who_.on(std::move(answer))) {
      return std::move(*step);
    }
    const auto form = form_of({{"grant_type", "client_credentials"}});
    if (!form) {
      return fail_of(form.error());
    }
    is_asked_ = true;
    return token_call(client_, who_, *form, now_us);
  }

  Step on_token(Answer answer, std::int64_t now_us) {
    auto of_clock = fail_of_assertion_clock(client_, answer, now_us);
    auto read = read_token_answer(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&read)) {
      if (of_clock && failed->outcome == kInvalidClient) {
        return *std::move(of_clock);
      }
      // There is nobody who could log in.
      failed->fault =
          failed->fault == FetchFault::needs_login ? FetchFault::auth_lost : failed->fault;
      return std::move(*failed);
    }
    minted_us_ = now_us;
    token_ = std::get<TokenAnswer>(std::move(read));
    if (token_->has_type) {
      return deliver();
    }
    Note note;
    note.event.kind = FetchEventKind::refreshed;
    note.event.secret = keys_.front();
    note.event.outcome = "token_type_missing";
    return note;
  }

  Step on_told(const Answer& answer) {
    const auto* const noted = std::get_if<Noted>(&answer);
    return noted != nullptr && noted->is_durable
               ? deliver()
               : fail(FetchFault::unavailable, "audit_unavailable");
  }

  Step deliver() {
    const auto expires_at = token_->expires_in_s
                                ? std::optional(minted_us_ / kSecondUs + *token_->expires_in_s)
                                : std::nullopt;
    return done_with(keys_, token_->access, minted_us_, expires_at);
  }

  const TokenClient& client_;
  std::vector<std::string> keys_;
  ClientReading who_;
  bool is_asked_ = false;
  std::optional<TokenAnswer> token_;
  std::int64_t minted_us_ = 0;
};

class ClientBackend final : public Backend {
 public:
  explicit ClientBackend(const SourceSpec& spec) : client_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<ClientRun>(client_, keys);
  }

 private:
  TokenClient client_;
};

class RefreshBackend final : public Backend {
 public:
  RefreshBackend(const SourceSpec& spec, SecretName refresh_token)
      : grant_(spec, std::move(refresh_token)) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return refresh_run(grant_, keys);
  }

  void forget() override { forget_access(grant_); }

  void reopen() override { reopen_access(grant_); }

  // There is no log-in; what came of the refresh token and is in no file would go with this.
  [[nodiscard]] std::unique_ptr<Run> log_out() override { return last_keep_run(grant_); }

  void share(std::shared_ptr<PendingRotations> pending) override {
    grant_.all_pending = std::move(pending);
  }

 private:
  RefreshGrant grant_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  auto refresh_token = SecretName::parse(setting_text(spec, "refresh_token"));
  if (refresh_token) {
    return std::make_unique<RefreshBackend>(spec, std::move(*refresh_token));
  }
  return std::make_unique<ClientBackend>(spec);
}

// It is kept anew, so it has to be where that can be done.
const char* check_refresh_token(std::string_view text) {
  return SecretName::parse(text) ? nullptr
                                 : "it is kept anew, so it has to be an entry of the vault";
}

const char* check_auth(std::string_view text) {
  return text == "basic" || text == "body" || text == kPrivateKeyJwt
             ? nullptr
             : "`basic`, `body` or `private_key_jwt`";
}

using Rule = SettingRule;
constexpr std::array kSettings = {
    Rule{.name = "token_url", .is_required = true, .check = check_base_url},
    Rule{.name = "client_id", .is_required = true, .is_entry = true},
    Rule{.name = "client_secret", .is_entry = true},
    Rule{.name = "refresh_token", .is_entry = true, .check = check_refresh_token},
    Rule{.name = "auth", .check = check_auth},
    Rule{.name = "key", .is_entry = true},
    Rule{.name = "key_id"},
    Rule{.name = "algorithm", .check = check_jwt_algorithm},
    Rule{.name = "assertion_audience"},
    Rule{.name = "scope"},
    Rule{.name = "audience"},
    // Of a log-in alone (bindings::kLoginSettings).
    Rule{.name = "issuer", .check = check_base_url},
    Rule{.name = "authorize_url", .check = check_base_url},
    Rule{.name = "device_url", .check = check_base_url},
    Rule{.name = "login_scope"},
};

}  // namespace

extern const BackendKind kOAuth2Kind;
constinit const BackendKind kOAuth2Kind = {
    .name = "oauth2", .settings = kSettings, .make = make, .is_minting = true};

}  // namespace keyswap::vault
