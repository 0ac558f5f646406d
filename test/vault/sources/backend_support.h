// SPDX-License-Identifier: Apache-2.0
//
// What the tests of backends share: a source's specification, and the steps that they look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
  std::string outcome = {};

  [[nodiscard]] Ending ending() const { return {fault, outcome}; }
};

using Troubles = std::vector<Trouble>;

inline const Troubles& troubles() {
  static const Troubles all = {
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

// As token endpoints are told: a status stands in the word (vault/sources/oauth2_answer.h).
inline Troubles token_troubles() {
  Troubles all = troubles();
  for (Trouble& one : all) {
    if (one.status >= 300) {
      one.outcome = "token_endpoint_status:" + std::to_string(one.status);
    }
  }
  return all;
}

// Those that a call has no rule of its own for.
inline Troubles without(Troubles all, std::string_view name) {
  const auto left = std::erase_if(all, [&](const Trouble& one) { return one.name == name; });
  REQUIRE(left == 1);
  return all;
}

// Without those that are a success with a body that is none.
inline Troubles without_malformed(Troubles all) {
  std::erase_if(all, [](const Trouble& one) { return one.outcome == "malformed"; });
  return all;
}

inline Answer as_answer(const Trouble& trouble) {
  if (trouble.status == 0) {
    return trouble.error;
  }
  CallAnswer answer;
  answer.status = trouble.status;
  answer.body = Secret::copy_of(trouble.body).value();
  answer.retry_after_ms = trouble.retry_after_ms;
  return answer;
}

inline Step tell(test::RunScript& script, const Trouble& trouble) {
  return script.tell(as_answer(trouble));
}

inline void check_told(const Step& step, const Trouble& trouble) {
  CHECK(ending(step) == trouble.ending());
  CHECK(std::get<Failed>(step).retry_after_ms == trouble.retry_after_ms);
}

// Each trouble, told to a run that `come` has brought to a call.
template <typename Come>
void check_troubles(Come come, const Troubles& all = troubles()) {
  for (const Trouble& trouble : all) {
    INFO(trouble.name);
    test::RunScript script = come();
    check_told(tell(script, trouble), trouble);
  }
}

// What a run is told when all goes well: of an entry, or in answer to a call.
struct Reply {
  int status = 0;  // 0: it is an entry's value
  std::string text;
};

using Replies = std::vector<Reply>;

// The run's step after the first `count` of them.
inline Step go(test::RunScript& script, const Replies& replies, std::size_t count) {
  Step step = script.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [status, text] = replies[i];
    INFO("reply " << i);
    REQUIRE(std::holds_alternative<Call>(step) == (status != 0));
    step = status == 0 ? script.entry(text) : script.answer(status, text);
  }
  return step;
}

// In place of that answer: a success is told by its status, and JSON of another kind is not its.
inline Troubles in_place_of(const Reply& good, Troubles all) {
  for (Trouble& one : all) {
    one.status = one.status == 200 ? good.status : one.status;
    one.body = one.body == "[]" && good.text.starts_with('[') ? "{}" : one.body;
  }
  return all;
}

// Each trouble at each call of a run, which is whole with these replies. `make` gives one that
// knows nothing yet.
template <typename Make>
void check_every_call(Make make, const Replies& replies, const Troubles& all = troubles()) {
  test::RunScript whole = make();
  as<Done>(go(whole, replies, replies.size()));
  for (std::size_t n = 0; n < replies.size(); ++n) {
    if (replies[n].status == 0) {
      continue;
    }
    INFO("in place of reply " << n);
    const auto come = [&] {
      test::RunScript script = make();
      as<Call>(go(script, replies, n));
      return script;
    };
    check_troubles(come, in_place_of(replies[n], all));
  }
}

}  // namespace keyswap::vault::backend
