// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/hashicorp_login.h"

#include <utility>

namespace keyswap::vault::hashicorp {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kLifeMaxS = std::int64_t{10} * 365 * 24 * 3600;
// A lease that is shorter is renewed no more often.
constexpr std::int64_t kRenewedAtMostUs = kSecondUs;
constexpr std::string_view kKubernetesToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

// A status that says that what we log in with is no good.
bool is_refusal(const Answer& answer) {
  const auto* call = std::get_if<CallAnswer>(&answer);
  return call != nullptr && (call->status == 400 || call->status == 401 || call->status == 403);
}

class LogInRun final : public Run {
 public:
  explicit LogInRun(Server& server) : log_in_(server) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return log_in_.renew(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    auto step = log_in_.on(std::move(answer), now_us);
    return step ? std::move(*step) : Step(Done{});
  }

 private:
  LogIn log_in_;
};

class LogOutRun final : public Run {
 public:
  explicit LogOutRun(Server& server) : server_(server) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override {
    const auto session = std::exchange(server_.session, nullptr);
    if (session == nullptr) {
      return Done{};  // a run lost it meanwhile
    }
    return server_.call("POST", "auth/token/revoke-self", session.get());
  }

  // It ends with its lease where this did not arrive.
  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call == nullptr) {
      return fail_of(std::get<base::Error>(answer));
    }
    return call->status < 300 ? Step(Done{}) : Step(fail_of_status(*call));
  }

 private:
  Server& server_;
};

}  // namespace

Server::Server(const SourceSpec& spec, std::int64_t call_ms)
    : address_(setting_text(spec, "address")),
      call_ms_(call_ms),
      namespace_(setting_text(spec, "namespace")),
      mount_(setting_text(spec, "auth_mount")),
      role_(setting_text(spec, "role")) {
  const std::string auth = setting_text(spec, "auth");
  if (auth == "approle") {
    auth_ = Auth::approle;
    first_ = setting_text(spec, "role_id");
    second_ = setting_text(spec, "secret_id");
  } else if (auth == "kubernetes") {
    auth_ = Auth::kubernetes;
    first_ = setting_text(spec, "jwt_file");
    first_ = first_.empty() ? std::string(kKubernetesToken) : first_;
  } else {
    first_ = setting_text(spec, "token");
  }
  mount_ = mount_.empty() ? auth : mount_;
}

Call Server::call(std::string_view method, const std::string& path, const Session* with) const {
  Call call;
  call.method = method;
  call.url = address_ + "/v1/" + path;
  call.ms_max = call_ms_;
  call.fields.push_back({"Accept", "application/json"});
  call.fields.push_back({"X-Vault-Request", "true"});  // an agent may ask for it
  if (!namespace_.empty()) {
    call.fields.push_back({"X-Vault-Namespace", namespace_});
  }
  if (with != nullptr) {
    call.fields.push_back({"X-Vault-Token", with->token.share()});
  }
  return call;
}

Step LogIn::begin() {
  next_ = &LogIn::on_first;
  return read_own(server_.first_, server_.auth_ == Server::Auth::kubernetes);
}

Step LogIn::renew() {
  if (server_.session == nullptr || !server_.session->is_renewable) {
    return begin();
  }
  next_ = &LogIn::on_renewed;
  return server_.call("POST", "auth/token/renew-self", server_.session.get());
}

std::optional<Step> LogIn::on(Answer answer, std::int64_t now_us) {
  now_us_ = now_us;
  return (this->*next_)(std::move(answer));
}

std::optional<Step> LogIn::on_first(Answer answer) {
  auto value = read_own_value(answer);
  if (auto* failed = std::get_if<Failed>(&value)) {
    return std::move(*failed);
  }
  first_ = std::move(std::get<Secret>(value));
  switch (server_.auth_) {
    case Server::Auth::token: {
      if (!is_token(first_.reveal())) {
        return fail(FetchFault::auth_lost, "no_token");
      }
      Session session;
      session.token = first_.share();
      next_ = &LogIn::on_looked_up;
      return server_.call("GET", "auth/token/lookup-self", &session);
    }
    case Server::Auth::approle:
      next_ = &LogIn::on_second;
      return read_own(server_.second_);
    case Server::Auth::kubernetes: {
      const auto jwt = json_string_of(first_.reveal());
      return ask(jwt ? joined({R"({"role":")", server_.role_, R"(","jwt":)", jwt->reveal(), "}"})
                     : jwt.error());
    }
  }
  KS_UNREACHABLE();
}

std::optional<Step> LogIn::on_second(Answer answer) {
  auto value = read_own_value(answer);
  if (auto* failed = std::get_if<Failed>(&value)) {
    return std::move(*failed);
  }
  const auto role_id = json_string_of(first_.reveal());
  const auto secret_id = json_string_of(std::get<Secret>(value).reveal());
  if (!role_id || !secret_id) {
    return fail_of((role_id ? secret_id : role_id).error());
  }
  return ask(
      joined({R"({"role_id":)", role_id->reveal(), R"(,"secret_id":)", secret_id->reveal(), "}"}));
}

std::optional<Step> LogIn::ask(base::Result<Secret> body) {
  if (!body) {
    return fail_of(body.error());
  }
  Call call = server_.call("POST", "auth/" + server_.mount_ + "/login", nullptr);
  call.fields.push_back({"Content-Type", "application/json"});
  call.body = std::move(*body);
  next_ = &LogIn::on_login;
  return call;
}

