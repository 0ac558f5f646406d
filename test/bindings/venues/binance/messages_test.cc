// SPDX-License-Identifier: Apache-2.0
//
// The scheme `binance` on a WebSocket: which messages are let through, and how they leave.
#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "bindings/message_signer.h"
#include "bindings/private_key.h"
#include "proxy/base/bytes.h"
#include "test/bindings/sample_keys.h"
#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::kApiKey;
using binance::test::kApiSecret;
using test::kPlaceholder;

namespace {

const std::string kHost = "ws-api.binance.com";
const std::string kFuturesHost = "ws-fapi.binance.com";

// `scope`: further keys of the binding; `inject`: of the scheme; each with a comma before it.
std::string message_yaml(const std::string& scope = "", const std::string& inject = "") {
  return test::one_secret("    placeholder: \"" + kPlaceholder +
                          "\"\n    inject: { type: binance, api_key: KEY, api_secret: SECRET" +
                          inject + " }\n    bindings: [ { host: " + kHost + ", websocket: true" +
                          scope + " } ]\n");
}

const MessageSigner& messages_of(const Bindings& bindings) {
  const auto* const messages = bindings.rules[0].messages();
  REQUIRE(messages != nullptr);
  return *messages;
}

Judgement judge(const Bindings& bindings,
                const std::string& text,
                const std::string& host = kHost) {
  return messages_of(bindings).judge(text, host, bindings.rules[0].scopes[0]);
}

std::optional<SignerRefusal> refusal(const Bindings& bindings,
                                     const std::string& text,
                                     const std::string& host = kHost) {
  return judge(bindings, text, host).refusal;
}

// `params`: its members, of which the last is the placeholder's.
std::string message(const std::string& method, const std::string& params = "") {
  return R"({"id":"a","method":")" + method + R"(","params":{)" + params +
         (params.empty() ? "" : ",") + R"("apiKey":")" + kPlaceholder + R"("}})";
}

// A limit order; `quantity` and `price` as JSON.
std::string order(const std::string& quantity,
                  const std::string& price,
                  const std::string& method = "order.place") {
  return message(method,
                 R"("symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":)" + quantity +
                     R"(,"price":)" + price);
}

// A test's values are not secret.
base::Result<std::string> sent(const Bindings& bindings,
                               const std::string& text,
                               std::string_view secret = kApiSecret,
                               std::string_view key = kApiKey) {
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of(std::string(key)));
  secrets.push_back(test::secret_of(std::string(secret)));
  const auto message = messages_of(bindings).sign(text, {secrets, 1'645'423'376'532'999, 0});
  if (!message) {
    return message.error();
  }
  return std::string(message->reveal());
}

std::string hmac(std::string_view secret, std::string_view payload) {
  Digest digest;
  REQUIRE(digest.hmac(HashKind::sha256, secret, payload).has_value());
  return base::to_hex(digest.view());
}

// The published example, with what stands for key and signature.
std::string example(const std::string& key, const std::string& signature) {
  return R"({"id":"4885f793-e5ad-4c3b-8f6c-55d891472b71","method":"order.place","params":{)"
         R"("symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC",)"
         R"("quantity":"0.01000000","price":"52000.00","recvWindow":100,)"
         R"("timestamp":1645423376532,"apiKey":")" +
         key + R"(","signature":")" + signature + R"("}})";
}

}  // namespace

TEST_CASE("W1 the published message leaves byte for byte") {
  const auto bindings = accepted(message_yaml());
  const auto message = sent(bindings, example(kPlaceholder, "anything"));
  REQUIRE(message.has_value());
  CHECK(*message ==
        example(kApiKey, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"));
}

TEST_CASE("a message that is not signed yet gets timestamp, recvWindow and signature") {
  const auto bindings = accepted(message_yaml("", ", recv_window: 3000"));
  const std::string payload = "apiKey=" + kApiKey + "&recvWindow=3000&timestamp=1645423376532";
  CHECK(sent(bindings, message("account.status")).value() ==
        R"({"id":"a","method":"account.status","params":{"apiKey":")" + kApiKey +
            R"(","timestamp":1645423376532,"recvWindow":3000,"signature":")" +
            hmac(kApiSecret, payload) + R"("}})");
  // The exchange's default, where the binding has none; a signature without a time gets none.
  const auto plain = accepted(message_yaml());
  CHECK(sent(plain, message("account.status")).value().find(R"("recvWindow":5000,)") !=
        std::string::npos);
  CHECK(sent(plain, message("account.status", R"("recvWindow":9)")).value().find("5000") ==
        std::string::npos);
  CHECK(sent(plain, message("account.status", R"("signature":"x")")).value().find("recvWindow") ==
        std::string::npos);
}

