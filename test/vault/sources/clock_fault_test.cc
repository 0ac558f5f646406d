// SPDX-License-Identifier: Apache-2.0
//
// A wrong clock by itself, and with a source of AWS in its cache.
#include "vault/sources/clock_fault.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "test/vault/sources/backend_support.h"
#include "vault/sources/cache.h"
#include "vault/sources/value_store.h"

namespace keyswap::vault {

extern const BackendKind kAwsSecretsManagerKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kNowS = 1'700'000'000;
constexpr std::int64_t kSecondUs = 1'000'000;

bool is_of_clock(std::optional<std::int64_t> date_off_s, std::int64_t off_max_s) {
  CallAnswer answer;
  answer.status = 401;
  answer.date_s = date_off_s ? std::optional(kNowS + *date_off_s) : std::nullopt;
  const auto failed = fail_of_clock(answer, kNowS * kSecondUs + 999'999, off_max_s);
  if (failed) {
    CHECK(failed->fault == FetchFault::unavailable);
    CHECK(failed->outcome == "clock_differs");
    CHECK(failed->retry_after_ms == 0);
  }
  return failed.has_value();
}

CallAnswer answer_of(int status,
                     std::string_view body,
                     std::optional<std::int64_t> date_s = std::nullopt) {
  CallAnswer answer;
  answer.status = status;
  answer.body = Secret::copy_of(body).value();
  answer.date_s = date_s;
  return answer;
}

// A source of AWS whose value is kept for 100 s; the last fifth of them it is fetched anew.
struct Cached {
  Cached() {
    SourceSpec spec = spec_of({{"region", "us-east-1"},
                               {"access_key_id", "AWS_ID"},
                               {"secret_access_key", "AWS_SECRET"}});
    spec.cache = {.ttl_ms = 100'000, .jitter_ms = 0, .entries_max = 10};
    auto backend = kAwsSecretsManagerKind.make(spec);
    cache.emplace(
        std::move(spec), std::move(backend), CacheParts{engine, time, store, [](std::uint64_t) {
                                                          return std::uint64_t{0};
                                                        }});
  }

  // What there is at once; "" nothing, and it is being fetched.
  std::string ask() {
    const SecretName name = *SecretName::parse("NAME");
    const auto given =
        cache->fetch({0, "K", ""}, {.name = name, .kind = EntryKind::text}, [](FetchAnswer) {});
    return !given ? "" : *given ? std::string((*given)->value.reveal()) : "(an error)";
  }

  // What the run that is under way is opened with, and what AWS answers it.
  void answer(CallAnswer of_call) {
    for (const auto* const part : {"AKIDEXAMPLE", "wJalrXUtnFEMI"}) {
      engine.turn();
      engine.answer(EntryAnswer{Secret::copy_of(part).value(), "1"});
    }
    engine.answer(std::move(of_call));
  }

  test::FakeTime time;
  test::FakeEngine engine{time};
  ValueStore store{1024 * 1024};
  std::optional<SourceCache> cache;
};

}  // namespace

TEST_CASE("a clock that is as far off as a signature may be, or nearly, is told; a better is not") {
  for (const std::int64_t off_max_s : {kTokenClockOffMaxS, kAwsClockOffMaxS}) {
    INFO(off_max_s);
    for (const std::int64_t sign : {1, -1}) {
      for (const std::int64_t off_s : {off_max_s - 4, off_max_s - 1, off_max_s, off_max_s + 1}) {
        INFO(off_s);
        CHECK(is_of_clock(sign * off_s, off_max_s));
      }
      for (const std::int64_t off_s : {std::int64_t{0}, off_max_s / 2, off_max_s - 5}) {
        INFO(off_s);
        CHECK_FALSE(is_of_clock(sign * off_s, off_max_s));
      }
    }
    CHECK(is_of_clock(-kNowS, off_max_s));
    CHECK_FALSE(is_of_clock(std::nullopt, off_max_s));
  }
}

TEST_CASE("what was fetched before is served on while this machine's clock is wrong") {
  const std::string refusal = R"({"__type":"InvalidSignatureException","Message":"expired"})";
  // How far the answer's Date is off when the value is fetched anew, and what is left of it.
  const auto left_after = [&](std::optional<std::int64_t> date_off_s, const std::string& outcome) {
    Cached kept;
    CHECK(kept.ask().empty());
    kept.answer(answer_of(200, R"({"SecretString":"sk-live"})"));
    CHECK(kept.ask() == "sk-live");
    kept.engine.pass(90 * kSecondUs);
    CHECK(kept.ask() == "sk-live");
    const std::int64_t now_s = kept.time.wall_us() / kSecondUs;
    kept.answer(
        answer_of(400, refusal, date_off_s ? std::optional(now_s + *date_off_s) : std::nullopt));
    CHECK(kept.cache->state().outcome == outcome);
    CHECK(kept.cache->state().next_try_us > 0);
    return kept.ask();
  };
  CHECK(left_after(1'200, "clock_differs") == "sk-live");
  CHECK(left_after(0, "unauthorized") == "(an error)");
  CHECK(left_after(std::nullopt, "unauthorized") == "(an error)");
}

}  // namespace keyswap::vault
