// SPDX-License-Identifier: Apache-2.0
//
// Messages that are judged and signed (proxy/flow/websocket_messages.cc).
#include <span>
#include <string>

#include "proxy/base/bytes.h"
#include "proxy/flow/real_values.h"
#include "proxy/flow/websocket.h"
#include "test/bindings/sample_keys.h"
#include "test/support/dialogue.h"

namespace keyswap::flow {

using test::Dialogue;
using test::has;
using test::kPlainWebSocket;
using test::kTradingKey;
using test::kTradingPlaceholder;
using test::kTradingSecret;
using test::order;

namespace {

// Of a rule whose key can log on.
class LogonDialogue : public Dialogue {
 public:
  LogonDialogue() : Dialogue(yaml()) {
    secret = base::from_base64(bindings::test::kEd25519Key).value();
  }

  static std::string logon(const std::string& id, const std::string& api_key) {
    return R"({"id":")" + id + R"(","method":"session.logon","params":{"apiKey":")" + api_key +
           R"("}})";
  }

 private:
  static std::string yaml() {
    std::string text = test::kTrading;
    const std::string type = "type: binance,";
    return text.replace(text.find(type), type.size(), type + " key_type: ed25519,");
  }
};

// As `order`, but without a key, or with that of somebody else.
std::string order_without_placeholder(const std::string& id, const std::string& api_key = "") {
  std::string text = order(id, "1");
  const std::string key = R"("apiKey":")" + kTradingPlaceholder + R"(",)";
  text.replace(
      text.find(key), key.size(), api_key.empty() ? "" : R"("apiKey":")" + api_key + R"(",)");
  return text;
}

std::string lines_until(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.substr(0, at);
}

}  // namespace

TEST_CASE("W1 a message is judged, charged, signed, recorded and only then sent", "[I6]") {
  Dialogue dialogue;
  dialogue.client(order("7"));
  const std::string transcript = dialogue.transcript();
  CHECK(lines_until(transcript, "to upstream") ==
        "charge 500\nfetch\nrecord allowed binding_matched B order.place /ws-api/v3\n");
  CHECK(has(transcript, "to upstream (secret): {"));
  CHECK(has(transcript, kTradingKey));
  CHECK_FALSE(has(transcript, kTradingPlaceholder));
  CHECK_FALSE(has(transcript, kTradingSecret));
  CHECK(dialogue.collected_bytes == 0);

  dialogue.upstream(R"({"id":"7","status":200,"result":{}})");
  CHECK(dialogue.transcript() ==
        "message 1 kept response 200 complete 35\n"
        "to client: {\"id\":\"7\",\"status\":200,\"result\":{}}\n");
}

TEST_CASE("the outcome does not depend on how messages are cut", "[I15]") {
  Dialogue whole;
  whole.client(order("7")).upstream(R"({"status":200,"id":"7"})");
  const std::string expected = whole.transcript();
  for (const std::size_t piece : {1U, 2U, 5U, 64U}) {
    Dialogue cut;
    cut.client(order("7"), piece).upstream(R"({"status":200,"id":"7"})");
    CHECK(cut.transcript() == expected);
  }
}

TEST_CASE("before the record is durable nothing is sent, whatever else happens", "[I6]") {
  Dialogue held;
  held.answers_records = false;
  held.client(order("7"));
  CHECK_FALSE(has(held.transcript(), "to upstream"));
  CHECK_FALSE(held.machine().wants_client());
  held.control(Side::upstream, http::Opcode::ping, "p").upstream("{}");
  CHECK(held.transcript() == "to client: ping p\nto client: {}\n");
  held.on(SideGone{Side::client});
  const std::string end = held.transcript();
  CHECK(has(end, "message 1 not sent response 0 not_sent 0\n"));
  CHECK_FALSE(has(end, kTradingKey));
  held.on(RecordDone{true});
  CHECK(held.transcript().empty());
}

TEST_CASE("I13 no record, no message: the client is told, and nothing was sent", "[I6][I13]") {
  Dialogue dialogue;
  dialogue.records_are_durable = false;
  dialogue.client(order("7"));
  const std::string transcript = dialogue.transcript();
  CHECK_FALSE(has(transcript, "to upstream"));
  CHECK(has(transcript, "to client: {\"id\":\"7\",\"status\":503"));
  CHECK(has(transcript, "audit_unavailable"));
  CHECK(has(transcript, "message 1 not sent\n"));
}