TEST_CASE("methods that take the key alone get no signature, unless the client means one") {
  const auto bindings = accepted(message_yaml());
  CHECK(sent(bindings, message("userDataStream.start")).value() ==
        R"({"id":"a","method":"userDataStream.start","params":{"apiKey":")" + kApiKey + R"("}})");
  CHECK(sent(bindings, message("trades.historical", R"("symbol":"BTCUSDT")"))
            .value()
            .find("signature") == std::string::npos);
  const auto asked = sent(bindings, message("trades.historical", R"("timestamp":1)")).value();
  CHECK(asked.find("\"signature\":\"" + hmac(kApiSecret, "apiKey=" + kApiKey + "&timestamp=1")) !=
        std::string::npos);
  // A connection that is logged on needs neither ("Session Authentication").
  const std::string bare = R"({"id":1,"method":"account.status","params":{"timestamp":1}})";
  CHECK(sent(bindings, bare).value() == bare);
}

TEST_CASE("RSA and Ed25519 sign in base64 as it is") {
  REQUIRE(vault::lock_memory().has_value());
  const std::string payload = "apiKey=" + kApiKey + "&timestamp=1";
  const auto text = message("account.status", R"("timestamp":1)");
  const auto ed25519_der = base::from_base64(test::kEd25519Key);
  REQUIRE(ed25519_der.has_value());
  const auto ed25519 = PrivateKey::from_der(*ed25519_der);
  REQUIRE(ed25519.has_value());
  const auto by_ed25519 =
      sent(accepted(message_yaml("", ", key_type: ed25519")), text, *ed25519_der).value();
  CHECK(by_ed25519.find(R"("signature":")" +
                        base::to_base64(ed25519->sign_ed25519(payload).value()) + "\"") !=
        std::string::npos);

  const auto rsa = PrivateKey::from_text(test::kRsaKey);
  REQUIRE(rsa.has_value());
  auto der = vault::LockedBuffer::of_capacity(8192);
  REQUIRE(der.has_value());
  REQUIRE(rsa->write_der(*der).has_value());
  const auto by_rsa =
      sent(accepted(message_yaml("", ", key_type: rsa")), text, der->reveal()).value();
  CHECK(by_rsa.find(R"("signature":")" +
                    base::to_base64(rsa->sign_sha256_rsa_pkcs1(payload).value()) + "\"") !=
        std::string::npos);
}

TEST_CASE("a key that would have to be escaped never gets into a message") {
  const auto bindings = accepted(message_yaml());
  const auto* const key = GENERATE("", "a\"b", "a\\", "a&b", "a b", "a\nb", "\xC3\xA9", "a/b");
  INFO(key);
  CHECK_FALSE(sent(bindings, message("account.status"), kApiSecret, key).has_value());
}

TEST_CASE("an HMAC secret must be there, a private key of the right kind") {
  CHECK_FALSE(sent(accepted(message_yaml()), message("account.status"), "").has_value());
  CHECK_FALSE(
      sent(accepted(message_yaml("", ", key_type: rsa")), message("account.status")).has_value());
}

