// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/spending.h"

#include <catch2/catch.hpp>

#include "test/flow/coded.h"

namespace keyswap::flow {

namespace {

using bindings::TokenUsage;

Spending asked_for(std::int64_t answer_tokens = 100) {
  bindings::ModelRequest asked;
  asked.has_body = true;
  asked.is_readable = true;
  asked.models = {"m"};
  asked.prompt_bytes = 30;
  asked.answer_tokens = answer_tokens;
  return Spending(asked);
}

void begin(Spending& spending,
           int status,
           std::string_view type = "application/json",
           std::string_view coding = "") {
  http::ResponseHead head;
  head.status = status;
  head.fields.add("Content-Type", type);
  if (!coding.empty()) {
    head.fields.add("Content-Encoding", coding);
  }
  spending.begin(head);
}

const std::string kUsage = R"({"usage":{"prompt_tokens":5,"completion_tokens":6}})";

}  // namespace

TEST_CASE("what an answer says takes the place of what was taken for it") {
  Spending spending = asked_for();
  CHECK(spending.model() == "m");
  CHECK(spending.estimate() == TokenUsage{.input = 10, .output = 100});
  begin(spending, 200);
  spending.look(kUsage.substr(0, 20), false);
  spending.look(kUsage.substr(20), false);
  spending.look("", true);
  const Spent spent = spending.spent(true);
  CHECK(spent.model == "m");
  CHECK(spent.usage == TokenUsage{.input = 5, .output = 6});
  CHECK_FALSE(spent.is_estimated);
}

TEST_CASE("an answer that is coded is read as what it says") {
  const std::string coded = test::gzipped(kUsage);
  Spending spending = asked_for();
  begin(spending, 200, "application/json", "gzip");
  for (const char c : coded) {
    spending.look({&c, 1}, false);
  }
  spending.look("", true);
  CHECK(spending.spent(true).usage == TokenUsage{.input = 5, .output = 6});
  CHECK_FALSE(spending.spent(true).is_estimated);
  Spending broken = asked_for();
  begin(broken, 200, "application/json", "gzip");
  broken.look("no gzip", true);
  CHECK(broken.spent(true).is_estimated);
  Spending unknown = asked_for();
  begin(unknown, 200, "application/json", "whatever");
  unknown.look(kUsage, true);
  CHECK(unknown.spent(true).is_estimated);
  CHECK(unknown.spent(true).usage == unknown.estimate());
}

TEST_CASE("a stream that ends early is estimated, and marked") {
  Spending spending = asked_for();
  begin(spending, 200, "text/event-stream; charset=utf-8");
  spending.look("data: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n",
                false);
  const Spent cut = spending.spent(false);
  CHECK(cut.is_estimated);
  CHECK(cut.usage == TokenUsage{.input = 25, .output = 100});
  // What was said is more than what was asked for.
  spending.look("data: {\"delta\":{\"text\":\"" + std::string(600, 'x') + "\"}}\n\n", false);
  CHECK(spending.spent(false).usage == TokenUsage{.input = 25, .output = 200});
  spending.look("data: {\"usage\":{\"output_tokens\":42}}\n\n", true);
  CHECK(spending.spent(true).usage == TokenUsage{.input = 25, .output = 42});
  CHECK_FALSE(spending.spent(true).is_estimated);
}

TEST_CASE("nothing is paid for what is refused, nor for counting") {
  Spending refused = asked_for();
  begin(refused, 429);
  refused.look(R"({"error":{}})", true);
  CHECK(refused.spent(true).usage == TokenUsage());
  CHECK_FALSE(refused.spent(true).is_estimated);
  bindings::ModelRequest asked;
  asked.has_body = true;
  asked.counts_alone = true;
  asked.prompt_bytes = 30;
  Spending counting(asked);
  CHECK(counting.estimate() == TokenUsage());
  begin(counting, 200);
  counting.look(R"({"input_tokens":77})", true);
  CHECK(counting.spent(true).usage == TokenUsage());
}

TEST_CASE("a request whose answer never came is taken for what it was charged") {
  const Spent spent = asked_for().spent(false);
  CHECK(spent.is_estimated);
  CHECK(spent.usage == TokenUsage{.input = 10, .output = 100});
}

}  // namespace keyswap::flow
