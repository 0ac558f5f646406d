// SPDX-License-Identifier: Apache-2.0
//
// Text messages in which placeholders are swapped (`ws_text: true`).
#include <span>
#include <string>

#include "proxy/flow/real_values.h"
#include "proxy/flow/websocket.h"
#include "test/support/dialogue.h"

namespace keyswap::flow {

using test::Dialogue;
using test::has;

namespace {

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";
const std::string kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bot {secret}" }
    bindings: [ { host: ws-api.binance.com, websocket: true, ws_text: true } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}" }
    bindings: [ { host: ws-api.binance.com, websocket: true, ws_text: true } ]
)";

std::string identify(const std::string& token) {
  return R"({"op":2,"d":{"token":")" + token + R"(","intents":513}})";
}

const std::string kSent = "sent-REAL-0123456789";

void add_real(RealValues& real, const std::string& name, const std::string& value) {
  REQUIRE(vault::lock_memory());
  const WantedSecret wanted{value, name, {}};
  real.add(std::span(&wanted, 1));
}

const std::string kSwapped =
    "fetch\nrecord allowed binding_matched K message /ws-api/v3\n"
    "message 1 kept response 0 unknown 0\n"
    "to upstream (secret): ";

}  // namespace

TEST_CASE("D18 a token in a text message is swapped, recorded, and only then sent", "[I5][I6]") {
  Dialogue dialogue(kYaml);
  dialogue.key = "a\"real\\key";
  dialogue.client(identify(kP));
  CHECK(dialogue.transcript() == kSwapped + identify("a\\\"real\\\\key") + "\n");
  CHECK(dialogue.collected_bytes == 0);
  dialogue.client("PASS " + kP);
  CHECK(has(dialogue.transcript(), "to upstream (secret): PASS a\"real\\key\n"));
}

TEST_CASE("the outcome of a swapped message does not depend on how it is cut", "[I15]") {
  Dialogue whole(kYaml);
  const std::string text = identify(kP);
  whole.client(text).client("heartbeat");
  const std::string expected = whole.transcript();
  CHECK(expected ==
        kSwapped + identify(test::kTradingKey) + "\nmessage 2 kept\n" + "to upstream: heartbeat\n");
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    Dialogue cut(kYaml);
    cut.client(text, piece).client("heartbeat", piece);
    CHECK(cut.transcript() == expected);
  }
}

TEST_CASE("control frames pass between the fragments of a message, and other messages after it") {
  Dialogue dialogue(kYaml);
  const std::string text = identify(kP);
  for (std::size_t at = 0; at < text.size(); ++at) {
    dialogue.control(Side::client, http::Opcode::ping, "p");
    dialogue.control(Side::upstream, http::Opcode::pong, "p");
    CHECK(dialogue.transcript() == "to upstream: ping p\nto client: pong p\n");
    const bool is_last = at + 1 == text.size();
    MessagePiece piece{
        Side::client, http::Opcode::text, std::string_view(text).substr(at, 1), is_last, {}};
    if (is_last) {
      piece.moment = Moment{1, test::bindings_of(kYaml), "req-1", "ann", {}, 0};
    }
    dialogue.on(std::move(piece));
  }
  CHECK(dialogue.transcript() == kSwapped + identify(test::kTradingKey) + "\n");
}

TEST_CASE("binary messages pass as they come, with whatever is in them") {
  Dialogue dialogue(kYaml);
  dialogue.client(kP, 8, http::Opcode::binary);
  CHECK(dialogue.transcript() ==
        "to upstream: (binary) kswp_PLA ...\nto upstream: (binary) CEHOLDER ...\n"
        "to upstream: (binary) _0000000 ...\nto upstream: (binary) 00001\n");
}

TEST_CASE("a placeholder that stays is recorded before the message is sent", "[I2][I6]") {
  Dialogue dialogue("misplaced_placeholder: forward\n" + kYaml);
  dialogue.answers_records = false;
  dialogue.client("kswp_PLACEHOLDER\\u005f000000000001");
  CHECK(dialogue.transcript() == "record denied untargeted_location K message /ws-api/v3\n");
  dialogue.on(RecordDone{true});
  CHECK(dialogue.transcript() ==
        "message 1 kept response 0 unknown 0\n"
        "to upstream: kswp_PLACEHOLDER\\u005f000000000001\n");
}

