// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_device.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/base/bounds.h"
#include "vault/json.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kUsualIntervalMs = 5'000;  // RFC 8628 section 3.2
constexpr std::int64_t kSlowerMs = 5'000;         // section 3.5
constexpr std::size_t kUserCodeBytesMax = 64;
constexpr std::size_t kPageBytesMax = 2048;
constexpr std::size_t kDeviceCodeBytesMax = 4096;

// A text that is shown to a person; "" unless it is one: printable ASCII without spaces at its end.
std::string shown_text(JsonView value, std::size_t bytes_max, char first) {
  const auto text = value.text();
  if (!text || text->size() > bytes_max) {
    return {};
  }
  const std::string_view view = text->reveal();
  const bool is_printable =
      std::ranges::all_of(view, [first](char c) { return c >= first && c <= '~'; });
  return is_printable ? std::string(view) : std::string();
}

// A page without TLS would take the person's password in the clear.
std::string page_in(JsonView value) {
  std::string url = shown_text(value, kPageBytesMax, '!');
  return url.starts_with("https://") ? url : std::string();
}

// Seconds as a server says them, within what is taken; nothing: it is no number.
std::optional<std::int64_t> seconds_as_ms(JsonView value,
                                          std::int64_t least_ms,
                                          std::int64_t most_ms) {
  const auto seconds = value.integer();
  if (!seconds) {
    return std::nullopt;
  }
  const std::int64_t within = std::clamp<std::int64_t>(*seconds, 0, most_ms / kMsPerSecond);
  return std::clamp(within * kMsPerSecond, least_ms, most_ms);
}

class StartRun final : public Run {
 public:
  explicit StartRun(DeviceLogin& login) : login_(login), who_(login.grant.client) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return who_.begin(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    return is_asked_ ? on_answer(std::move(answer), now_us) : on_client(std::move(answer), now_us);
  }

 private:
  Step on_client(Answer answer, std::int64_t now_us) {
    if (auto step = who_.on(std::move(answer))) {
      return std::move(*step);
    }
    is_asked_ = true;
    TokenClient at = login_.grant.client;
    at.token_url = login_.device_url;
    at.scope = login_.grant.scope;
    return token_call(at, who_, Secret(), now_us);
  }

  Step on_answer(Answer answer, std::int64_t now_us) {
    auto read = read_endpoint_answer(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&read)) {
      return std::move(*failed);
    }
    return take(std::get<JsonText>(read).root(), now_us);
  }

  Step take(JsonView root, std::int64_t now_us) {
    auto code = root.member("device_code").text();
    if (!code) {
      return code.error().code == base::Errc::unavailable ? Step(fail_of(code.error()))
                                                          : malformed();
    }
    login_.user_code = shown_text(root.member("user_code"), kUserCodeBytesMax, ' ');
    login_.verification_url = page_in(root.member("verification_uri"));
    if (login_.verification_url.empty()) {
      // Google's word for it (developers.google.com, "OAuth 2.0 for TV and Limited-Input Devices").
      login_.verification_url = page_in(root.member("verification_url"));
    }
    login_.verification_url_complete = page_in(root.member("verification_uri_complete"));
    const auto life_ms =
        seconds_as_ms(root.member("expires_in"), bounds::kLoginPollMsMin, bounds::kLoginCodeMsMax);
    const JsonView interval = root.member("interval");
    const auto interval_ms =
        interval.is(JsonKind::none)
            ? std::optional(kUsualIntervalMs)
            : seconds_as_ms(interval, bounds::kLoginPollMsMin, bounds::kLoginPollMsMax);
    if (login_.user_code.empty() || login_.verification_url.empty() || !life_ms || !interval_ms ||
        code->size() > kDeviceCodeBytesMax || !is_token(code->reveal())) {
      return malformed();
    }
    login_.device_code = std::move(*code);
    login_.expires_us = now_us + *life_ms * kUsPerMs;
    login_.interval_ms = *interval_ms;
    return Done{};
  }

  static Step malformed() { return fail(FetchFault::bad_answer, "malformed"); }

  DeviceLogin& login_;
  ClientReading who_;
  bool is_asked_ = false;
};

// Is it asked again? `no` is an answer.
bool may_come_yet(const Failed& failed) {
  const bool is_reached = failed.outcome != "tls" && failed.outcome != "not_permitted";
  return failed.fault == FetchFault::unavailable && is_reached;
}

class PollRun final : public Run {
 public:
  explicit PollRun(DeviceLogin& login)
      : login_(login),
        who_(login.grant.client),
        keeping_(login.grant),
        interval_ms_(login.interval_ms) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override {
    next_ = &PollRun::on_client;
    return who_.begin();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    return (this->*next_)(std::move(answer));
  }

 private:
  using Next = Step (PollRun::*)(Answer);

  Step on_client(Answer answer) {
    if (auto step = who_.on(std::move(answer))) {
      return std::move(*step);
    }
    return wait(interval_ms_);
  }

  Step wait(std::int64_t ms) {
    if (now_us_ + ms * kUsPerMs > login_.expires_us) {
      return fail(FetchFault::needs_login, "token_endpoint_error:expired_token");
    }
    next_ = &PollRun::on_time;
    return Wait{ms};
  }

  Step on_time(Answer answer) {
    if (!std::holds_alternative<Granted>(answer)) {
      return fail(FetchFault::unavailable, "unexpected");
    }
    const auto form =
        form_of({{"grant_type", kDeviceGrant}, {"device_code", login_.device_code.reveal()}});
    if (!form) {
      return fail_of(form.error());
    }
    next_ = &PollRun::on_token;
    return spending_call(login_.grant.client, who_, *form, now_us_);
  }

  Step on_token(Answer answer) {
    auto read = read_grant_answer(std::move(answer));
    if (auto* const token = std::get_if<TokenAnswer>(&read)) {
      next_ = &PollRun::on_keeping;
      return keeping_.begin(std::move(*token));
    }
    auto& failed = std::get<Failed>(read);
    if (failed.outcome == kPending) {
      return wait(interval_ms_);
    }
    if (!may_come_yet(failed)) {
      return std::move(failed);
    }
    // "slow_down" is for good; a server that was not reached is given the same time (section 3.5).
    interval_ms_ = std::min(interval_ms_ + kSlowerMs, bounds::kLoginPollMsMax);
    return wait(std::max(interval_ms_, failed.retry_after_ms));
  }

  Step on_keeping(Answer answer) { return keeping_.on(std::move(answer)); }

  DeviceLogin& login_;
  ClientReading who_;
  LoginKeeping keeping_;
  std::int64_t interval_ms_;
  Next next_ = nullptr;
  std::int64_t now_us_ = 0;
};

}  // namespace

std::unique_ptr<Run> device_start_run(DeviceLogin& login) {
  return std::make_unique<StartRun>(login);
}

std::unique_ptr<Run> device_poll_run(DeviceLogin& login) {
  return std::make_unique<PollRun>(login);
}

}  // namespace keyswap::vault
