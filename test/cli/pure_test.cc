// SPDX-License-Identifier: Apache-2.0
//
// The small pure parts of the command line.
#include <catch2/catch.hpp>

#include "proxy/cli/audit_lines.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line_split.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/node_version.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/tls_stream.h"

namespace keyswap::cli {

TEST_CASE("times are written as RFC 3339 in UTC") {
  CHECK(format_time(0) == "1970-01-01T00:00:00Z");
  CHECK(format_time(1'795'314'309) == "2026-11-22T02:25:09Z");
  CHECK(format_time(951'782'400) == "2000-02-29T00:00:00Z");
}

TEST_CASE("a time may be a date, a moment, or so long ago") {
  constexpr std::int64_t kNow = 1'000'000'000'000'000;
  CHECK(parse_time("2026-11-22", kNow) == 1'795'305'600'000'000);
  CHECK(parse_time("2026-11-22T02:25:09Z", kNow) == 1'795'314'309'000'000);
  CHECK(parse_time("2026-11-22T02:25:09.5Z", kNow) == 1'795'314'309'500'000);
  CHECK(parse_time("90s", kNow) == kNow - 90'000'000);
  CHECK(parse_time("15m", kNow) == kNow - 900'000'000);
  CHECK(parse_time("2h", kNow) == kNow - 7'200'000'000);
  CHECK(parse_time("7d", kNow) == kNow - 604'800'000'000);
  CHECK(parse_time("999999999d", kNow) == 0);
}

TEST_CASE("what is no time is not guessed at") {
  const std::string text = GENERATE("",
                                    "d",
                                    "7",
                                    "7w",
                                    "-7d",
                                    "yesterday",
                                    "2026-13-01",
                                    "2026-02-30",
                                    "2026-11-22T",
                                    "2026-11-22T25:00:00Z",
                                    "2026-11-22T02:25:09",
                                    "2026-11-22 02:25:09Z",
                                    "2026-11-22T02:25:09+01:00",
                                    "2026-11-22T02:25:09.Z",
                                    "99999999999d");
  INFO(text);
  CHECK_FALSE(parse_time(text, 0));
}

TEST_CASE("the command of `run` begins at -- or at the first word that is not ours") {
  using Words = Arguments;
  const auto split = [](const Words& words) {
    return split_at_command(words);
  };
  CHECK(split({"curl", "-v", "--home", "x"}) ==
        std::pair<Words, Words>{{}, {"curl", "-v", "--home", "x"}});
  CHECK(split({"--home", "h", "curl", "--", "-x"}) ==
        std::pair<Words, Words>{{"--home", "h"}, {"curl", "--", "-x"}});
  CHECK(split({"--home=h", "--", "--odd"}) == std::pair<Words, Words>{{"--home=h"}, {"--odd"}});
  CHECK(split({"--keyring", "--password-fd", "3", "sh"}) ==
        std::pair<Words, Words>{{"--keyring", "--password-fd", "3"}, {"sh"}});
  CHECK(split({"--caller", "ci", "--caller-token-file", "t", "--", "sh"}) ==
        std::pair<Words, Words>{{"--caller", "ci", "--caller-token-file", "t"}, {"sh"}});
  CHECK(split({"--help"}) == std::pair<Words, Words>{{"--help"}, {}});
  CHECK(split({"--home"}) == std::pair<Words, Words>{{"--home"}, {}});
  CHECK(split({"--"}) == std::pair<Words, Words>{{}, {}});
}

TEST_CASE("O02 run without a command is used wrongly, and nothing is executed") {
  CHECK(run_run({}) == 2);
  CHECK(run_run({"--"}) == 2);
}

TEST_CASE("an unknown command or option gives 2") {
  CHECK(run_secret({}) == 2);
  CHECK(run_secret({"frobnicate"}) == 2);
  CHECK(run_env({"--no-such-option"}) == 2);
  CHECK(run_env({"--format", "toml"}) == 2);
  CHECK(run_audit({"show", "--since", "yesterday", "--folder", "/nonexistent"}) == 2);
}

TEST_CASE("VA-13 a value on the command line is refused before anything is opened") {
  CHECK(run_secret({"add", "NAME", "sk-value", "--home", "/nonexistent"}) == 2);
  CHECK(run_secret({"rotate", "NAME", "sk-value", "--home", "/nonexistent"}) == 2);
  CHECK(run_secret({"add", "NAME", "--value=sk-value", "--home", "/nonexistent"}) == 2);
}

TEST_CASE("every command has help with an example") {
  using Run = int (*)(const Arguments&);
  const Run run = GENERATE(run_demo,
                           run_init,
                           run_secret,
                           run_serve,
                           run_run,
                           run_env,
                           run_bindings,
                           run_audit,
                           run_limits,
                           run_approve,
                           run_ca,
                           run_doctor);
  CHECK(run({"--help"}) == 0);
}

TEST_CASE("what goes to a terminal has no control bytes in it") {
  CHECK(printable("a\x1b[2Jb\n\x7f\xc3") == "a\\x1b[2Jb\\x0a\\x7f\\xc3");
  // A name may be any word, and no more than that: U+009B begins a sequence like ESC [, U+202E and
  // U+2066 turn what stands behind them.
  CHECK(readable("Schl\xc3\xbcssel a\x1b[2J") == "Schl\xc3\xbcssel a\\x1b[2J");
  CHECK(readable("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\x9b\xc3") ==
        "\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x81\\xa6\\x9b\\xc3");
}

TEST_CASE("a table's columns are as wide as they need to be, without blanks at the end") {
  CHECK(format_table({{"A", "LONG"}, {"longer", "x"}, {"b"}}) == "A       LONG\nlonger  x\nb\n");
}

TEST_CASE("errno is named only where the number is one") {
  CHECK(explain({base::Errc::io, "cannot write", ENOSPC}) ==
        "cannot write: No space left on device");
  CHECK(explain({base::Errc::io, "cannot write", 0}) == "cannot write");
  CHECK(explain({base::Errc::corrupt, "damaged", 7}) == "damaged (7)");
}

TEST_CASE("Node reads the proxy variables from 22.21 and 24.5 on") {
  CHECK(node_reads_proxy_variables("v22.21.0"));
  CHECK(node_reads_proxy_variables("v24.5.1"));
  CHECK(node_reads_proxy_variables("v25.0.0"));
  CHECK_FALSE(node_reads_proxy_variables("v20.20.2"));
  CHECK_FALSE(node_reads_proxy_variables("v22.20.9"));
  CHECK_FALSE(node_reads_proxy_variables("v23.99.0"));
  CHECK_FALSE(node_reads_proxy_variables("v24.4.0"));
  CHECK_FALSE(node_reads_proxy_variables(""));
  CHECK_FALSE(node_reads_proxy_variables("v"));
  CHECK_FALSE(node_reads_proxy_variables("22.21"));
}

TEST_CASE("a message is whole when its head and its body are") {
  CHECK(message_size("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab") == 0);
  CHECK(message_size("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd") == 41);
  CHECK(message_size("GET / HTTP/1.1\r\n\r\n") == 18);
  CHECK(message_size("GET / HTTP/1.1\r\n") == 0);
  CHECK(field_of("GET / HTTP/1.1\r\nA: 1\r\nauthorization:  x y\r\n\r\n", "Authorization") ==
        "x y");
  CHECK(field_of("GET / HTTP/1.1\r\n\r\nAuthorization: x", "Authorization").empty());
}

namespace {

constexpr std::string_view kRecord =
    R"({"v":1,"seq":7,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision","request_id":"r1",)"
    R"("decision":"allowed","reason":"binding_matched","secret":"KEY","scheme":"header",)"
    R"("client":{"addr":"127.0.0.1:5"},"destination":{"host":"api.example.com","port":443,"method":"GET",)"
    R"("path":"/v1/\u001b[2J"},"bindings_sha256":"ab","prev":"00","hash":"11"})";

}  // namespace

TEST_CASE("audit records are found by secret, host, decision and time") {
  CHECK(matches({}, kRecord));
  CHECK(matches({"KEY", "API.example.com", "allowed", {}, {}}, kRecord));
  CHECK_FALSE(matches({"OTHER", "", "", {}, {}}, kRecord));
  CHECK_FALSE(matches({"", "example.com", "", {}, {}}, kRecord));
  CHECK_FALSE(matches({"", "", "denied", {}, {}}, kRecord));
  constexpr std::int64_t kAt = 1'795'314'309'123'456;
  CHECK(matches({"", "", "", kAt, kAt + 1}, kRecord));
  CHECK_FALSE(matches({"", "", "", kAt + 1, {}}, kRecord));
  CHECK_FALSE(matches({"", "", "", {}, kAt}, kRecord));
}

TEST_CASE("audit records are found by caller, reason and method, and lines name the caller") {
  constexpr std::string_view kOfAgent =
      R"({"v":1,"seq":9,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision",)"
      R"("request_id":"r2","decision":"denied","reason":"binding_scope_violation","secret":"KEY",)"
      R"("client":{"addr":"127.0.0.1:5","uid":7,"caller":"agent"},"destination":{)"
      R"("host":"api.example.com","port":443,"method":"POST","path":"/v1"},"prev":"00","hash":"11"})";
  constexpr std::string_view kFailed =
      R"({"v":1,"seq":9,"ts":"2026-11-22T02:25:09.123456Z","type":"client_tls_failed",)"
      R"("client":{"addr":"127.0.0.1:5","caller":"agent"},"host":"api.example.com",)"
      R"("alert":"unknown_ca","by":"client","count":3})";
  LineFilter filter;
  filter.caller = "agent";
  CHECK(matches(filter, kOfAgent));
  CHECK(matches(filter, kFailed));
  CHECK_FALSE(matches(filter, kRecord));
  filter.reason = "binding_scope_violation";
  filter.method = "post";
  CHECK(matches(filter, kOfAgent));
  CHECK_FALSE(matches(filter, kFailed));
  filter.method = "GET";
  CHECK_FALSE(matches(filter, kOfAgent));
  filter = {};
  filter.reason = "no_placeholder";
  CHECK_FALSE(matches(filter, kOfAgent));
  CHECK(format_record(kOfAgent) ==
        "2026-11-22T02:25:09.123456Z #9 denied binding_scope_violation KEY  POST "
        "api.example.com:443/v1  from 127.0.0.1:5 as agent  [r2]");
  CHECK(format_record(kFailed) ==
        "2026-11-22T02:25:09.123456Z #9 client TLS failed  unknown_ca by client  to "
        "api.example.com  from 127.0.0.1:5 as agent  3 times");
}

TEST_CASE("an upstream's clock is shown with how far it is off, and so is what was signed by it") {
  constexpr std::string_view kClock =
      R"({"v":1,"seq":9,"ts":"2026-11-22T02:25:09.123456Z","type":"upstream_clock",)"
      R"("event":"differs","host":"api.example.com","port":443,"offset_ms":"-90123",)"
      R"("error_ms":1050,"prev":"00","hash":"11"})";
  CHECK(format_record(kClock) ==
        "2026-11-22T02:25:09.123456Z #9 clock of api.example.com:443  differs  -90123 ms beside "
        "ours");
  CHECK(matches({}, kClock));
  constexpr std::string_view kFollowed =
      R"({"v":1,"seq":9,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision",)"
      R"("request_id":"r2","decision":"allowed","reason":"binding_matched","secret":"KEY",)"
      R"("client":{"addr":"127.0.0.1:5"},"destination":{"host":"api.example.com","port":443,)"
      R"("method":"GET","path":"/v1"},"clock_shift_ms":"-90123","prev":"00","hash":"11"})";
  CHECK(format_record(kFollowed) ==
        "2026-11-22T02:25:09.123456Z #9 allowed binding_matched KEY (signed for the upstream's "
        "time, -90123 ms beside ours)  GET api.example.com:443/v1  from 127.0.0.1:5  [r2]");
}

TEST_CASE("a flush is shown with what it was of") {
  const std::string begin =
      R"({"v":1,"seq":9,"ts":"2026-11-22T02:25:09.123456Z","type":"source_flushed","source":)";
  const std::string end = R"(,"values":2,"prev":"00","hash":"11"})";
  CHECK(format_record(begin + R"("company")" + end) ==
        "2026-11-22T02:25:09.123456Z #9 source flush  of company: 2 values dropped");
  CHECK(format_record(begin + "null" + end) ==
        "2026-11-22T02:25:09.123456Z #9 source flush  of all: 2 values dropped");
  CHECK(matches({}, begin + "null" + end));
}

TEST_CASE("other records are shown unless decisions of a kind are asked for") {
  constexpr std::string_view kStart =
      R"({"v":1,"seq":1,"ts":"2026-11-22T02:25:09.123456Z","type":"start"})";
  CHECK(matches({}, kStart));
  CHECK_FALSE(matches({"", "", "allowed", {}, {}}, kStart));
  CHECK_FALSE(matches({}, "not json"));
  CHECK_FALSE(matches({}, "[1]"));
}

TEST_CASE("H12 a honeytoken's record is found by its name and host, and shown as one") {
  constexpr std::string_view kHoneytoken =
      R"({"v":1,"seq":8,"ts":"2026-11-22T02:25:09.123456Z","type":"honeytoken_triggered",)"
      R"("request_id":"r1","reason":"untargeted_location","secret":"BAIT",)"
      R"("client":{"addr":"127.0.0.1:5"},"destination":{"host":"api.example.com","port":443,)"
      R"("method":"GET","path":"/v1"},"prev":"00","hash":"11"})";
  CHECK(matches({"BAIT", "api.example.com", "", {}, {}}, kHoneytoken));
  CHECK_FALSE(matches({"KEY", "", "", {}, {}}, kHoneytoken));
  CHECK_FALSE(matches({"", "", "denied", {}, {}}, kHoneytoken));
  CHECK(format_record(kHoneytoken) ==
        "2026-11-22T02:25:09.123456Z #8 HONEYTOKEN BAIT untargeted_location  GET "
        "api.example.com:443/v1  from 127.0.0.1:5  [r1]");
}

TEST_CASE("the record of a real value is found by its secret and host, and shown as one") {
  constexpr std::string_view kSeen =
      R"({"v":1,"seq":8,"ts":"2026-11-22T02:25:09.123456Z","type":"real_secret_seen",)"
      R"("request_id":"r1","reason":"no_placeholder","secret":"KEY","where":"query",)"
      R"("encoding":"escaped","client":{"addr":"127.0.0.1:5"},"destination":{)"
      R"("host":"api.example.com","port":443,"method":"GET","path":"/v1"},"prev":"00","hash":"11"})";
  CHECK(matches({"KEY", "api.example.com", "", {}, {}}, kSeen));
  CHECK_FALSE(matches({"OTHER", "", "", {}, {}}, kSeen));
  CHECK_FALSE(matches({"", "", "denied", {}, {}}, kSeen));
  CHECK(format_record(kSeen) ==
        "2026-11-22T02:25:09.123456Z #8 REAL SECRET KEY in the query (escaped) no_placeholder  GET "
        "api.example.com:443/v1  from 127.0.0.1:5  [r1]");
}

TEST_CASE("AU-14 a record cannot move the terminal's cursor") {
  CHECK(format_record(kRecord) ==
        "2026-11-22T02:25:09.123456Z #7 allowed binding_matched KEY  GET "
        "api.example.com:443/v1/\\x1b[2J"
        "  from 127.0.0.1:5  [r1]");
  CHECK(format_record("\x1b]0;x\x07") == "(not a record) \\x1b]0;x\\x07");
}

}  // namespace keyswap::cli