TEST_CASE("before the record is durable no byte of a message with a secret is sent", "[I6]") {
  Dialogue held(kYaml);
  held.answers_records = false;
  held.client(identify(kP));
  CHECK_FALSE(has(held.transcript(), "to upstream"));
  CHECK_FALSE(held.machine().wants_client());
  held.upstream("hello");
  CHECK(held.transcript() == "to client: hello\n");
  held.on(SideGone{Side::client});
  CHECK(has(held.transcript(), "message 1 not sent response 0 not_sent 0\n"));
  held.on(RecordDone{true});
  CHECK(held.transcript().empty());
}

TEST_CASE("I13 a message that may not be sent ends the connection, which says why", "[I6][I13]") {
  const auto ended = [](Dialogue& dialogue, const std::string& reason, const std::string& code) {
    const std::string transcript = dialogue.transcript();
    CHECK_FALSE(has(transcript, "(secret)"));
    CHECK_FALSE(has(transcript, "op"));
    CHECK(has(transcript, "message 1 not sent\n"));
    CHECK(has(transcript, "to upstream: close 1001\n"));
    CHECK(has(transcript, "to client: close " + code + "\nend unknown\n"));
    CHECK(has(transcript, "record refused " + reason) == (reason != "audit_unavailable"));
    CHECK(dialogue.collected_bytes == 0);
  };
  Dialogue missing(kYaml);
  missing.has_secrets = false;
  missing.client(identify(kP));
  ended(missing, "secret_unavailable", "1008");

  Dialogue unusable(kYaml);
  unusable.key = "no\xFFtext";
  unusable.client(identify(kP));
  ended(unusable, "secret_unavailable", "1008");

  Dialogue lines(kYaml);
  lines.key = "two\r\nlines";
  lines.client("PASS " + kP);
  ended(lines, "secret_unavailable", "1008");

  Dialogue unrecorded(kYaml);
  unrecorded.records_are_durable = false;
  unrecorded.client(identify(kP));
  ended(unrecorded, "audit_unavailable", "1008");

  Dialogue limited("callers: [ann]\n" + kYaml);
  limited.stranger = audit::Reason::caller_required;
  limited.client(identify(kP));
  ended(limited, "caller_required", "1008");

  Dialogue large(kYaml);
  large.client(std::string(base::bounds::kWebSocketMessageBytesMax + 1, ' '), 16 * 1024);
  ended(large, "body_too_large", "1009");

  Dialogue grown(kYaml);
  const std::string rest(base::bounds::kWebSocketMessageBytesMax - kP.size(), ' ');
  grown.client(kP + rest);  // the secret is longer
  ended(grown, "secret_unavailable", "1008");
}

TEST_CASE("a source that gives no answer in time ends the connection", "[I10][I13]") {
  Dialogue dialogue(kYaml);
  dialogue.answers_fetches = false;
  dialogue.client(identify(kP));
  CHECK(dialogue.transcript() == "fetch\n");
  dialogue.on(TimedOut{});
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused secret_unavailable K message"));
  CHECK(has(transcript, "to client: close 1008\nend unknown\n"));
  CHECK_FALSE(has(transcript, "(secret)"));
}

TEST_CASE("a limit is charged for each message with a secret, and what it refuses ends it") {
  std::string yaml = kYaml;
  yaml.insert(yaml.find("ws_text: true }"), "rate_limit: { requests: 1, per: 1s }, ");
  Dialogue dialogue(yaml);
  dialogue.client("free").client(identify(kP));
  CHECK(has(dialogue.transcript(), "to upstream: free\ncharge 0\nfetch\nrecord allowed"));
  dialogue.charged.refusal = audit::Reason::rate_limited;
  dialogue.client(identify(kP));
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "charge 0\nrecord refused rate_limited K message"));
  CHECK(has(transcript, "to client: close 1008\n"));
  CHECK(dialogue.last_control.substr(2) == "rate_limited");
}

TEST_CASE("what was sent in a message is looked for in all that comes after it", "[I8]") {
  KnownSecrets known;
  Dialogue dialogue(kYaml, &known);
  dialogue.client(identify(kP) + kP2);
  REQUIRE(has(dialogue.transcript(),
              "(secret): " + identify(test::kTradingKey) + test::kTradingSecret));
  Dialogue other(kYaml, &known);
  for (Dialogue* one : {&dialogue, &other}) {
    one->upstream("you said " + test::kTradingKey + " and " + test::kTradingSecret + "!", 7);
    const std::string said = one->transcript();
    CHECK_FALSE(has(said, test::kTradingKey.substr(0, 12)));
    CHECK_FALSE(has(said, test::kTradingSecret.substr(0, 12)));
    CHECK(has(said, "kswp_PLACEHOLDER"));
  }
  std::string yaml = kYaml;
  yaml.replace(yaml.find("ws_text: true }"), 15, "ws_text: true, scrub: off }");
  KnownSecrets nobody;
  Dialogue off(yaml, &nobody);
  off.client(identify(kP)).upstream(test::kTradingKey);
  CHECK(has(off.transcript(), "to client: " + test::kTradingKey));
}

