// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/operations.h"

#include <catch2/catch.hpp>

#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

using audit::Reason;
using keyswap::test::has;

namespace {

constexpr std::int64_t kAMinute = 60'000'000;

class Known final : public Operations {
 public:
  [[nodiscard]] std::optional<OperationView> find(std::string_view id,
                                                  std::string_view token,
                                                  std::string_view caller) const override {
    asked = std::string(id) + " " + std::string(token) + " " + std::string(caller);
    OperationView view;
    view.id = id;
    return view;
  }

  mutable std::string asked;
};

OperationView in_state(std::string_view state, bool is_terminal, bool may_be_sent) {
  OperationView view;
  view.id = "op_1";
  view.state = state;
  view.token = "t0";
  view.is_terminal = is_terminal;
  view.may_be_sent = may_be_sent;
  view.expires_us = kAMinute;
  return view;
}

}  // namespace

TEST_CASE("only a path below the operations' asks for one") {
  const auto bindings = test::bindings_of("version: 1\nsecrets: {}\n");
  http::RequestHead head;
  head.method = "GET";
  const auto check = [&](std::string_view target) {
    return check_operation_path(head, target, *bindings);
  };
  CHECK(check("/.well-known/keyswap/operations/op_1?t=a") == Reason::approval_pending);
  CHECK_FALSE(check("/.well-known/keyswap/operations"));
  CHECK_FALSE(check("/.well-known/keyswap"));
  CHECK_FALSE(check("/x"));
  head.method = "POST";
  CHECK(check("/.well-known/keyswap/operations/op_1?t=a") == Reason::method_not_supported);
}

TEST_CASE("an operation is looked up by its id, its token and its caller, and by nothing else") {
  const Known known;
  const auto find = [&](std::string_view rest) {
    known.asked.clear();
    return find_operation(&known, "/.well-known/keyswap/operations/" + std::string(rest), "agent");
  };
  REQUIRE(find("op_1?t=ab12"));
  CHECK(known.asked == "op_1 ab12 agent");
  for (const char* const rest : {"op_1",
                                 "op_1?",
                                 "op_1?t=",
                                 "?t=a",
                                 "op_1?t=a%20",
                                 "op\"1?t=a",
                                 "op_1?t=a&x",
                                 "op_1/?t=a",
                                 "OP_1?t=a",
                                 "op_1?s=a"}) {
    INFO(rest);
    CHECK_FALSE(find(rest));
    CHECK(known.asked.empty());
  }
  CHECK_FALSE(find_operation(nullptr, "/.well-known/keyswap/operations/op_1?t=a", ""));
}

TEST_CASE("what is told says whether to ask again, or to send again") {
  const auto body = [](const OperationView& view) {
    return reply_with_operation(view, "u", AnswerFor::question).body;
  };
  const std::string waiting = body(in_state("waiting", false, false));
  CHECK(waiting == R"({"operation_id":"op_1","state":"waiting","terminal":false,"status_url":"u",)"
                   R"("poll_operation_status":true,"retry_original_request":false,)"
                   R"("expires_at":"1970-01-01T00:01:00Z"})"
                   "\n");
  CHECK(has(body(in_state("approved", false, true)),
            R"("poll_operation_status":false,"retry_original_request":true)"));
  CHECK(has(body(in_state("denied", true, false)),
            R"("terminal":true,"status_url":"u","poll_operation_status":false,)"));
}

TEST_CASE("202 is for the request itself, and says where to ask") {
  const OperationView view = in_state("waiting", false, false);
  CHECK(status_url(view, "https://a.test") ==
        "https://a.test/.well-known/keyswap/operations/op_1?t=t0");
  const Reply accepted = reply_with_operation(view, "u", AnswerFor::request);
  CHECK(accepted.head.status == 202);
  bool has_location = false;
  for (const http::OutgoingField& field : accepted.head.fields) {
    has_location = has_location || (field.name == "Location" && field.value == "u");
  }
  CHECK(has_location);
  CHECK(reply_with_operation(view, "u", AnswerFor::question).head.status == 200);
}

}  // namespace keyswap::flow