TEST_CASE("a real value is told of in a message that is signed, too, read or not", "[I1]") {
  REQUIRE(vault::lock_memory());
  RealValues real;
  const WantedSecret wanted{kTradingSecret, "SECRET", {}};
  real.add(std::span(&wanted, 1));
  for (const std::string& text :
       {R"({"id":"7","method":"ping","params":{"x":")" + kTradingSecret + R"("}})",
        "my secret is " + kTradingSecret}) {
    INFO(text);
    Dialogue dialogue(test::kTrading, nullptr, &real);
    dialogue.client(text);
    const std::string transcript = dialogue.transcript();
    CHECK(has(transcript, " +real SECRET message plain "));
    CHECK_FALSE(has(lines_until(transcript, " +real"), "to upstream"));
  }
}

TEST_CASE("a record that does not come in time ends the connection", "[I10]") {
  Dialogue dialogue;
  dialogue.answers_records = false;
  dialogue.client(order("7"));
  dialogue.on(TimedOut{});
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "audit_unavailable"));
  CHECK(has(transcript, "message 1 not sent response 0 not_sent 0\n"));
  CHECK(has(transcript, "end unknown"));
  dialogue.on(RecordDone{true});
  CHECK(dialogue.transcript().empty());
}

TEST_CASE(
    "a refused message is recorded, then answered in its own form, and the connection stays") {
  Dialogue dialogue;
  dialogue.client(order("big", "1"));
  std::string transcript = dialogue.transcript();
  CHECK(lines_until(transcript, "to client") ==
        "record refused order_limit_exceeded B order.place /ws-api/v3\nmessage 1 not sent\n");
  CHECK(has(transcript, "order_limit_exceeded"));
  CHECK(has(transcript, "req-1"));
  dialogue.client(R"({"id":1,"method":"order.withdraw","params":{"apiKey":")" +
                  kTradingPlaceholder + R"("}})");
  transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused endpoint_blocked B order.withdraw"));
  CHECK_FALSE(has(transcript, "to upstream"));
  dialogue.client(order("ok"));
  CHECK(has(dialogue.transcript(), "to upstream (secret)"));
}

TEST_CASE("what a limit refuses says when to come again") {
  Dialogue dialogue;
  dialogue.charged.refusal = audit::Reason::rate_limited;
  dialogue.charged.retry_after_ms = 1500;
  dialogue.client(order("7"));
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused rate_limited B order.place"));
  CHECK(has(transcript, "\"status\":429"));
  CHECK(has(transcript, "message 1 not sent\n"));
}

TEST_CASE("a message that can be read in more than one way ends the connection", "[I9]") {
  const std::string text = GENERATE(std::string("hello"),
                                    std::string(R"({"id":1,"id":2,"method":"ping"})"),
                                    std::string(R"({"method":"ping"} )") + "x");
  Dialogue dialogue;
  dialogue.client(text);
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused malformed_request  /ws-api/v3\n"));
  CHECK(has(transcript, "\"status\":400"));
  CHECK(has(transcript, "to upstream: close 1001\n"));
  CHECK(has(transcript, "to client: close 1008\nend unknown\n"));
}

TEST_CASE("a binary message, and one that is too large, end the connection", "[I10]") {
  Dialogue binary;
  binary.client("x", 0, http::Opcode::binary);
  CHECK(has(binary.transcript(), "to client: close 1003\n"));
  Dialogue large;
  large.client(std::string(base::bounds::kWebSocketMessageBytesMax + 1, ' '), 16 * 1024);
  const std::string transcript = large.transcript();
  CHECK(has(transcript, "record refused body_too_large"));
  CHECK(has(transcript, "to client: close 1009\n"));
  CHECK(large.collected_bytes == 0);
}

TEST_CASE("a message that never ends is not waited for", "[I10]") {
  Dialogue dialogue;
  dialogue.on(MessagePiece{Side::client, http::Opcode::text, "{", false, std::nullopt});
  dialogue.control(Side::client, http::Opcode::ping, "still here");
  dialogue.on(TimedOut{});
  CHECK(has(dialogue.transcript(), "to client: close 1008\n"));
  CHECK(dialogue.machine().is_over());
}

