// SPDX-License-Identifier: Apache-2.0
//
// What the tests of backends share: a source's specification, and the steps that they look at.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/support/fake_engine.h"
#include "vault/sources/kinds.h"
#include "vault/sources/run.h"

namespace keyswap::vault::backend {

inline SourceSpec spec_of(std::vector<SourceSetting> settings) {
  REQUIRE(lock_memory());
  SourceSpec spec;
  spec.id = "company";
  spec.settings = std::move(settings);
  return spec;
}

// The step as what it has to be.
template <typename Wanted>
Wanted as(Step step) {
  if (const auto* failed = std::get_if<Failed>(&step)) {
    UNSCOPED_INFO(failed->outcome);
  }
  REQUIRE(std::holds_alternative<Wanted>(step));
  return std::get<Wanted>(std::move(step));
}

inline std::string text_of(const CallField& field) {
  const auto* secret = std::get_if<Secret>(&field.value);
  return secret == nullptr ? std::get<std::string>(field.value) : std::string(secret->reveal());
}

// "" it is not there.
inline std::string field_of(const Call& call, std::string_view name) {
  for (const CallField& field : call.fields) {
    if (field.name == name) {
      return text_of(field);
    }
  }
  return "";
}

inline std::string body_of(const Call& call) {
  return std::string(call.body.reveal());
}

// "METHOD url".
inline std::string line_of(const Call& call) {
  return std::string(call.method) + " " + call.url;
}

struct Ending {
  FetchFault fault;
  std::string outcome;

  bool operator==(const Ending&) const = default;
};

inline Ending ending(const Step& step) {
  REQUIRE(std::holds_alternative<Failed>(step));
  const Failed& failed = std::get<Failed>(step);
  return {failed.fault, failed.outcome};
}

// What came for a key; "(none)" nothing did.
inline std::string value_of(const Done& done, std::string_view key) {
  for (const FetchedValue& value : done.values) {
    if (value.key == key) {
      return std::string(value.value.reveal());
    }
  }
  return "(none)";
}

// Why nothing came for a key beside the others.
inline Ending missed_of(const Done& done, std::string_view key) {
  for (const Missed& one : done.missed) {
    if (one.key == key) {
      return {one.failed.fault, one.failed.outcome};
    }
  }
  return {FetchFault::unavailable, "(nothing is said of it)"};
}

// What may come in place of an answer to any call, and how each source tells it.
struct Trouble {
  const char* name;
  int status = 0;  // 0: the error
  base::Error error{base::Errc::network, "no answer"};
  std::string_view body = {};
  std::int64_t retry_after_ms = 0;
  FetchFault fault = FetchFault::unavailable;
  const char* outcome = "";
};

inline const std::vector<Trouble>& troubles() {
  static const std::vector<Trouble> all = {
      {.name = "no connection", .error = {base::Errc::network, "refused"}, .outcome = "network"},
      {.name = "another certificate", .error = {base::Errc::tls, "bad"}, .outcome = "tls"},
      {.name = "time-out", .error = {base::Errc::timed_out, "late"}, .outcome = "timed_out"},
      {.name = "an address that it may not be",
       .error = {base::Errc::permission, "guard"},
       .outcome = "not_permitted"},
      {.name = "no locked memory",
       .error = {base::Errc::unavailable, "full"},
       .fault = FetchFault::no_room,
       .outcome = "no_room"},
      {.name = "a longer answer",
       .error = {base::Errc::limit_exceeded, "long"},
       .fault = FetchFault::bad_answer,
       .outcome = "answer_too_large"},
      {.name = "too many requests",
       .status = 429,
       .body = "{}",
       .retry_after_ms = 7'000,
       .outcome = "rate_limited"},
      {.name = "its own failure", .status = 500, .body = "oops", .outcome = "server_error"},
      {.name = "a redirect", .status = 302, .fault = FetchFault::bad_answer, .outcome = "redirect"},
      {.name = "no JSON",
       .status = 200,
       .body = "<html>",
       .fault = FetchFault::bad_answer,
       .outcome = "malformed"},
      {.name = "a name twice",
       .status = 200,
       .body = R"({"a":1,"a":2})",
       .fault = FetchFault::bad_answer,
       .outcome = "malformed"},
      {.name = "JSON of another kind",
       .status = 200,
       .body = "[]",
       .fault = FetchFault::bad_answer,
       .outcome = "malformed"},
  };
  return all;
}

inline Step tell(test::RunScript& script, const Trouble& trouble) {
  return trouble.status == 0 ? script.tell(trouble.error)
                             : script.answer(trouble.status, trouble.body, trouble.retry_after_ms);
}

// Each trouble, told to a run that `come` has brought to a call.
template <typename Come>
void check_troubles(Come come) {
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    test::RunScript script = come();
    const Step step = tell(script, trouble);
    CHECK(ending(step) == Ending{trouble.fault, trouble.outcome});
    CHECK(std::get<Failed>(step).retry_after_ms == trouble.retry_after_ms);
  }
}

}  // namespace keyswap::vault::backend
