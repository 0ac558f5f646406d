// SPDX-License-Identifier: Apache-2.0
//
// A source in memory: each fetch is one call, whose answer's status says how it ends. With the
// engine, the clock and the cache around it, and those who ask.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/support/fake_engine.h"
#include "vault/sources/cache.h"
#include "vault/sources/value_store.h"

namespace keyswap::vault::sample {

inline constexpr std::int64_t kSecondUs = 1'000'000;

inline Secret locked_copy_of(std::string_view text) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

// What the source has, and what its log-in is like; outlives the backend.
struct SourceWorld {
  std::map<std::string, std::string> values;
  std::map<std::string, Failed> missed;    // what a run says of these keys, beside the others
  std::optional<Failed> rests;             // what it says of itself, beside all it gives
  std::optional<std::int64_t> expires_at;  // of all of them
  std::size_t forgotten = 0;               // so often it was told to
  bool has_login = false;
  bool is_logged_in = false;  // there is something to give back
  std::int64_t login_due_us = 0;
  std::int64_t login_lasts_us = 3600 * kSecondUs;  // until it is due again
  std::int64_t login_ends_us = 0;
};

class FakeRun final : public Run {
 public:
  FakeRun(SourceWorld& world, std::string what, std::vector<std::string> keys)
      : world_(&world), what_(std::move(what)), keys_(std::move(keys)) {}

  Step begin(std::int64_t /*now_us*/) override {
    Call call;
    call.method = "GET";
    call.url = what_;
    for (const std::string& key : keys_) {
      call.url.append(" ").append(key);
    }
    return call;
  }

  Step on(Answer answer, std::int64_t now_us) override {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call == nullptr) {
      return Failed{FetchFault::unavailable, "call_failed", 0};
    }
    switch (call->status) {
      case 200:
        return succeed(now_us);
      case 400:
        return Failed{FetchFault::needs_login, "invalid_grant", 0};
      case 401:
        return Failed{FetchFault::auth_lost, "auth_lost", 0};
      case 404:
        return Failed{FetchFault::not_found, "not_found", 0};
      case 422:
        return Failed{FetchFault::bad_answer, "bad_answer", 0};
      default:
        return Failed{FetchFault::unavailable, "http_status", call->retry_after_ms};
    }
  }

 private:
  Step succeed(std::int64_t now_us) {
    if (what_ != "fetch") {
      world_->is_logged_in = what_ == "log_in";
      world_->login_due_us = now_us + world_->login_lasts_us;
      return Done{};
    }
    Done done;
    done.rests = world_->rests;
    for (const std::string& key : keys_) {
      if (const auto missed = world_->missed.find(key); missed != world_->missed.end()) {
        done.missed.push_back({key, missed->second});
        continue;
      }
      if (const auto found = world_->values.find(key); found != world_->values.end()) {
        done.values.push_back({key, locked_copy_of(found->second), "", world_->expires_at});
      }
    }
    return done;
  }

  SourceWorld* world_;
  std::string what_;
  std::vector<std::string> keys_;
};

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(SourceWorld& world) : world_(&world) {}

  std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FakeRun>(
        *world_, "fetch", std::vector<std::string>(keys.begin(), keys.end()));
  }

  void forget() override { ++world_->forgotten; }

  std::unique_ptr<Run> log_in() override { return run_of("log_in"); }

  std::unique_ptr<Run> log_out() override {
    return world_->is_logged_in ? run_of("log_out") : nullptr;
  }

  [[nodiscard]] std::int64_t login_due_us() const override {
    return world_->has_login ? world_->login_due_us : INT64_MAX;
  }

  [[nodiscard]] std::int64_t login_ends_us() const override { return world_->login_ends_us; }

 private:
  [[nodiscard]] std::unique_ptr<Run> run_of(std::string what) const {
    return world_->has_login
               ? std::make_unique<FakeRun>(*world_, std::move(what), std::vector<std::string>())
               : nullptr;
  }

  SourceWorld* world_;
};

inline CacheRule rule_with_stale(std::int64_t stale_ms) {
  return {.ttl_ms = 100'000, .jitter_ms = 0, .entries_max = 10, .stale_ms = stale_ms};
}

// What one who asked was told, then or later.
struct Told {
  bool is_at_once = false;
  std::optional<FetchAnswer> answer;

  [[nodiscard]] bool is_told() const { return answer.has_value(); }

  // "!" and what went wrong, where there is no value.
  [[nodiscard]] std::string text() const {
    if (!answer) {
      return "?";
    }
    return *answer ? std::string((*answer)->value.reveal())
                   : "!" + std::to_string(static_cast<int>((*answer).error().code));
  }

  [[nodiscard]] bool is(base::Errc code) const {
    return answer && !*answer && answer->error().code == code;
  }
};

// One source with its cache. The ttl is 100 s, and jitter is none until it is drawn.
class Cached {
 public:
  explicit Cached(CacheRule rule = rule_with_stale(0),
                  bool is_minted = false,
                  bool has_login = false) {
    REQUIRE(lock_memory());
    world.has_login = has_login;
    world.values = {{"K", "value-1"}, {"L", "other"}};
    SourceSpec spec;
    spec.id = "company";
    spec.kind = "fake";
    spec.cache = rule;
    spec.is_minted = is_minted;
    cache.emplace(std::move(spec),
                  std::make_unique<FakeBackend>(world),
                  CacheParts{engine, time, store, [this](std::uint64_t below) {
                               return drawn < below ? drawn : below - 1;
                             }});
  }

  std::shared_ptr<Told> ask(std::string key = "K",
                            EntryKind kind = EntryKind::text,
                            bool is_only_known = false) {
    const auto told = std::make_shared<Told>();
    const SecretName name = *SecretName::parse("NAME");
    Wanted wanted{.name = name, .kind = kind};
    wanted.is_only_known = is_only_known;
    auto at_once = cache->fetch({0, std::move(key), ""}, wanted, [told](FetchAnswer late) {
      REQUIRE_FALSE(told->answer.has_value());
      told->answer.emplace(std::move(late));
    });
    if (at_once) {
      told->is_at_once = true;
      told->answer = std::move(at_once);
    }
    return told;
  }

  // What the oldest run waits for: "fetch K", "log_in".
  std::string asked_for(std::size_t n = 0) {
    engine.turn();
    return n < engine.waiting() ? std::get<Call>(engine.step(n)).url : "";
  }

  void answer(int status = 200, std::int64_t retry_after_ms = 0, std::size_t n = 0) {
    engine.turn();
    CallAnswer told;
    told.status = status;
    told.retry_after_ms = retry_after_ms;
    engine.answer(std::move(told), n);
  }

  // A value that is there, fetched by one who asked.
  std::string fetch(std::string key = "K") {
    const auto told = ask(std::move(key));
    if (!told->is_at_once) {
      answer();
    }
    return told->text();
  }

  void pass_s(std::int64_t seconds) { engine.pass(seconds * kSecondUs); }

  SourceWorld world;
  std::uint64_t drawn = 0;
  test::FakeTime time;
  test::FakeEngine engine{time};
  ValueStore store{1024 * 1024};
  std::optional<SourceCache> cache;
};

inline Cached with_login() {
  return Cached(rule_with_stale(0), false, true);
}

}  // namespace keyswap::vault::sample