TEST_CASE("F28 the day's volume is given back by a refusal alone, of the right message") {
  Dialogue dialogue;
  dialogue.client(order("a")).client(order("b")).client(order("c")).client(order("d"));
  static_cast<void>(dialogue.transcript());
  dialogue.upstream(R"({"id":"b","status":400,"error":{}})");
  CHECK(has(dialogue.transcript(), "message 2 refused response 400 complete"));
  dialogue.upstream(R"({"id":"c","status":409})").upstream(R"({"id":"d","status":503})");
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "message 3 kept response 409 complete"));
  CHECK(has(transcript, "message 4 kept response 503 complete"));
  dialogue.on(SideGone{Side::upstream});
  CHECK(has(dialogue.transcript(), "message 1 kept response 0 truncated 0\n"));
}

TEST_CASE("F28 an id that is still awaited cannot be used again") {
  Dialogue dialogue;
  dialogue.client(order("7"));
  static_cast<void>(dialogue.transcript());
  CHECK(has(dialogue.client(R"({"id":"\u0037","method":"ping"})").transcript(),
            "record refused malformed_request ping"));
  CHECK(has(dialogue.client(order("7")).transcript(), "refused malformed_request order.place"));
  dialogue.upstream(R"({"id":"7","status":200})");
  static_cast<void>(dialogue.transcript());
  CHECK(has(dialogue.client(order("7")).transcript(), "to upstream (secret)"));
}

TEST_CASE("I8 the key that comes back is the placeholder again", "[I8]") {
  const std::string reply =
      R"({"id":"1","status":200,"result":{"apiKey":")" + kTradingKey + R"("}})";
  for (const std::size_t piece : {0U, 1U, 10U, 60U}) {
    Dialogue dialogue;
    dialogue.client(order("1"));
    static_cast<void>(dialogue.transcript());
    dialogue.upstream(reply, piece);
    std::string text = dialogue.transcript();
    CHECK_FALSE(has(text, kTradingKey));
    if (piece == 0) {
      CHECK(has(text, R"({"apiKey":")" + kTradingPlaceholder + R"("}})"));
    }
  }
}

TEST_CASE("I8 a control frame does not say the key back; of a Close the code stays", "[I8]") {
  Dialogue dialogue;
  dialogue.client(order("1"));
  static_cast<void>(dialogue.transcript());
  dialogue.control(Side::upstream, http::Opcode::ping, kTradingKey);
  CHECK_FALSE(has(dialogue.transcript(), kTradingKey));
  dialogue.control(Side::upstream, http::Opcode::ping, "are you there");
  CHECK(has(dialogue.transcript(), "are you there"));
  const auto farewell = http::close_payload(1000, "bye " + kTradingKey);
  dialogue.control(Side::upstream, http::Opcode::close, farewell);
  const std::string said = dialogue.transcript();
  CHECK(has(said, "close 1000"));
  CHECK(dialogue.last_control.size() == 2);
}

TEST_CASE("a refusal waits for the end of a message that is on its way to the client") {
  Dialogue dialogue;
  dialogue.on(MessagePiece{Side::upstream, http::Opcode::text, "{\"a\":", false, std::nullopt});
  dialogue.client(order("big", "1"));
  CHECK_FALSE(dialogue.machine().wants_client());
  CHECK_FALSE(has(dialogue.transcript(), "order_limit_exceeded\""));
  dialogue.on(MessagePiece{Side::upstream, http::Opcode::text, "1}", true, std::nullopt});
  CHECK(has(dialogue.transcript(), "to client: 1}\nto client: {\"id\":\"big\""));
  CHECK(dialogue.machine().wants_client());
}

TEST_CASE("a message without the placeholder passes unsigned, and says so in the log", "[I2]") {
  Dialogue dialogue;
  dialogue.client(R"({"id":1,"method":"ticker.price","params":{"symbol":"BTCUSDT"}})");
  CHECK(
      dialogue.transcript() ==
      "record pass no_placeholder ticker.price /ws-api/v3\n"
      "to upstream: {\"id\":1,\"method\":\"ticker.price\",\"params\":{\"symbol\":\"BTCUSDT\"}}\n");
}

TEST_CASE("I14 a message is judged by the bindings of its own moment", "[I14]") {
  Dialogue dialogue;
  dialogue.reload(kPlainWebSocket);
  dialogue.client(order("7"));
  std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused endpoint_blocked"));
  CHECK(has(transcript, "to client: close 1008\n"));
  CHECK_FALSE(has(transcript, kTradingKey));

  Dialogue stranger;
  stranger.stranger = audit::Reason::caller_not_allowed;
  stranger.client(order("7"));
  transcript = stranger.transcript();
  CHECK(has(transcript, "record refused caller_not_allowed"));
  CHECK(has(transcript, "to client: close 1008\n"));
}

