// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_message.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "proxy/cli/audit_lines.h"

namespace keyswap::cli {

namespace {

const std::string kRecord =
    R"({"v":1,"seq":7,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision",)"
    R"("request_id":"r1","decision":"refused","reason":"address_blocked","secret":null,)"
    R"("client":{"addr":"127.0.0.1:5","caller":"agent"},"destination":{"host":"api.example.com",)"
    R"("port":443,"method":"GET","path":"/\u000aPRIORITY=0"},"prev":"00","hash":"11"})";

}  // namespace

TEST_CASE("the journal gets fields, and no client can add one") {
  const std::string message = journal_message(kRecord);
  CHECK(message == "MESSAGE=" + format_record(kRecord) +
                       "\nPRIORITY=5\n"
                       "SYSLOG_IDENTIFIER=keyswap-audit\n"
                       "KEYSWAP_SEQ=7\n"
                       "KEYSWAP_TYPE=inject_decision\n"
                       "KEYSWAP_REQUEST_ID=r1\n"
                       "KEYSWAP_DECISION=refused\n"
                       "KEYSWAP_REASON=address_blocked\n"
                       "KEYSWAP_CLIENT=127.0.0.1:5\n"
                       "KEYSWAP_CALLER=agent\n"
                       "KEYSWAP_HOST=api.example.com\n"
                       "KEYSWAP_METHOD=GET\n"
                       "KEYSWAP_PATH=/\\x0aPRIORITY=0\n"
                       "KEYSWAP_RECORD=" +
                       kRecord + "\n");
  // A line that is no record says so, and stays one line.
  CHECK(std::ranges::count(journal_message("\x1b\r"), '\n') == 4);
}

TEST_CASE("syslog gets the record itself, with the severity of what it says") {
  CHECK(syslog_message(kRecord, "Nov 22 02:25:09") ==
        "<85>Nov 22 02:25:09 keyswap-audit: @cee: " + kRecord);
  CHECK(severity_of(R"({"type":"honeytoken_triggered"})") == Severity::warning);
  CHECK(severity_of(R"({"type":"tunnel","decision":"pass"})") == Severity::info);
  CHECK(severity_of(R"({"type":"unsigned_found"})") == Severity::warning);
  CHECK(severity_of(R"({"type":"approval","event":"refused"})") == Severity::warning);
  CHECK(severity_of(R"({"type":"approval","event":"renewed"})") == Severity::info);
  CHECK(severity_of("not json") == Severity::info);
}

}  // namespace keyswap::cli