TEST_CASE("a message tells its method, id and credential, and what it does to the logon") {
  const auto bindings = accepted(message_yaml());
  const auto& messages = messages_of(bindings);
  const auto reading = messages.read(message("order.place"));
  REQUIRE(reading.has_value());
  CHECK(reading->method == "order.place");
  CHECK(reading->id == "\"a\"");
  CHECK(reading->credential == kPlaceholder);
  CHECK(reading->logon == LogonChange::none);
  CHECK(messages.read(message("session.logon"))->logon == LogonChange::begins);
  CHECK(messages.read(message("v3/session.logon"))->logon == LogonChange::begins);
  CHECK(messages.read(message("session.logout"))->logon == LogonChange::ends);
  CHECK(messages.read(R"({"id":null,"method":"ping"})")->id.empty());
  CHECK(messages.read(R"({"method":"ping"})")->id.empty());
  CHECK(messages.read(R"({"id":7,"method":"ping"})")->id == "7");
  CHECK(messages.read(R"({"id":7,"method":"ping"})")->credential.empty());
  CHECK_FALSE(messages.read(R"({"id":7,"method":"ping",})").has_value());
  CHECK(messages.rewrite(R"( {"method":"p\u0069ng" , "id":7} )") == R"({"id":7,"method":"ping"})");
}

TEST_CASE("the id of a message is that of its reply") {
  const auto bindings = accepted(message_yaml());
  const auto& messages = messages_of(bindings);
  const auto* const id = GENERATE("7", "-7", "\"7\"", R"("a\"b")", R"("\u00e9\/")", "\"\"");
  const auto reading = messages.read(R"({"method":"ping","id":)" + std::string(id) + "}");
  REQUIRE(reading.has_value());
  const auto reader = messages.reply_reader();
  reader->feed(R"({"id":)" + std::string(id) + R"(,"status":200,"result":{}})");
  const auto reply = reader->finish();
  REQUIRE(reply.has_value());
  CHECK(reply->id == reading->id);
  reader->feed(messages.refuse({reading->id, 403, "endpoint_blocked", "no", "r", 0}));
  CHECK(reader->finish()->id == reading->id);
}

TEST_CASE("no configuration lets a withdrawal through, whoever's key it carries") {
  const auto bindings = accepted(message_yaml());
  const auto& messages = messages_of(bindings);
  CHECK(messages.forbids({"v9/account.Withdraw", "", "", LogonChange::none}));
  CHECK(messages.forbids({"asset.transfer", "", "", LogonChange::none}));
  CHECK_FALSE(messages.forbids({"order.place", "", "", LogonChange::none}));
  CHECK(refusal(bindings, message("account.withdraw")) == SignerRefusal::endpoint_blocked);
}

TEST_CASE("what is not open has to be named") {
  const auto closed = accepted(message_yaml());
  const auto named = accepted(message_yaml(
      ", endpoints: [WS order.cancelReplace, WS openOrders.cancelAll, WS order.place]"));
  for (const auto* const method : {"order.cancelReplace", "openOrders.cancelAll"}) {
    CHECK(refusal(closed, message(method)) == SignerRefusal::endpoint_blocked);
    CHECK_FALSE(refusal(named, message(method)).has_value());
    CHECK_FALSE(refusal(named, message("v3/" + std::string(method))).has_value());
  }
  CHECK_FALSE(refusal(closed, message("order.cancel", R"("orderId":1)")).has_value());
  CHECK_FALSE(refusal(closed, order("1", "1")).has_value());
  CHECK(refusal(named, message("order.unheardOf")) == SignerRefusal::endpoint_blocked);
  CHECK(refusal(named, message("Order.Place")) == SignerRefusal::endpoint_blocked);
  CHECK(refusal(named, message("SORT")) == SignerRefusal::endpoint_blocked);
  CHECK(refusal(closed, order("1", "1"), "api.binance.com") == SignerRefusal::endpoint_blocked);
  // Futures: nothing but reading and single cancels without a name.
  CHECK(refusal(closed, order("1", "1"), kFuturesHost) == SignerRefusal::endpoint_blocked);
  CHECK_FALSE(refusal(named, order("1", "1"), kFuturesHost).has_value());
  CHECK_FALSE(refusal(closed, message("order.cancel"), "ws-dapi.binance.com").has_value());
}

TEST_CASE("only an Ed25519 key can log on") {
  const auto logon = message("session.logon");
  CHECK(refusal(accepted(message_yaml()), logon) == SignerRefusal::endpoint_blocked);
  CHECK(refusal(accepted(message_yaml("", ", key_type: rsa")), logon) ==
        SignerRefusal::endpoint_blocked);
  const auto ed25519 = accepted(message_yaml("", ", key_type: ed25519"));
  CHECK_FALSE(refusal(ed25519, logon).has_value());
  CHECK_FALSE(refusal(ed25519, R"({"method":"session.logout"})").has_value());
}

