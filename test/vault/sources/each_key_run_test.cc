// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/each_key_run.h"

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

// Asks for an entry of each key's name; or by a call, whose answer's status is all it looks at.
class SampleRun final : public EachKeyRun {
 public:
  using EachKeyRun::EachKeyRun;

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return missed(error->code == base::Errc::not_found ? fail(FetchFault::not_found, "not_found")
                                                         : fail_of(*error));
    }
    if (const auto* call = std::get_if<CallAnswer>(&answer)) {
      return missed(fail_of_status(*call));
    }
    const auto& entry = std::get<EntryAnswer>(answer);
    return brought_fields(
        [&](std::string_view field) { return picked(entry.value.share(), field); }, entry.version);
  }

 private:
  Step ask() override { return read_own(key().key); }
};

test::RunScript script_of(const std::vector<std::string>& keys) {
  REQUIRE(lock_memory());
  return test::RunScript(std::make_unique<SampleRun>(keys));
}

}  // namespace

TEST_CASE("one key after the other; what is not there is not in the others' way") {
  auto script = script_of({"A", "B", key_text("C", "x"), "D"});
  CHECK(as<ReadEntry>(script.begin()).name.text() == "A");
  CHECK(as<ReadEntry>(script.entry("a", "7")).name.text() == "B");
  CHECK(as<ReadEntry>(script.tell(base::Error{base::Errc::not_found, "none"})).name.text() == "C");
  CHECK(as<ReadEntry>(script.entry("no JSON")).name.text() == "D");
  const Done done = as<Done>(script.entry("d"));
  REQUIRE(done.values.size() == 2);
  CHECK(value_of(done, "A") == "a");
  CHECK(done.values.front().version == "7");
  CHECK(value_of(done, "D") == "d");
  CHECK(missed_of(done, "B") == Ending{FetchFault::not_found, "not_found"});
  CHECK(missed_of(done, key_text("C", "x")) == Ending{FetchFault::bad_answer, "no_fields"});
}

TEST_CASE("fields of one key are of one answer, and what it lacks is in nobody's way") {
  auto script = script_of({"A", key_text("A", "x"), key_text("A", "y"), key_text("B", "x")});
  as<ReadEntry>(script.begin());
  CHECK(as<ReadEntry>(script.entry(R"({"x":"1"})", "7")).name.text() == "B");
  const Done done = as<Done>(script.entry(R"({"x":"2"})", "8"));
  REQUIRE(done.values.size() == 3);
  CHECK(value_of(done, "A") == R"({"x":"1"})");
  CHECK(value_of(done, key_text("A", "x")) == "1");
  CHECK(missed_of(done, key_text("A", "y")) == Ending{FetchFault::not_found, "no_such_field"});
  CHECK(value_of(done, key_text("B", "x")) == "2");
}

TEST_CASE("alone it is told why it is not there; a source that is down ends all of it") {
  auto missing = script_of({"A"});
  as<ReadEntry>(missing.begin());
  CHECK(ending(missing.tell(base::Error{base::Errc::not_found, "none"})) ==
        Ending{FetchFault::not_found, "not_found"});
  auto field = script_of({key_text("A", "x")});
  as<ReadEntry>(field.begin());
  CHECK(ending(field.entry("{}")) == Ending{FetchFault::not_found, "no_such_field"});
  auto down = script_of({"A", "B"});
  as<ReadEntry>(down.begin());
  CHECK(ending(down.tell(base::Error{base::Errc::timed_out, "late"})) ==
        Ending{FetchFault::unavailable, "timed_out"});
}

