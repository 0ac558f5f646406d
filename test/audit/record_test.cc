// SPDX-License-Identifier: Apache-2.0
#include "audit/record.h"

#include <type_traits>

#include <catch2/catch.hpp>

#include "audit/line.h"
#include "audit/managed_record.h"
#include "audit/operation_record.h"
#include "audit/spend_record.h"
#include "proxy/base/bounds.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using test::body_of;
using test::decision_of;
using test::response_of;

// Is the body one that the verifier takes, in a line that is not too long?
bool is_canonical(const std::string& body) {
  std::string line;
  append_line(std::numeric_limits<std::uint64_t>::max(), kGenesis, body, line);
  return line.size() <= base::bounds::kAuditRecordBytesMax && line.ends_with("\n") &&
         parse_line(std::string_view(line).substr(0, line.size() - 1)).has_value();
}

template <typename T>
concept Recordable = requires(const T& value, std::string& out) {
  encode_body(value, out);
};

std::string path_in(const std::string& body) {
  constexpr std::string_view kKey = R"("path":")";
  const std::size_t begin = body.find(kKey) + kKey.size();
  return body.substr(begin, body.find("\"}", begin) - begin);
}

}  // namespace

TEST_CASE("F41 a decision's record holds service, method, path, decision and reason") {
  CHECK(body_of(decision_of("01HXYZ")) ==
        R"("ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision","request_id":"01HXYZ",)"
        R"("decision":"allowed","reason":"binding_matched","secret":"OPENAI_API_KEY",)"
        R"("scheme":"header","client":{"addr":"127.0.0.1:50312","uid":1000,"caller":"agent"},)"
        R"("destination":{"host":"api.openai.com","port":443,"method":"POST",)"
        R"("path":"/v1/chat/completions"},)"
        R"("bindings_sha256":"4f2b8a3c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708")");
}

