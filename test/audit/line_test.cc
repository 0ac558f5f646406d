// SPDX-License-Identifier: Apache-2.0
#include "audit/line.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using test::body_of;
using test::decision_of;
using test::response_of;

std::string line_of(const std::string& body) {
  std::string line;
  append_line(7, kGenesis, body, line);
  line.pop_back();
  return line;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a record reads back with what the judge needs of it") {
  const std::string line = line_of(body_of(decision_of("r\"1")));
  const std::optional<ParsedLine> parsed = parse_line(line);
  REQUIRE(parsed);
  CHECK(parsed->seq == 7);
  CHECK(parsed->type == RecordType::inject_decision);
  CHECK(parsed->request_id == "r\\\"1");
  CHECK(parsed->decision == Decision::allowed);
  CHECK(parsed->prev == kGenesis);
  CHECK(parsed->hash == hash_line(kGenesis, parsed->hashed));
  const std::string response_line = line_of(body_of(response_of("r1")));
  const std::optional<ParsedLine> response = parse_line(response_line);
  REQUIRE(response);
  CHECK(response->type == RecordType::upstream_response);
  CHECK(response->request_id == "r1");
  CHECK_FALSE(response->decision);
}

TEST_CASE("another spelling of the same JSON is not a record", "[I7]") {
  const auto [from, to] = GENERATE(table<std::string, std::string>({
      {R"({"v":1)", R"({ "v":1)"},
      {R"({"v":1)", R"({"v":2)"},
      {R"({"v":1)", R"({"v":1.0)"},
      {R"("seq":7)", R"("seq":07)"},
      {R"("seq":7)", R"("seq":+7)"},
      {R"("seq":7)", R"("seq":7e0)"},
      {R"("seq":7)", R"("seq":18446744073709551616)"},
      {R"("seq":7)", R"("seq":)"},
      {R"("seq":7)", R"("seq":7,"seq":7)"},
      {R"("ts":"2026)", R"("ts":"+026)"},
      {R"("ts":"2026-11-22)", R"("ts":"2026-11-32)"},
      {R"("type":"inject_decision")", R"("type":"inject_Decision")"},
      {R"("type":"inject_decision")", R"("type":"note")"},
      {R"("type":"inject_decision")", R"("type":"stop")"},
      {R"("request_id":"r1")", R"("request_id":r1)"},
      {R"("request_id":"r1")", R"("request_id":"r1","request_id":"r1")"},
      {R"("request_id":"r1")", R"("request_id":"r\u0031")"},
      {R"("request_id":"r1")", R"("request_id":"r1\n")"},
      {R"("request_id":"r1")", R"("request_id":"r1\u000A")"},
      {R"("request_id":"r1")", R"("request_id":"r1\u200b")"},
      {R"("request_id":"r1")", R"("request_id":"r1\/")"},
      {R"("request_id":"r1")", R"("request_id":"r1\")"},
      {R"("request_id":"r1")", "\"request_id\":\"r1\t\""},
      {R"("request_id":"r1")", "\"request_id\":\"r1\x7f\""},
      {R"("request_id":"r1")", "\"request_id\":\"r1\xc3\xa9\""},
      {R"("decision":"allowed")", R"("decision":"permitted")"},
      {R"("decision":"allowed","reason":"binding_matched")",
       R"("reason":"binding_matched","decision":"allowed")"},
      {R"("reason":"binding_matched")", R"("reason":"because")"},
      {R"("secret":"OPENAI_API_KEY")", R"("secret":"")"},
      {R"("secret":"OPENAI_API_KEY")", R"("secret":NULL)"},
      {R"("secret":"OPENAI_API_KEY",)", ""},
      {R"("uid":1000)", R"("uid":"1000")"},
      {R"("uid":1000,"caller":"agent")", R"("caller":"agent","uid":1000)"},
      {R"("caller":"agent"})", R"("caller":"agent","extra":1})"},
      {R"("path":"/v1/chat/completions"})", R"("path":"/v1/chat/completions","query":"x"})"},
      {R"("port":443)", R"("port": 443)"},
      {R"("prev":"00)", R"("prev":"0)"},
      {R"("prev":"00)", R"("prev":"0G)"},
      {R"(,"hash":)", R"(, "hash":)"},
  }));
  const std::string line = line_of(body_of(decision_of("r1")));
  REQUIRE(parse_line(line));
  CAPTURE(from, to);
  CHECK_FALSE(parse_line(replaced(line, from, to)));
}

