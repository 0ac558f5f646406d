// SPDX-License-Identifier: Apache-2.0
//
// What logins are played against: the world of refresh tokens (token_world.h), with a clock that a
// run's waits move on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/vault/sources/token_world.h"
#include "vault/sources/login_grant.h"

namespace keyswap::vault::backend {

inline SourceSpec login_spec(std::vector<SourceSetting> more = {}) {
  std::vector<SourceSetting> settings = {{"token_url", "https://auth.example.com/token"},
                                         {"client_id", "CLIENT"},
                                         {"refresh_token", "REFRESH"},
                                         {"scope", "read write"}};
  settings.insert(settings.end(), more.begin(), more.end());
  auto spec = spec_of(std::move(settings));
  spec.id = "mint:K";
  spec.is_minted = true;
  return spec;
}

// One run of a login. Calls are answered by what the test says, all else by the world.
class LoginScript {
 public:
  LoginScript(World& world, std::unique_ptr<Run> run) : world_(&world), run_(std::move(run)) {
    step_ = run_->begin(now_us);
    go_on();
  }

  std::int64_t now_us = test::FakeTime::kStartUs;
  std::vector<std::int64_t> waits_ms;

  // The call that it stands at.
  [[nodiscard]] const Call& call() const {
    REQUIRE(std::holds_alternative<Call>(*step_));
    return std::get<Call>(*step_);
  }

  void answer(int status, std::string_view body) { tell(TokenServer::made(status, body)); }

  void tell(Answer answer) {
    step_ = run_->on(std::move(answer), now_us);
    go_on();
  }

  // "done", "(outcome)" or "(not over)".
  [[nodiscard]] std::string told() const {
    return std::holds_alternative<Done>(*step_) ? "done" : backend::told(*step_);
  }

  [[nodiscard]] const Step& step() const { return *step_; }

  // What is done before a step that keeps something.
  std::function<void()> before_keeping;

 private:
  void go_on() {
    while (!is_end(*step_) && !std::holds_alternative<Call>(*step_)) {
      if (const auto* const wait = std::get_if<Wait>(&*step_)) {
        waits_ms.push_back(wait->ms);
        now_us += wait->ms * 1000;
        step_ = run_->on(Granted{}, now_us);
        continue;
      }
      if (std::holds_alternative<KeepEntry>(*step_) && before_keeping) {
        before_keeping();
      }
      auto answer = world_->answer(*step_);
      REQUIRE(answer);
      step_ = run_->on(std::move(*answer), now_us);
    }
  }

  World* world_;
  std::unique_ptr<Run> run_;
  std::optional<Step> step_;
};

// A login that ended with a trouble left all as it was.
inline void check_login_ended(const LoginScript& script,
                              const Trouble& trouble,
                              const World& world) {
  check_told(script.step(), trouble);
  CHECK(world.value("REFRESH") == "refresh-0000");
  CHECK(world.records.empty());
}

inline constexpr std::string_view kTokens =
    R"({"access_token":"a-1","token_type":"Bearer","refresh_token":"refresh-new-1"})";

}  // namespace keyswap::vault::backend