TEST_CASE("a record that stands for several refusals says for how many, and no other does") {
  DecisionRecord record = decision_of("r");
  CHECK(body_of(record).find("count") == std::string::npos);
  record.count = 18'446'744'073'709'551'615U;
  const std::string body = body_of(record);
  CHECK(body.ends_with(R"(708","count":18446744073709551615)"));
  CHECK(is_canonical(body));
}

TEST_CASE(
    "what is signed for another time than this machine's says by how much, and no other does") {
  DecisionRecord record = decision_of("r");
  CHECK(body_of(record).find("clock") == std::string::npos);
  record.clock_shift_ms = -90'123;
  const std::string body = body_of(record);
  CHECK(body.ends_with(R"(708","clock_shift_ms":"-90123")"));
  CHECK(is_canonical(body));
  record.count = 2;
  record.clock_shift_ms = std::numeric_limits<std::int64_t>::min();
  CHECK(is_canonical(body_of(record)));
}

TEST_CASE("the record of an upstream's clock says whose it is, and how far it is off") {
  const UpstreamClockRecord record{.ts_us = 0,
                                   .event = ClockEvent::too_far,
                                   .host = "api.example.com",
                                   .port = 443,
                                   .offset_ms = -86'400'012,
                                   .error_ms = 1'050};
  const std::string body = body_of(record);
  CHECK(body == R"("ts":"1970-01-01T00:00:00.000000Z","type":"upstream_clock","event":"too_far",)"
                R"("host":"api.example.com","port":443,"offset_ms":"-86400012","error_ms":1050)");
  CHECK(is_canonical(body));
  CHECK(is_canonical(body_of(UpstreamClockRecord{})));
  const auto without = [&](const std::string& what, const std::string& instead) {
    std::string changed = body;
    return changed.replace(changed.find(what), what.size(), instead);
  };
  CHECK_FALSE(is_canonical(without("too_far", "whatever")));
  CHECK_FALSE(is_canonical(without(R"("-86400012")", "-86400012")));
  CHECK_FALSE(is_canonical(without("-86400012", "-0")));
  CHECK_FALSE(is_canonical(without("-86400012", "+1")));
  CHECK_FALSE(is_canonical(without("-86400012", "01")));
}

TEST_CASE("an order's record says what it was about and what it was worth, to the eighth decimal") {
  DecisionRecord record = decision_of("r");
  record.order = OrderRef{"BTCUSDT", "BUY", "LIMIT", 50'000'000'001};
  const std::string body = body_of(record);
  CHECK(body.find(R"("path":"/v1/chat/completions"},"order":{"symbol":"BTCUSDT","side":"BUY",)"
                  R"("type":"LIMIT","value_usd":"500.00000001"},"bindings_sha256":)") !=
        std::string::npos);
  CHECK(is_canonical(body));
  record.order->value_e8 = 0;
  CHECK(body_of(record).find(R"("value_usd":"0.00000000")") != std::string::npos);
  record.order->value_e8.reset();
  CHECK(body_of(record).find(R"("value_usd":null)") != std::string::npos);
  CHECK(is_canonical(body_of(record)));
}

TEST_CASE("a record says when its client did not prove that it holds the placeholder secret") {
  DecisionRecord record = decision_of("r");
  record.client.is_unproven = true;
  const std::string body = body_of(record);
  CHECK(body.find(R"("caller":"agent","unproven":true},"destination")") != std::string::npos);
  CHECK(is_canonical(body));
}

TEST_CASE("a record without secret, scheme, user or caller says null or nothing") {
  DecisionRecord record = decision_of("r");
  record.is_tunnel = true;
  record.secret = "";
  record.scheme = "";
  record.client.uid.reset();
  record.client.caller = "";
  const std::string body = body_of(record);
  CHECK(body.find(R"("type":"tunnel")") != std::string::npos);
  CHECK(body.find(R"("secret":null,"scheme":null,"client":{"addr":"127.0.0.1:50312"},)") !=
        std::string::npos);
  CHECK(is_canonical(body));
}

TEST_CASE("a response's record gives milliseconds with three decimals") {
  CHECK(body_of(response_of("01HXYZ")) ==
        R"("ts":"2026-11-22T02:25:09.987654Z","type":"upstream_response","request_id":"01HXYZ",)"
        R"("status":200,"outcome":"complete","bytes":5120,"ms":864.198,)"
        R"("upstream":{"ip":"203.0.113.7","tls":"TLSv1.3",)"
        R"("spki_sha256":"a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"})");
  ResponseRecord record;
  record.duration_us = 1'002;
  record.status = -7;
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"upstream_response","request_id":"",)"
        R"("status":0,"outcome":"unknown","bytes":0,"ms":1.002,)"
        R"("upstream":{"ip":null,"tls":null,"spki_sha256":null})");
  record.duration_us = -5;
  CHECK(body_of(record).find(R"("ms":0.000,)") != std::string::npos);
}

TEST_CASE("what was seen of a failure stands behind the reason, or the outcome") {
  DecisionRecord decision = decision_of("r");
  decision.decision = Decision::refused;
  decision.reason = Reason::upstream_tls_failed;
  decision.cause = base::Cause::certificate_expired;
  decision.facts = "valid until 2026-01-01T00:00:00Z; for a.test";
  CHECK(body_of(decision).find(
            R"("reason":"upstream_tls_failed","cause":"certificate_expired",)"
            R"("facts":"valid until 2026-01-01T00:00:00Z; for a.test","secret":)") !=
        std::string::npos);
  CHECK(is_canonical(body_of(decision)));
  ResponseRecord response = response_of("r");
  response.outcome = Outcome::upstream_tls_failed;
  response.cause = base::Cause::client_certificate_required;
  CHECK(body_of(response).find(R"("outcome":"upstream_tls_failed",)"
                               R"("cause":"client_certificate_required","facts":"","bytes":)") !=
        std::string::npos);
  CHECK(is_canonical(body_of(response)));
  const std::string noisy = std::string(10'000, '"');
  response.facts = noisy;
  CHECK(body_of(response).size() < 2 * base::bounds::kFactsBytesMax);
  CHECK(is_canonical(body_of(response)));
}

TEST_CASE(
    "H12 the record of a honeytoken names it, who sent it, where to, and why it stayed inert") {
  const DecisionRecord decision = decision_of("01HXYZ");
  const HoneytokenRecord record{.ts_us = 0,
                                .request_id = "01HXYZ",
                                .reason = Reason::destination_not_in_binding,
                                .secret = "BAIT",
                                .client = decision.client,
                                .destination = decision.destination};
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"honeytoken_triggered",)"
        R"("request_id":"01HXYZ","reason":"destination_not_in_binding","secret":"BAIT",)"
        R"("client":{"addr":"127.0.0.1:50312","uid":1000,"caller":"agent"},)"
        R"("destination":{"host":"api.openai.com","port":443,"method":"POST",)"
        R"("path":"/v1/chat/completions"})");
  CHECK(is_canonical(body_of(record)));
  CHECK(is_canonical(body_of(HoneytokenRecord{})));
}

TEST_CASE("the query of a request with a honeytoken is not recorded", "[I1]") {
  HoneytokenRecord record;
  record.destination.path = "/a?token=x";
  CHECK(body_of(record).find("token=") == std::string::npos);
}

TEST_CASE("the record of a real value names its secret, where it stood and how it was written") {
  const DecisionRecord decision = decision_of("01HXYZ");
  const RealSecretRecord record{.ts_us = 0,
                                .request_id = "01HXYZ",
                                .reason = Reason::no_placeholder,
                                .secret = "OPENAI_API_KEY",
                                .where = "header",
                                .encoding = "base64",
                                .client = decision.client,
                                .destination = decision.destination};
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"real_secret_seen",)"
        R"("request_id":"01HXYZ","reason":"no_placeholder","secret":"OPENAI_API_KEY",)"
        R"("where":"header","encoding":"base64",)"
        R"("client":{"addr":"127.0.0.1:50312","uid":1000,"caller":"agent"},)"
        R"("destination":{"host":"api.openai.com","port":443,"method":"POST",)"
        R"("path":"/v1/chat/completions"})");
  CHECK(is_canonical(body_of(record)));
  CHECK(is_canonical(body_of(RealSecretRecord{})));
}