// A token of before is as good as it was, up to the end of its lease.
std::optional<Step> LogIn::on_login(Answer answer) {
  if (is_refusal(answer)) {
    if (server_.login_ends_us() <= now_us_) {
      server_.session = nullptr;
    }
    return fail(FetchFault::auth_lost, "login_refused");
  }
  const auto read = read_success(answer);
  if (const auto* failed = std::get_if<Failed>(&read)) {
    return *failed;
  }
  const JsonView lease = std::get<JsonText>(read).root().member("auth");
  auto token = lease.member("client_token").text();
  if (!token) {
    return fail_of(token.error());
  }
  return keep(std::move(*token), lease, "lease_duration", true);
}

// Whatever the reason why it is not renewed: what does not get better by itself is tried anew.
std::optional<Step> LogIn::on_renewed(Answer answer) {
  const auto* call = std::get_if<CallAnswer>(&answer);
  if (call != nullptr && call->status >= 300 && call->status < 500 && call->status != 429) {
    return begin();
  }
  const auto read = read_success(answer);
  if (const auto* failed = std::get_if<Failed>(&read)) {
    return *failed;
  }
  const bool is_made = server_.session != nullptr && server_.session->is_made;
  if (server_.session == nullptr) {
    return begin();  // another run lost it meanwhile
  }
  return keep(server_.session->token.share(),
              std::get<JsonText>(read).root().member("auth"),
              "lease_duration",
              is_made);
}

std::optional<Step> LogIn::on_looked_up(Answer answer) {
  // A token without the policy `default` may not look itself up, and reads well all the same: what
  // it is good for shows with the first secret, how long is not known.
  if (const auto* call = std::get_if<CallAnswer>(&answer); call != nullptr && call->status == 403) {
    Session session;
    session.token = std::move(first_);
    server_.session = std::make_shared<const Session>(std::move(session));
    return std::nullopt;
  }
  if (is_refusal(answer)) {
    server_.session = nullptr;
    return fail(FetchFault::auth_lost, "login_refused");
  }
  const auto read = read_success(answer);
  if (const auto* failed = std::get_if<Failed>(&read)) {
    return *failed;
  }
  return keep(std::move(first_), std::get<JsonText>(read).root().member("data"), "ttl", false);
}

// A lease of 0 has no end.
std::optional<Step> LogIn::keep(Secret token, JsonView lease, std::string_view life, bool is_made) {
  const auto life_s = lease.member(life).integer();
  if (!life_s || *life_s < 0 || *life_s > kLifeMaxS || !is_token(token.reveal())) {
    return fail(FetchFault::bad_answer, "malformed");
  }
  Session session;
  session.token = std::move(token);
  session.is_renewable = lease.member("renewable").is_true();
  session.is_made = is_made;
  if (*life_s != 0) {
    const std::int64_t life_us = *life_s * kSecondUs;
    session.due_us = now_us_ + std::max(life_us / 2, kRenewedAtMostUs);
    session.ends_us = now_us_ + life_us;
  }
  server_.session = std::make_shared<const Session>(std::move(session));
  first_ = {};
  return std::nullopt;
}

std::optional<Step> TokenSteps::begin(std::int64_t now_us) {
  session_ = server_.session;
  if (session_ != nullptr && now_us < session_->ends_us) {
    return std::nullopt;
  }
  return log_in();
}

Call TokenSteps::call(std::string_view method, const std::string& path) const {
  return server_.call(method, path, session_.get());
}

Step TokenSteps::doubt() {
  waits_ = Waits::lookup;
  is_forbidden_ = false;
  return call("GET", "auth/token/lookup-self");
}

std::optional<Step> TokenSteps::on(Answer answer, std::int64_t now_us) {
  if (waits_ == Waits::lookup) {
    return on_lookup(answer);
  }
  auto step = log_in_.on(std::move(answer), now_us);
  // Who goes on without a token, as transit does, asks for other things next.
  if (!step || std::holds_alternative<Failed>(*step)) {
    waits_ = Waits::nothing;
  }
  if (!step) {
    session_ = server_.session;
  }
  return step;
}

Step TokenSteps::log_in() {
  waits_ = Waits::login;
  return log_in_.begin();
}

std::optional<Step> TokenSteps::on_lookup(const Answer& answer) {
  waits_ = Waits::nothing;
  const auto* call = std::get_if<CallAnswer>(&answer);
  if (call == nullptr) {
    return fail_of(std::get<base::Error>(answer));
  }
  if (call->status < 300) {
    is_forbidden_ = true;
    return std::nullopt;
  }
  return call->status == 403 ? on_lost() : fail_of_answer(*call);
}

// Another run may have logged in since.
std::optional<Step> TokenSteps::on_lost() {
  if (server_.session == session_) {
    server_.session = nullptr;
  }
  session_ = server_.session;
  if (std::exchange(is_second_, true)) {
    return fail(FetchFault::auth_lost, "unauthorized");
  }
  return session_ != nullptr ? std::nullopt : std::optional(log_in());
}

Failed fail_of_answer(const CallAnswer& answer) {
  if (answer.status == 412) {
    return fail(FetchFault::unavailable, "not_yet_consistent");
  }
  Failed failed = fail_of_status(answer);
  if (answer.status == 503) {
    failed.outcome = "sealed";
  }
  return failed;
}

std::unique_ptr<Run> log_in_run(Server& server) {
  return std::make_unique<LogInRun>(server);
}

std::unique_ptr<Run> log_out_run(Server& server) {
  return server.session != nullptr && server.session->is_made ? std::make_unique<LogOutRun>(server)
                                                              : nullptr;
}

const char* check_auth(std::string_view text) {
  return text == "token" || text == "approle" || text == "kubernetes"
             ? nullptr
             : "token, approle or kubernetes stands here";
}

}  // namespace keyswap::vault::hashicorp