TEST_CASE("a response's record has one spelling too", "[I7]") {
  const auto [from, to] = GENERATE(table<std::string, std::string>({
      {R"("ms":864.198)", R"("ms":864)"},
      {R"("ms":864.198)", R"("ms":864.1980)"},
      {R"("ms":864.198)", R"("ms":0864.198)"},
      {R"("ms":864.198)", R"("ms":864.1e8)"},
      {R"("outcome":"complete")", R"("outcome":"done")"},
      {R"("status":200)", R"("status":-1)"},
      {R"("tls":"TLSv1.3")", R"("tls":"")"},
      {R"("tls":"TLSv1.3",)", ""},
      {R"("upstream":{)", R"("upstream":[)"},
  }));
  const std::string line = line_of(body_of(response_of("r1")));
  REQUIRE(parse_line(line));
  CAPTURE(from, to);
  CHECK_FALSE(parse_line(replaced(line, from, to)));
}

TEST_CASE("what is longer or larger than the format allows is not a record", "[I7]") {
  const auto [from, to] = GENERATE(table<std::string, std::string>({
      {R"("request_id":"r1")", R"("request_id":")" + std::string(65, 'r') + "\""},
      {R"("secret":"OPENAI_API_KEY")", R"("secret":")" + std::string(257, 'K') + "\""},
      {R"("scheme":"header")", R"("scheme":")" + std::string(65, 's') + "\""},
      {R"("addr":"127.0.0.1:50312")", R"("addr":")" + std::string(65, '1') + "\""},
      {R"("caller":"agent")", R"("caller":")" + std::string(257, 'a') + "\""},
      {R"("caller":"agent")", R"("caller":"")"},
      {R"("caller":"agent")", R"("caller":"agent","unproven":false)"},
      {R"("host":"api.openai.com")", R"("host":")" + std::string(257, 'h') + "\""},
      {R"("method":"POST")", R"("method":")" + std::string(65, 'P') + "\""},
      {R"("path":"/v1/chat/completions")", R"("path":")" + std::string(1025, '/') + "\""},
      {R"("path":"/v1/chat/completions")", R"("path":"/v1?key=x")"},
      {R"("path":"/v1/chat/completions")", R"("path":"/v1#x")"},
      {R"("port":443)", R"("port":65536)"},
      {R"("uid":1000)", R"("uid":4294967296)"},
      {R"(,"prev":)", R"(,"count":1,"prev":)"},
      {R"("reason":"binding_matched")",
       R"("reason":"binding_matched","cause":"certificate_expired","facts":")" +
           std::string(481, 'f') + "\""},
  }));
  const std::string line = line_of(body_of(decision_of("r1")));
  CAPTURE(from, to);
  CHECK_FALSE(parse_line(replaced(line, from, to)));
}

TEST_CASE("what is as long and as large as the format allows is a record", "[I7]") {
  const auto [from, to] = GENERATE(table<std::string, std::string>({
      {R"("request_id":"r1")", R"("request_id":")" + std::string(64, 'r') + "\""},
      {R"("secret":"OPENAI_API_KEY")", R"("secret":")" + std::string(256, 'K') + "\""},
      {R"("host":"api.openai.com")", R"("host":")" + std::string(256, 'h') + "\""},
      {R"("path":"/v1/chat/completions")", R"("path":")" + std::string(1024, '/') + "\""},
      {R"("port":443)", R"("port":65535)"},
      {R"("uid":1000)", R"("uid":4294967295)"},
      {R"("caller":"agent")", R"("caller":"agent","unproven":true)"},
      {R"(,"prev":)", R"(,"count":2,"prev":)"},
  }));
  const std::string line = line_of(body_of(decision_of("r1")));
  CAPTURE(from, to);
  CHECK(parse_line(replaced(line, from, to)));
}