TEST_CASE("a client that did not come to TLS has a record with the alert and their number") {
  const ClientTlsFailedRecord record{.ts_us = 0,
                                     .client = {"127.0.0.1:50312", 1000, "agent"},
                                     .host = "api.openai.com",
                                     .alert = "unknown_ca",
                                     .by = AlertBy::client,
                                     .count = 3};
  CHECK(body_of(record) == R"("ts":"1970-01-01T00:00:00.000000Z","type":"client_tls_failed",)"
                           R"("client":{"addr":"127.0.0.1:50312","uid":1000,"caller":"agent"},)"
                           R"("host":"api.openai.com",)"
                           R"("alert":"unknown_ca","by":"client","count":3)");
  CHECK(is_canonical(body_of(record)));
  CHECK(is_canonical(body_of(ClientTlsFailedRecord{})));
}

TEST_CASE("the record of a flush says of which source, or of all, and how much was dropped") {
  CHECK(body_of(SourceFlushedRecord{0, "company", 3}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"source_flushed","source":"company",)"
        R"("values":3)");
  CHECK(body_of(SourceFlushedRecord{}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"source_flushed","source":null,"values":0)");
  CHECK(is_canonical(body_of(SourceFlushedRecord{0, "company", 3})));
  CHECK(is_canonical(body_of(SourceFlushedRecord{})));
}

TEST_CASE("the record of what management did says what, to what, and who did it") {
  const ManagedRecord record{.ts_us = 0,
                             .action = "secret_added",
                             .outcome = "begun",
                             .object = "OPENAI_API_KEY",
                             .session = "s_00ff00ff00ff",
                             .client = "127.0.0.1:50312"};
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"managed","action":"secret_added",)"
        R"("outcome":"begun","object":"OPENAI_API_KEY","session":"s_00ff00ff00ff",)"
        R"("client":"127.0.0.1:50312")");
  CHECK(is_canonical(body_of(record)));
  CHECK(is_canonical(body_of(ManagedRecord{})));
}

TEST_CASE("the record of an operation says what is decided on, and who decided") {
  const OperationRecord record{.ts_us = 0,
                               .operation = "op_1",
                               .event = "approved",
                               .request_id = "req1",
                               .secret = "GITHUB_TOKEN",
                               .caller = "agent-a",
                               .digest = "d20a",
                               .by = "uid 1000",
                               .how = "command"};
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"operation","operation":"op_1",)"
        R"("event":"approved","request_id":"req1","secret":"GITHUB_TOKEN","caller":"agent-a",)"
        R"("digest":"d20a","by":"uid 1000","how":"command")");
  CHECK(is_canonical(body_of(record)));
  CHECK(is_canonical(body_of(OperationRecord{})));
}