TEST_CASE("an order is held to the limits, to the eighth decimal") {
  const auto bindings =
      accepted(message_yaml(", max_order_usd: 100, daily_volume_usd: 1000, symbols: [BTCUSDT], "
                            "order_types: [LIMIT]"));
  const auto good = judge(bindings, order("\"2\"", "\"50\""));
  CHECK_FALSE(good.refusal.has_value());
  CHECK(good.volume_e8 == 10'000'000'000);
  CHECK(good.volume_max_e8 == 100'000'000'000);
  REQUIRE(good.order.has_value());
  CHECK(good.order->symbol == "BTCUSDT");
  CHECK(good.order->side == "BUY");
  CHECK(good.order->type == "LIMIT");
  CHECK(good.order->value_e8 == 10'000'000'000);
  // The same as numbers of JSON.
  CHECK(judge(bindings, order("2", "50.0")).volume_e8 == 10'000'000'000);
  CHECK(refusal(bindings, order("\"2\"", "\"50.000000005\"")) ==
        SignerRefusal::order_limit_exceeded);
  CHECK(refusal(bindings, order("2", "50.000000005")) == SignerRefusal::order_limit_exceeded);
  CHECK(refusal(bindings, message("order.place", R"("symbol":"ETHUSDT","type":"LIMIT")")) ==
        SignerRefusal::order_limit_exceeded);
  CHECK(refusal(bindings, message("order.place", R"("symbol":"BTCUSDT","type":"MARKET")")) ==
        SignerRefusal::order_limit_exceeded);
  const auto test_order = judge(bindings, order("2", "50", "order.test"));
  CHECK_FALSE(test_order.refusal.has_value());
  CHECK(test_order.volume_e8 == 0);
}

TEST_CASE("a quantity that could be read in two ways is malformed") {
  const auto bindings = accepted(message_yaml());
  const auto* const number = GENERATE("1e3",
                                      "-0",
                                      "-1",
                                      "1E-2",
                                      "\"1e3\"",
                                      "\" 1\"",
                                      "\"\"",
                                      "\"+1\"",
                                      "\"0x1\"",
                                      "true",
                                      "\"1,0\"");
  INFO(number);
  CHECK(refusal(bindings, order(number, "1")) == SignerRefusal::malformed_request);
  CHECK(refusal(bindings, order("1", number)) == SignerRefusal::malformed_request);
}

TEST_CASE("a market order by amount counts what it spends, by quantity it has no known value") {
  const auto bindings = accepted(message_yaml(", max_order_usd: 100"));
  const std::string market = R"("symbol":"BTCUSDT","side":"BUY","type":"MARKET",)";
  CHECK(judge(bindings, message("order.place", market + R"("quoteOrderQty":"99.5")"))
            .order->value_e8 == 9'950'000'000);
  CHECK(refusal(bindings, message("order.place", market + R"("quoteOrderQty":100.01)")) ==
        SignerRefusal::order_limit_exceeded);
  CHECK(refusal(bindings, message("order.place", market + R"("quantity":"1")")) ==
        SignerRefusal::order_limit_exceeded);
  CHECK(
      refusal(bindings, message("order.place", market + R"("quantity":"1","quoteOrderQty":"1")")) ==
      SignerRefusal::malformed_request);
}

TEST_CASE("the legs of a list count together, and a futures order by its notional") {
  const auto bindings =
      accepted(message_yaml(", max_order_usd: 100, endpoints: [WS orderList.place.oco, WS "
                            "order.place, WS order.modify]"));
  const auto oco = [&](const std::string& below) {
    return message("orderList.place.oco",
                   R"("symbol":"BTCUSDT","side":"SELL","quantity":"1",)"
                   R"("aboveType":"LIMIT_MAKER","abovePrice":"60",)"
                   R"("belowType":"STOP_LOSS_LIMIT","belowPrice":")" +
                       below + "\"");
  };
  CHECK_FALSE(refusal(bindings, oco("40")).has_value());
  CHECK(refusal(bindings, oco("40.01")) == SignerRefusal::order_limit_exceeded);
  CHECK_FALSE(refusal(bindings, order("2", "50"), kFuturesHost).has_value());
  CHECK(refusal(bindings, order("2", "50.1"), kFuturesHost) == SignerRefusal::order_limit_exceeded);
  CHECK(refusal(bindings, order("2", "50.1", "order.modify"), kFuturesHost) ==
        SignerRefusal::order_limit_exceeded);
  // Contracts of a coin have no value in dollars.
  CHECK(refusal(bindings, order("1", "1"), "ws-dapi.binance.com") ==
        SignerRefusal::order_limit_exceeded);
}

TEST_CASE("lists stand in market data alone") {
  const auto bindings = accepted(message_yaml());
  const std::string symbols = R"("symbols":["BTCUSDT","ETHUSDT"])";
  CHECK_FALSE(refusal(bindings, message("ticker.24hr", symbols)).has_value());
  CHECK(refusal(bindings, message("account.status", symbols)) == SignerRefusal::malformed_request);
  CHECK(refusal(bindings, message("ticker.24hr", symbols + R"(,"timestamp":1)")) ==
        SignerRefusal::malformed_request);
  // Also when a logged-on connection would not sign it.
  CHECK(refusal(bindings, R"({"method":"order.place","params":{"symbol":["BTCUSDT"]}})") ==
        SignerRefusal::malformed_request);
  CHECK_FALSE(sent(bindings, message("account.status", symbols)).has_value());
}

TEST_CASE("an order of a logged-on connection is held to the limits, too") {
  const auto bindings =
      accepted(message_yaml(", max_order_usd: 100, daily_volume_usd: 500", ", key_type: ed25519"));
  const auto bare = [](const std::string& price) {
    return R"({"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY",)"
           R"("type":"LIMIT","quantity":"1","price":")" +
           price + R"(","timestamp":1}})";
  };
  CHECK(judge(bindings, bare("100")).volume_e8 == 10'000'000'000);
  CHECK(refusal(bindings, bare("100.1")) == SignerRefusal::order_limit_exceeded);
}

TEST_CASE("what cannot be read is malformed, whatever it would be") {
  const auto bindings = accepted(message_yaml());
  CHECK(refusal(bindings, "{") == SignerRefusal::malformed_request);
  CHECK(refusal(bindings, message("order.place", R"("Symbol":"BTCUSDT")")) ==
        SignerRefusal::malformed_request);
  CHECK_FALSE(sent(bindings, "{").has_value());
}

TEST_CASE("`proof` asks for the signature of the placeholder's secret") {
  const std::string secret = ", placeholder_secret: PLACEHOLDER_SECRET";
  const auto require = accepted(message_yaml("", ", proof: require" + secret));
  const auto warn = accepted(message_yaml("", ", proof: warn" + secret));
  const auto with = [](const std::string& order_id, const std::string& payload) {
    return message("account.status",
                   R"("timestamp":1,"x":")" + order_id + R"(","signature":")" +
                       hmac("PLACEHOLDER_SECRET", payload) + "\"");
  };
  const std::string begin = "apiKey=" + kPlaceholder + "&timestamp=1&x=";
  const auto proven = with("a", begin + "a");
  CHECK_FALSE(refusal(require, proven).has_value());
  CHECK_FALSE(judge(require, proven).is_unproven);
  // As encodeURIComponent would write it.
  CHECK_FALSE(refusal(require, with("a b", begin + "a b")).has_value());
  CHECK_FALSE(refusal(require, with("a b", begin + "a%20b")).has_value());
  const auto wrong = with("a", begin + "b");
  CHECK(refusal(require, wrong) == SignerRefusal::malformed_request);
  CHECK(refusal(require, message("account.status")) == SignerRefusal::malformed_request);
  CHECK_FALSE(refusal(warn, wrong).has_value());
  CHECK(judge(warn, wrong).is_unproven);
  CHECK_FALSE(judge(warn, proven).is_unproven);
  // What is not signed needs none.
  CHECK_FALSE(refusal(require, message("userDataStream.start")).has_value());
}

}  // namespace keyswap::bindings