TEST_CASE("a secret that cannot be opened refuses the message", "[I13]") {
  Dialogue dialogue;
  dialogue.has_secrets = false;
  dialogue.client(order("7"));
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused secret_unavailable B order.place"));
  CHECK(has(transcript, "message 1 not sent\n"));
  CHECK_FALSE(has(transcript, "to upstream"));
}

TEST_CASE("a secret that does not come in time refuses the message, and no other", "[I10][I13]") {
  Dialogue dialogue;
  dialogue.answers_fetches = false;
  dialogue.client(order("7"));
  CHECK(dialogue.transcript() == "charge 500\nfetch\n");
  dialogue.upstream("{}");
  CHECK(dialogue.transcript() == "to client: {}\n");
  dialogue.on(TimedOut{});
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused secret_unavailable B order.place"));
  CHECK(has(transcript, "to client: {\"id\":\"7\",\"status\":503"));
  CHECK(has(transcript, "message 1 not sent\n"));
  CHECK_FALSE(has(transcript, "to upstream"));
  dialogue.answers_fetches = true;
  dialogue.client(order("8"));
  CHECK(has(dialogue.transcript(), "to upstream (secret)"));
}

TEST_CASE("replies that are awaited are bounded", "[I10]") {
  Dialogue dialogue;
  for (std::size_t i = 0; i < base::bounds::kRepliesAwaitedMax; ++i) {
    dialogue.client(R"({"id":)" + std::to_string(i) + R"(,"method":"ping"})");
  }
  static_cast<void>(dialogue.transcript());
  dialogue.client(R"({"id":99999,"method":"ping"})");
  CHECK(has(dialogue.transcript(), "record refused too_busy"));
}

TEST_CASE("whoever is logged on by our key sends nothing that is not judged", "[I5]") {
  LogonDialogue dialogue;
  dialogue.client(LogonDialogue::logon("in", kTradingPlaceholder));
  CHECK(has(dialogue.transcript(), "to upstream (secret): {\"id\":\"in\""));
  dialogue.client(order_without_placeholder("1"));
  CHECK(has(dialogue.transcript(), "record refused order_limit_exceeded B order.place"));
  dialogue.client(order_without_placeholder("2", "a-key-of-its-own"));
  std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused endpoint_blocked order.place"));
  CHECK_FALSE(has(transcript, "to upstream"));
  dialogue.client(LogonDialogue::logon("other", "a-key-of-its-own"));
  transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused endpoint_blocked session.logon"));
  CHECK_FALSE(has(transcript, "to upstream"));
}

TEST_CASE("a logon waits until what went there unjudged is answered", "[I5]") {
  LogonDialogue dialogue;
  dialogue.client(order_without_placeholder("1"));
  CHECK(has(dialogue.transcript(), "record pass no_placeholder order.place"));
  dialogue.client(LogonDialogue::logon("in", kTradingPlaceholder));
  std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "record refused too_busy B session.logon"));
  CHECK_FALSE(has(transcript, "to upstream"));
  dialogue.upstream(R"({"id":"1","status":400,"error":{}})");
  dialogue.client(R"({"id":"2","method":"ticker.price","params":{"symbol":"BTCUSDT"}})");
  dialogue.client(LogonDialogue::logon("in", kTradingPlaceholder));
  CHECK(has(dialogue.transcript(), "to upstream (secret): {\"id\":\"in\""));

  LogonDialogue without_id;
  without_id.client(R"({"method":"order.place"})").upstream(R"({"id":null,"status":400})");
  static_cast<void>(without_id.transcript());
  without_id.client(LogonDialogue::logon("in", kTradingPlaceholder));
  CHECK(has(without_id.transcript(), "record refused too_busy B session.logon"));
}

TEST_CASE("I8 a message whose key could not be hidden in the reply is not sent", "[I8]") {
  Dialogue dialogue;
  for (std::size_t i = 0; i < base::bounds::kScrubbedSecretsMax; ++i) {
    dialogue.key = "rotated" + std::to_string(i);
    dialogue.client(order(std::to_string(i)));
  }
  const std::string transcript = dialogue.transcript();
  CHECK(has(transcript, "to upstream (secret): {\"id\":\"0\""));
  CHECK(has(transcript, "record refused secret_unavailable B order.place"));
  dialogue.upstream(R"({"apiKey":"rotated0"})");
  CHECK(dialogue.transcript() == "to client: {\"apiKey\":\"" + kTradingPlaceholder + "\"}\n");
}

}  // namespace keyswap::flow
