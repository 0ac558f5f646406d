// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/each_key_run.h"

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

// Asks for an entry of each key's name.
class SampleRun final : public EachKeyRun {
 public:
  using EachKeyRun::EachKeyRun;

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return missed(error->code == base::Errc::not_found ? fail(FetchFault::not_found, "not_found")
                                                         : fail_of(*error));
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

}  // namespace keyswap::vault