TEST_CASE("a real value in a text message is told of with a record, and the message goes on",
          "[I1][I6]") {
  RealValues real;
  add_real(real, "K", kSent);
  Dialogue dialogue(kYaml, nullptr, &real);
  const std::string recorded = " message /ws-api/v3\nmessage 1 kept response 0 unknown 0\n";
  const std::string text = R"({"old":")" + kSent + R"("})";
  dialogue.client(text);
  CHECK(dialogue.transcript() == "record pass no_placeholder +real K message plain" + recorded +
                                     "to upstream: " + text + "\n");
  dialogue.client("nothing of it").client("sent-REAL\\u002d0123456789");
  CHECK(has(dialogue.transcript(),
            "to upstream: nothing of it\nrecord pass no_placeholder +real K "
            "message escaped message /ws-api/v3\n"));
  dialogue.client(identify(kP) + kSent);
  CHECK(has(dialogue.transcript(),
            "record allowed binding_matched K +real K message plain message /ws-api/v3\n"));
  Dialogue held(kYaml, nullptr, &real);
  held.answers_records = false;
  held.client(text, 3);
  CHECK_FALSE(has(held.transcript(), "to upstream"));
}

TEST_CASE("where a binding says so, a text message with a real value is refused", "[I1]") {
  std::string yaml = kYaml;
  yaml.insert(yaml.find("ws_text: true }"), "real_value: refuse, ");
  RealValues real;
  add_real(real, "K", kSent);
  Dialogue dialogue(yaml, nullptr, &real);
  dialogue.client(identify(kP) + kSent);
  const std::string transcript = dialogue.transcript();
  CHECK(transcript.starts_with(
      "record refused real_secret_sent K +real K message plain message /ws-api/v3\n"));
  CHECK_FALSE(has(transcript, "op"));
  CHECK(has(transcript, "to client: close 1008\n"));
  CHECK(dialogue.last_control.substr(2) == "real_secret_sent");
}

TEST_CASE("the record of a message shows no part of a real value in the path", "[I1]") {
  RealValues real;
  add_real(real, "ASKED", "what?key-0000001");
  Dialogue dialogue(kYaml, nullptr, &real, "/in/what?key-0000001/x?y=z");
  dialogue.client(identify(kP));
  CHECK(has(dialogue.transcript(), "record allowed binding_matched K message /in/<ASKED>/x\n"));
}

TEST_CASE("a reload that takes the binding away leaves a placeholder inert", "[I14]") {
  Dialogue dialogue(kYaml);
  dialogue.reload(test::kPlainWebSocket).client(identify(kP));
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record denied untargeted_location K message"));
  CHECK(has(transcript, "to upstream: " + identify(kP) + "\n"));
}

TEST_CASE("a message without its moment, or a second one meanwhile, is never sent", "[I6]") {
  Dialogue bare(kYaml);
  bare.on(MessagePiece{Side::client, http::Opcode::text, kP, true, std::nullopt});
  CHECK(bare.machine().is_over());
  CHECK_FALSE(has(bare.transcript(), "kswp"));
  Dialogue second(kYaml);
  second.answers_records = false;
  second.client(identify(kP)).client("more", 0, http::Opcode::binary);
  CHECK(second.machine().is_over());
  CHECK_FALSE(has(second.transcript(), "more"));
}

TEST_CASE("who says no Close does not hold by texts what the upstream has closed", "[I10]") {
  Dialogue dialogue(kYaml);
  dialogue.control(Side::upstream, http::Opcode::close, "");
  CHECK(dialogue.wait == Wait::websocket_close);
  dialogue.wait = Wait::none;  // as it was set: once
  static_cast<void>(dialogue.transcript());
  dialogue.client("x", 1).client(identify(kP), 9).client("more");
  CHECK(dialogue.wait == Wait::none);
  CHECK_FALSE(has(dialogue.transcript(), "to upstream"));
  dialogue.on(TimedOut{});
  CHECK(has(dialogue.transcript(), "end "));
}

}  // namespace keyswap::flow
