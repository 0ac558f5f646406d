// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval_text.h"

#include <catch2/catch.hpp>

#include "proxy/cli/approving.h"
#include "test/support/text.h"

namespace keyswap::cli {

using keyswap::test::has;

namespace {

approvals::Operation pay() {
  approvals::Operation operation;
  operation.id = "op_1";
  operation.caller = "agent\x1b[2J";
  operation.secret = "K";
  operation.host = "api.example.test:443";
  operation.method = "POST";
  operation.path = "/pay";
  operation.body_bytes = 2;
  operation.body_sha256 = "44";
  operation.expires_us = 60'000'000;
  return operation;
}

}  // namespace

TEST_CASE("what turns words around or moves a cursor is shown by its number") {
  CHECK(shown_request("a\xe2\x80\xae"
                      "b") == "a\\u202Eb");
  CHECK(shown_request("a\x1b[31m\tb\r\nc") == "a\\u001B[31m\\u0009b\\u000D\nc");
  CHECK(shown_request("\xc2\x9b") == "\\u009B");
  CHECK(shown_request("\xff\xfe") == "\\xff\\xfe");
  CHECK(shown_request("\xc3\xbc \xe2\x82\xac") == "\xc3\xbc \xe2\x82\xac");
  CHECK(shown_request(std::string_view("a\0b", 3)) == "a\\u0000b");
}

TEST_CASE("an operation is described with the time that is left, and what it asks for") {
  const std::string text = describe_operation(pay(), "POST /pay\n\n{}", 5'500'000);
  CHECK(has(text, "waiting, 55 s left\n"));
  CHECK(has(text, "agent\\x1b[2J\n"));
  CHECK(has(text, "\nPOST /pay\n\n{}\n"));
  CHECK_FALSE(has(text, "\x1b"));
  CHECK(describe_state(pay(), 60'000'000) == "expired");
  const std::string cut = describe_operation(pay(), std::string(70'000, 'x'), 0);
  CHECK(has(cut, "bytes more, not shown"));
}

TEST_CASE("a summary has the id whole, and no bytes of a terminal's") {
  CHECK(summarize_operation(pay(), 0) ==
        "op_1  waiting, 60 s left\n  POST api.example.test:443/pay\n"
        "  caller agent\\x1b[2J, secret K\n");
}

TEST_CASE("a decision is read back as it was kept, and nothing else is one") {
  for (const bool allows : {true, false}) {
    const ApprovalDecision decision{"op_1", allows, 7, "uid 1 pid 2"};
    CHECK(decode_decision("op_1", encode_decision(decision)) == decision);
  }
  for (const char* const text : {"",
                                 "allow",
                                 "allow\n",
                                 "allow\n7",
                                 "perhaps\n7\nme",
                                 "allow\nx\nme",
                                 "allow\n7x\nme",
                                 "allow\n-1\nme"}) {
    INFO(text);
    CHECK_FALSE(decode_decision("op_1", text));
  }
}

}  // namespace keyswap::cli
