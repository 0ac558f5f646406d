// SPDX-License-Identifier: Apache-2.0
//
// The management API on a vault of its own, with a clock that the test moves and a log in memory.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "proxy/manage/api.h"
#include "test/vault/sample.h"
#include "vault/manage_login.h"

namespace keyswap::manage::test {

class TestClock final : public base::Clock {
 public:
  std::int64_t us = 1'750'000'000'000'000;

  [[nodiscard]] std::int64_t wall_us() const override { return us; }

  [[nodiscard]] std::int64_t steady_us() const override { return us - 1'740'000'000'000'000; }

  void pass_s(std::int64_t seconds) { us += seconds * 1'000'000; }
};

// Durable at once, or dead.
class TestLog final : public audit::Sink {
 public:
  std::string bodies;
  bool is_broken = false;

  bool append(audit::Batch&& batch, audit::Listener* listener, std::uint64_t ticket) override {
    if (is_broken) {
      return false;
    }
    bodies.append(batch.bodies()).append("\n");
    if (listener != nullptr) {
      listener->batch_done(ticket, true);
    }
    return true;
  }

  [[nodiscard]] bool is_dead() const override { return is_broken; }
};

// A head that a test writes as a list of fields.
inline http::RequestHead head_of(
    std::string_view method,
    std::string_view target,
    const std::vector<std::pair<std::string_view, std::string_view>>& fields,
    bool has_body = false) {
  http::RequestHead head;
  head.method = method;
  head.target = target;
  for (const auto& [name, value] : fields) {
    head.fields.add(name, value);
  }
  if (has_body) {
    head.framing = {http::Framing::Kind::length, 1};
  }
  return head;
}

struct Said {
  int status = 0;
  std::string body;
  std::int64_t delay_ms = 0;
  std::string allow;
};

class World {
 public:
  World() { REQUIRE(api.start()); }

  World(const World&) = delete;
  World& operator=(const World&) = delete;
  World(World&&) = delete;
  World& operator=(World&&) = delete;

  ~World() { api.stop(); }

  std::future<Said> begin(std::string method,
                          std::string target,
                          std::string body = {},
                          std::string authorization = {},
                          bool is_owner = false) {
    struct Kept {
      std::string method, target, authorization;
      services::Question question;
    };

    auto kept = std::make_shared<Kept>();
    kept->method = std::move(method);
    kept->target = std::move(target);
    kept->authorization = std::move(authorization);
    auto& question = kept->question;
    question.head =
        head_of(kept->method, kept->target, {{"Host", "127.0.0.1:8474"}}, !body.empty());
    if (!body.empty()) {
      question.head.fields.add("Content-Type", "application/json");
    }
    if (!kept->authorization.empty()) {
      question.head.fields.add("Authorization", kept->authorization);
    }
    question.body = std::move(body);
    question.client = "127.0.0.1:50000";
    question.is_owner = is_owner;
    auto said = std::make_shared<std::promise<Said>>();
    asked_last = std::shared_ptr<services::Question>(kept, &kept->question);
    api.answer(asked_last, [said](const std::shared_ptr<services::SlowAnswer>& answer) {
      Said heard{answer->reply.head.status, answer->reply.body, answer->delay_ms, ""};
      for (const auto& field : answer->reply.head.fields) {
        if (field.name == "Allow") {
          heard.allow = field.value;
        }
      }
      said->set_value(std::move(heard));
    });
    return said->get_future();
  }

  Said ask(std::string method, std::string target, std::string body = {}) {
    const std::string authorization = token.empty() ? "" : "Bearer " + token;
    return begin(std::move(method), std::move(target), std::move(body), authorization).get();
  }

  Said log_in(const std::string& password, const std::string& scope = "admin") {
    return begin("POST",
                 "/api/auth/login",
                 R"({"password":")" + password + R"(","scope":")" + scope + R"("})")
        .get();
  }

  static std::string token_of(const Said& said) {
    const auto begin = said.body.find("fn_sess_");
    return begin == std::string::npos ? "" : said.body.substr(begin, 8 + 64);
  }

  void set_password() {
    REQUIRE(vault::set_manage_password(vault, vault::sample::secret_of(kPassword)));
  }

  static constexpr const char* kPassword = "right horse";

  vault::sample::TempDir dir;
  vault::Vault vault = vault::sample::open_vault(vault::sample::make_sample(dir));
  TestClock clock;
  TestLog log;
  Manager manager{vault, log, clock};
  Api api{manager, BrowserRules::of_address("127.0.0.1:8474")};
  std::string token;
  std::shared_ptr<services::Question> asked_last;
};

}  // namespace keyswap::manage::test