TEST_CASE("the records about the log itself have their fields in order") {
  CHECK(body_of(StartRecord{0, "0.1.0", 42, "aa", "bb", "cc"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"start","version":"0.1.0","pid":42,)"
        R"("bindings_sha256":"aa","ca_sha256":"bb","signing_key":"cc")");
  CHECK(body_of(StopRecord{1}) == R"("ts":"1970-01-01T00:00:00.000001Z","type":"stop")");
  CHECK(body_of(ReloadRecord{0, true, "aa"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"reload","accepted":true,)"
        R"("bindings_sha256":"aa")");
  CHECK(body_of(ReloadRecord{0, false, "aa", "bb"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"reload","accepted":false,)"
        R"("bindings_sha256":"aa","ca_sha256":"bb")");
  CHECK(body_of(LossAcceptedRecord{0, "aa", 7, "bb"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"loss_accepted","log":"aa",)"
        R"("last_seq":7,"last_hash":"bb")");
  CHECK(body_of(VaultLockedRecord{0, VaultFault::replaced}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"vault_locked","why":"replaced")");
  CHECK(body_of(VaultReadableRecord{0}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"vault_readable")");
  CHECK(is_canonical(body_of(ReloadRecord{0, false, "aa", "bb"})));
  CHECK(is_canonical(body_of(LossAcceptedRecord{0, "", 0, ""})));
  for (int why = 0; why <= static_cast<int>(VaultFault::not_approved); ++why) {
    CHECK(is_canonical(body_of(VaultLockedRecord{0, static_cast<VaultFault>(why)})));
  }
  CHECK(is_canonical(body_of(VaultReadableRecord{0})));
  CHECK(body_of(ApprovalRecord{0, ApprovalEvent::refused, 7, "aa"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"approval","event":"refused","number":7,)"
        R"("bindings_sha256":"aa")");
  for (const auto event : {ApprovalEvent::first, ApprovalEvent::renewed, ApprovalEvent::refused}) {
    CHECK(is_canonical(body_of(ApprovalRecord{0, event, 1, "aa"})));
  }
  CHECK_FALSE(parse_approval_event("accepted"));
  CHECK(body_of(RestoredRecord{0, "2026-12-01T03:53:00Z", "aa", "bb"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"restored","at":"2026-12-01T03:53:00Z",)"
        R"("backup_sha256":"aa","bindings_sha256":"bb")");
  CHECK(is_canonical(body_of(RestoredRecord{0, "", "", ""})));
  CHECK(body_of(RecoveredRecord{0, 17, "audit-000001.torn-9"}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"recovered","bytes":17,)"
        R"("moved_to":"audit-000001.torn-9")");
  CHECK(body_of(UnsignedFoundRecord{0, 3, 7}) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"unsigned_found","first_seq":3,"last_seq":7)");
}

TEST_CASE("what a source gave is named, with its version and end, and never shown", "[I1]") {
  SecretFetchedRecord record{.event = FetchEvent::fetched,
                             .secret = "K",
                             .source = "company",
                             .kind = "bitwarden",
                             .version = "0123456789ab",
                             .expires_at = 1'767'225'600,
                             .outcome = "ok",
                             .duration_us = 12'345};
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"secret_fetched","event":"fetched",)"
        R"("secret":"K","source":"company","kind":"bitwarden","version":"0123456789ab",)"
        R"("expires_at":1767225600,"outcome":"ok","ms":12.345)");
  record.version = "";
  record.expires_at = std::nullopt;
  record.used_default_expiry = true;
  record.event = FetchEvent::minted;
  CHECK(body_of(record) ==
        R"("ts":"1970-01-01T00:00:00.000000Z","type":"token_exchange","event":"minted",)"
        R"("secret":"K","source":"company","kind":"bitwarden","version":null,)"
        R"("used_default_expiry":true,"outcome":"ok","ms":12.345)");
}

TEST_CASE("L01 L15 exchanges and rotations of tokens are types of their own") {
  const auto type_of = [](FetchEvent event) {
    const std::string body = body_of(SecretFetchedRecord{.event = event, .outcome = "ok"});
    CHECK(is_canonical(body));
    const std::size_t at = body.find(R"("type":")") + 8;
    return body.substr(at, body.find('"', at) - at);
  };
  CHECK(type_of(FetchEvent::fetched) == "secret_fetched");
  CHECK(type_of(FetchEvent::captured) == "secret_fetched");
  CHECK(type_of(FetchEvent::login) == "secret_fetched");
  CHECK(type_of(FetchEvent::note) == "secret_fetched");
  CHECK(type_of(FetchEvent::minted) == "token_exchange");
  CHECK(type_of(FetchEvent::refreshed) == "token_exchange");
  CHECK(type_of(FetchEvent::rotation_pending) == "token_rotation");
  CHECK(type_of(FetchEvent::rotated) == "token_rotation");
  CHECK(type_of(FetchEvent::rotation_conflict) == "token_rotation");
  CHECK(type_of(FetchEvent::rotation_failed) == "token_rotation");
}

TEST_CASE("every record that can be made is one that the verifier takes") {
  for (int decision = 0; decision <= static_cast<int>(Decision::refused); ++decision) {
    for (int reason = 0; reason <= static_cast<int>(Reason::too_many_held); ++reason) {
      DecisionRecord record = decision_of("r");
      record.decision = static_cast<Decision>(decision);
      record.reason = static_cast<Reason>(reason);
      REQUIRE(is_canonical(body_of(record)));
    }
  }
  for (int outcome = 0; outcome <= static_cast<int>(Outcome::not_sent); ++outcome) {
    ResponseRecord record = response_of("r");
    record.outcome = static_cast<Outcome>(outcome);
    REQUIRE(is_canonical(body_of(record)));
  }
  CHECK(is_canonical(body_of(StartRecord{0, "0.1.0", 42, "aa", "bb", "cc"})));
  CHECK(is_canonical(body_of(StopRecord{1})));
  CHECK(is_canonical(body_of(ReloadRecord{0, false, "aa"})));
  CHECK(is_canonical(body_of(RecoveredRecord{0, 17, "audit-000001.torn-9"})));
  CHECK(is_canonical(body_of(UnsignedFoundRecord{0, 3, 7})));
}

TEST_CASE("H16 what is not a declared record cannot be recorded: it does not compile", "[I1]") {
  static_assert(Recordable<DecisionRecord> && Recordable<ResponseRecord> &&
                Recordable<StartRecord> && Recordable<StopRecord> && Recordable<ReloadRecord> &&
                Recordable<RecoveredRecord>);
  static_assert(!Recordable<std::string> && !Recordable<std::string_view> &&
                !Recordable<const char*> && !Recordable<int>);
  static_assert(std::is_enum_v<Reason> && !std::is_convertible_v<std::string_view, Reason> &&
                !std::is_convertible_v<int, Reason> && !std::is_convertible_v<int, Decision>);
  SUCCEED("checked when it was compiled");
}

TEST_CASE("H02 a query is never recorded and a long path is cut", "[I1]") {
  DecisionRecord record = decision_of("r");
  record.destination.path = "/v1/models?token=abc";
  CHECK(path_in(body_of(record)) == "/v1/models");
  record.destination.path = "/v1/models#token=abc";
  CHECK(path_in(body_of(record)) == "/v1/models");
  record.destination.path = "?token=abc";
  CHECK(path_in(body_of(record)).empty());

  constexpr std::size_t kMax = base::bounds::kAuditPathBytesMax;
  const std::string exact = "/" + std::string(kMax - 1, 'a');
  record.destination.path = exact;
  CHECK(path_in(body_of(record)) == exact);
  const std::string longer = exact + "b";
  record.destination.path = longer;
  CHECK(path_in(body_of(record)) == exact.substr(0, kMax - 3) + "...");
}

TEST_CASE("a cut never falls inside an escape") {
  constexpr std::size_t kMax = base::bounds::kAuditPathBytesMax;
  for (std::size_t plain = 0; plain < 12; ++plain) {
    const std::string path = "/" + std::string(plain, 'a') + std::string(kMax, '\x01');
    DecisionRecord record = decision_of("r");
    record.destination.path = path;
    const std::string shown = path_in(body_of(record));
    CAPTURE(shown);
    CHECK(shown.size() <= kMax);
    CHECK(shown.size() > kMax - 12);
    CHECK(shown.ends_with("\\u0001..."));
    CHECK(is_canonical(body_of(record)));
  }
  // A byte too many, and the escape is what is too long.
  const std::string path = std::string(kMax - 1, 'a') + "\n";
  DecisionRecord record = decision_of("r");
  record.destination.path = path;
  CHECK(path_in(body_of(record)) == std::string(kMax - 3, 'a') + "...");
}

TEST_CASE("AU-14 hostile bytes in any field stay one bounded line of printable ASCII", "[I1]") {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) {
    every_byte += static_cast<char>(byte);
  }
  const std::string hostile = GENERATE_COPY(std::string("a\r\nb"),
                                            std::string("a\0b", 3),
                                            std::string("\x1b[31m\x1b]0;x\x07"),
                                            std::string("\xe2\x80\xa8\xe2\x80\xa9"),
                                            std::string("\",\"decision\":\"allowed\"}\\"),
                                            std::string("\xff\xfe\xc0\xaf\xed\xa0\x80"),
                                            std::string("\\u0000\\\\\""),
                                            std::string("\x7f\x80\x9f"),
                                            std::string(60 * 1024, '\x1b'),
                                            std::string(60 * 1024, '"'),
                                            std::string(60 * 1024, 'x'),
                                            every_byte);
  const DecisionRecord decision{true,
                                0,
                                hostile,
                                Decision::denied,
                                Reason::identity_mismatch,
                                hostile,
                                hostile,
                                {hostile, 4'294'967'295, hostile},
                                {hostile, 65'535, hostile, hostile},
                                hostile};
  ResponseRecord response = response_of(hostile);
  response.upstream_ip = hostile;
  response.tls = hostile;
  response.spki_sha256 = hostile;
  response.bytes = std::numeric_limits<std::uint64_t>::max();
  response.duration_us = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::string> bodies{
      body_of(decision),
      body_of(response),
      body_of(StartRecord{0, hostile, 4'294'967'295, hostile, hostile, hostile}),
      body_of(ReloadRecord{0, false, hostile}),
      body_of(SourceFlushedRecord{0, hostile, 1}),
      body_of(RecoveredRecord{0, 1, hostile})};
  for (const std::string& body : bodies) {
    CHECK(std::all_of(body.begin(), body.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    CHECK(is_canonical(body));
  }
}

TEST_CASE("AU-14 each byte has one spelling") {
  const auto spelled = [](char c) {
    const std::string path(1, c);
    DecisionRecord record = decision_of("r");
    record.destination.path = path;
    return path_in(body_of(record));
  };
  CHECK(spelled('a') == "a");
  CHECK(spelled(' ') == " ");
  CHECK(spelled('<') == "<");
  CHECK(spelled('\\') == "\\\\");
  CHECK(spelled('\n') == "\\u000a");
  CHECK(spelled('\0') == "\\u0000");
  CHECK(spelled('\x7f') == "\\u007f");
  CHECK(spelled('\xe9') == "\\u00e9");
  DecisionRecord record = decision_of("a\"b");
  CHECK(body_of(record).find(R"("request_id":"a\"b",)") != std::string::npos);
}

TEST_CASE("what a call of a model came to is a record, and that a budget is used up") {
  ModelUsageRecord record;
  record.request_id = "01JDB4Q9X3M8T2";
  record.secret = "OPENAI_API_KEY";
  record.model = "gpt-4o";
  record.input = 15;
  record.cached = 4;
  record.output = 10;
  record.reasoning = 3;
  record.micro_usd = 1'000'145;
  const std::string body = body_of(record);
  CHECK(body == R"("ts":"1970-01-01T00:00:00.000000Z","type":"model_usage",)"
                R"("request_id":"01JDB4Q9X3M8T2","secret":"OPENAI_API_KEY","model":"gpt-4o",)"
                R"("input":15,"cached":4,"cache_write":0,"output":10,"reasoning":3,)"
                R"("cost_usd":"1.000145")");
  CHECK(is_canonical(body));
  record.caller = "ann";
  record.model = "";
  record.micro_usd.reset();
  record.is_estimated = true;
  const std::string other = body_of(record);
  CHECK(other.find(R"("caller":"ann","model":null)") != std::string::npos);
  CHECK(other.ends_with(R"("cost_usd":null,"estimated":true)"));
  CHECK(is_canonical(other));
  BudgetPassedRecord passed;
  passed.request_id = "01JDB4Q9X3M8T2";
  passed.secret = "K";
  passed.caller = "ann";
  passed.budget = "usd_per_day";
  CHECK(body_of(passed) == R"("ts":"1970-01-01T00:00:00.000000Z","type":"budget_passed",)"
                           R"("request_id":"01JDB4Q9X3M8T2","secret":"K","caller":"ann",)"
                           R"("budget":"usd_per_day")");
  CHECK(is_canonical(body_of(passed)));
}

}  // namespace keyswap::audit