TEST_CASE("what became of a credential is told by a record of its own type alone", "[I7]") {
  constexpr std::array kTypes{"secret_fetched", "token_exchange", "token_rotation"};
  for (auto event = FetchEvent::fetched; event <= FetchEvent::login;
       event = static_cast<FetchEvent>(static_cast<int>(event) + 1)) {
    const std::string line =
        line_of(body_of(SecretFetchedRecord{.event = event, .secret = "K", .outcome = "ok"}));
    for (const std::string type : kTypes) {
      CAPTURE(to_string(event), type);
      const std::string from = R"("type":")" + std::string(type_of(event)) + '"';
      const bool is_its_own = type == type_of(event);
      CHECK(parse_line(replaced(line, from, R"("type":")" + type + '"')).has_value() == is_its_own);
    }
  }
}

TEST_CASE("a number that the writer cannot hold is not a record's", "[I7]") {
  const std::string clock = line_of(
      body_of(UpstreamClockRecord{.host = "h.test", .port = 443, .offset_ms = 5, .error_ms = 7}));
  for (const char* const held : {"9223372036854775807", "-9223372036854775808", "0", "-1"}) {
    CAPTURE(held);
    CHECK(parse_line(replaced(clock, R"("5")", '"' + std::string(held) + '"')));
  }
  for (const char* const larger : {"9223372036854775808",
                                   "-9223372036854775809",
                                   "18446744073709551615",
                                   "-18446744073709551615",
                                   "18446744073709551616",
                                   "-0"}) {
    CAPTURE(larger);
    CHECK_FALSE(parse_line(replaced(clock, R"("5")", '"' + std::string(larger) + '"')));
  }
  CHECK(parse_line(replaced(clock, R"(_ms":7)", R"(_ms":9223372036854775807)")));
  CHECK_FALSE(parse_line(replaced(clock, R"(_ms":7)", R"(_ms":9223372036854775808)")));

  const std::string shifted = line_of(body_of([] {
    auto record = decision_of("r1");
    record.clock_shift_ms = 5;
    return record;
  }()));
  CHECK(parse_line(replaced(shifted, R"("5")", R"("-9223372036854775808")")));
  CHECK_FALSE(parse_line(replaced(shifted, R"("5")", R"("9223372036854775808")")));

  const std::string fetched =
      line_of(body_of(SecretFetchedRecord{.expires_at = 5, .outcome = "ok", .duration_us = 1'000}));
  CHECK(parse_line(replaced(fetched, R"(_at":5)", R"(_at":9223372036854775807)")));
  CHECK_FALSE(parse_line(replaced(fetched, R"(_at":5)", R"(_at":9223372036854775808)")));
  CHECK(parse_line(replaced(fetched, R"(ms":1.)", R"(ms":9223372036854775.)")));
  CHECK_FALSE(parse_line(replaced(fetched, R"(ms":1.)", R"(ms":9223372036854776.)")));
}

TEST_CASE("no beginning of a record is a record, nor one with more behind it") {
  const std::string line = line_of(body_of(ReloadRecord{0, true, "ab"}));
  REQUIRE(parse_line(line));
  for (std::size_t size = 0; size < line.size(); ++size) {
    REQUIRE_FALSE(parse_line(std::string_view(line).substr(0, size)));
  }
  CHECK_FALSE(parse_line(line + " "));
  CHECK_FALSE(parse_line(line + "\r"));
  CHECK_FALSE(parse_line(line + line));
  CHECK_FALSE(parse_line(replaced(line, "true", "1")));
}

TEST_CASE("a chain takes the record that follows and says what is wrong with another", "[I7]") {
  std::string first;
  std::string second;
  const Hash hash = append_line(1, kGenesis, body_of(decision_of("a")), first);
  const Hash last = append_line(2, hash, body_of(decision_of("b")), second);
  first.pop_back();
  second.pop_back();
  ParsedLine parsed;
  ChainCheck chain(0, kGenesis);
  CHECK(chain.take(second, parsed)->text() ==
        std::string("the sequence number does not follow the one before"));
  REQUIRE_FALSE(chain.take(first, parsed));
  CHECK(chain.take(replaced(second, R"("prev":")", R"("prev":"0)"), parsed)->text() ==
        std::string("the line is not a record in canonical form"));
  CHECK(
      chain.take(replaced(second, R"("request_id":"b")", R"("request_id":"c")"), parsed)->text() ==
      std::string("the hash does not fit the record"));
  Hash other = hash;
  other[0] ^= 1U;
  std::string grafted;
  append_line(2, other, body_of(decision_of("b")), grafted);
  grafted.pop_back();
  CHECK(chain.take(grafted, parsed)->text() ==
        std::string("prev is not the hash of the record before"));
  REQUIRE_FALSE(chain.take(second, parsed));
  CHECK(chain.seq() == 2);
  CHECK(chain.hash() == last);
}

}  // namespace keyswap::audit