TEST_CASE("a vendor that fails for one key takes nothing of the others away") {
  auto script = script_of({"A", "B", key_text("C", "x"), key_text("C", "y"), "D"});
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("a"));
  CHECK(as<ReadEntry>(script.answer(500, "")).name.text() == "C");
  CHECK(as<ReadEntry>(script.entry(R"({"x":"1","y":"2"})")).name.text() == "D");
  const Done done = as<Done>(script.answer(500, ""));
  CHECK(done.values.size() == 3);
  CHECK(missed_of(done, "B") == Ending{FetchFault::unavailable, "server_error"});
  CHECK(missed_of(done, "D") == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("a vendor that cannot be had any more is asked no more, and what it gave is kept") {
  const auto ending_of = [](Step step) {
    const Done done = as<Done>(std::move(step));
    CHECK(value_of(done, "A") == "a");
    CHECK(missed_of(done, "D") == missed_of(done, key_text("C", "y")));
    CHECK(done.missed.size() == 4);
    return missed_of(done, "D");
  };
  const std::vector<std::string> keys = {"A", "B", key_text("C", "x"), key_text("C", "y"), "D"};
  auto gone = script_of(keys);
  as<ReadEntry>(gone.begin());
  as<ReadEntry>(gone.entry("a"));
  CHECK(ending_of(gone.tell(base::Error{base::Errc::timed_out, "late"})) ==
        Ending{FetchFault::unavailable, "timed_out"});
  auto busy = script_of(keys);
  as<ReadEntry>(busy.begin());
  as<ReadEntry>(busy.entry("a"));
  CHECK(ending_of(busy.answer(429, "")) == Ending{FetchFault::unavailable, "rate_limited"});
  auto failing = script_of(keys);
  as<ReadEntry>(failing.begin());
  as<ReadEntry>(failing.entry("a"));
  as<ReadEntry>(failing.answer(500, ""));
  CHECK(ending_of(failing.answer(500, "")) == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("a vendor that fails twice and gives nothing is down, and one that says what is not so") {
  auto down = script_of({"A", "B", "C"});
  as<ReadEntry>(down.begin());
  as<ReadEntry>(down.answer(500, ""));
  CHECK(ending(down.answer(503, "")) == Ending{FetchFault::unavailable, "server_error"});
  auto one = script_of({key_text("A", "x"), key_text("A", "y")});
  as<ReadEntry>(one.begin());
  CHECK(ending(one.answer(500, "")) == Ending{FetchFault::unavailable, "server_error"});
  auto up = script_of({"A", "B"});
  as<ReadEntry>(up.begin());
  as<ReadEntry>(up.answer(404, ""));
  const Done done = as<Done>(up.answer(500, ""));
  CHECK(missed_of(done, "A") == Ending{FetchFault::not_found, "not_found"});
  CHECK(missed_of(done, "B") == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("G14 a credential that is lost in the midst of a run ends it, whatever came before") {
  auto script = script_of({"A", "B", "C"});
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("a"));
  CHECK(ending(script.answer(401, "")) == Ending{FetchFault::auth_lost, "unauthorized"});
}

TEST_CASE(
    "a vendor that says when to ask again is asked no more before, and what it gave is kept") {
  const auto [status, retry_after_ms] = GENERATE(table<int, std::int64_t>({
      {429, 0},
      {429, 7'000},
      {503, 7'000},
  }));
  auto script = script_of({"A", "B", "C"});
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("a"));
  const Done done = as<Done>(script.answer(status, "", retry_after_ms));
  CHECK(value_of(done, "A") == "a");
  REQUIRE(done.missed.size() == 2);
  CHECK(done.missed.back().failed.retry_after_ms == retry_after_ms);
  REQUIRE(done.rests.has_value());
  CHECK(done.rests->outcome == (status == 429 ? "rate_limited" : "server_error"));
  CHECK(done.rests->retry_after_ms == retry_after_ms);
}

TEST_CASE("a run that is late gives what it has, and says of the others that it was late") {
  auto script = script_of({"A", "B", key_text("C", "x"), key_text("C", "y")});
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("a"));
  const auto end = script.cut_off();
  REQUIRE(std::holds_alternative<Done>(end));
  const auto& done = std::get<Done>(end);
  CHECK(value_of(done, "A") == "a");
  CHECK(done.missed.size() == 3);
  CHECK(missed_of(done, key_text("C", "y")) == Ending{FetchFault::unavailable, "timed_out"});
  CHECK_FALSE(done.rests.has_value());
}

TEST_CASE(
    "a run that is late with nothing is of a vendor that is down, unless it said what is not") {
  auto none = script_of({"A", "B"});
  as<ReadEntry>(none.begin());
  const auto down = none.cut_off();
  REQUIRE(std::holds_alternative<Failed>(down));
  CHECK(std::get<Failed>(down).outcome == "timed_out");
  auto some = script_of({"A", "B"});
  as<ReadEntry>(some.begin());
  as<ReadEntry>(some.tell(base::Error{base::Errc::not_found, "none"}));
  const auto up = some.cut_off();
  REQUIRE(std::holds_alternative<Done>(up));
  CHECK(missed_of(std::get<Done>(up), "A") == Ending{FetchFault::not_found, "not_found"});
  CHECK(missed_of(std::get<Done>(up), "B") == Ending{FetchFault::unavailable, "timed_out"});
}

}  // namespace keyswap::vault
