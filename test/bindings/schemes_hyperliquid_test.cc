// SPDX-License-Identifier: Apache-2.0
//
// The scheme `hyperliquid` (bindings/schemes/hyperliquid.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: hyperliquid, header: X-Keyswap-Wallet }";
const std::string kTestnet = "{ type: hyperliquid, header: X-Keyswap-Wallet, network: testnet }";
const std::string kKey = "0x0123456789012345678901234567890123456789012345678901234567890123";
const std::string kVault = "\"0x1719884eb866cb12b2287399b15f7db5e7d775ea\"";

std::string order(const std::string& type, const std::string& more = "") {
  return R"({"type":"order","orders":[{"a":1,"b":true,"p":"100","s":"100","r":false,"t":)" + type +
         more + R"(}],"grouping":"na"})";
}

std::string written(const std::string& r, const std::string& s, int v) {
  return R"({"r":"0x)" + r + R"(","s":"0x)" + s + R"(","v":)" + std::to_string(v) + "}";
}

// github.com/hyperliquid-dex/hyperliquid-python-sdk, tests/signing_test.py: all that are signed
// this way, with the nonce 0.
struct Vector {
  std::string action;
  std::string vault;
  std::string mainnet;
  std::string testnet;
};

const std::vector<Vector> kVectors = {
    {R"({"type":"dummy","num":100000000000})",
     "null",
     written("53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298",
             "755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8",
             27),
     written("542af61ef1f429707e3c76c5293c80d01f74ef853e34b76efffcb57e574f9510",
             "17b8b32f086e8cdede991f1e2c529f5dd5297cbe8128500e00cbaf766204a613",
             28)},
    {order(R"({"limit":{"tif":"Gtc"}})"),
     "null",
     written("d65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e",
             "2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e",
             28),
     written("82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
             "6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5",
             27)},
    {order(R"({"limit":{"tif":"Gtc"}})", R"(,"c":"0x00000000000000000000000000000001")"),
     "null",
     written("41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3",
             "3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da",
             27),
     written("eba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d",
             "7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe90988",
             28)},
    {R"({"type":"dummy","num":100000000000})",
     kVault,
     written("3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239",
             "4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c",
             28),
     written("e281d2fb5c6e25ca01601f878e4d69c965bb598b88fac58e475dd1f5e56c362b",
             "7ddad27e9a238d045c035bc606349d075d5c5cd00a6cd1da23ab5c39d4ef0f60",
             27)},
    {order(R"({"trigger":{"isMarket":true,"triggerPx":"103","tpsl":"sl"}})"),
     "null",
     written("98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9",
             "6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb405",
             27),
     written("971c554d917c44e0e1b6cc45d8f9404f32172a9d3b3566262347d0302896a2e4",
             "206257b104788f80450f8e786c329daa589aa0b32ba96948201ae556d5637eac",
             28)},
    {R"({"type":"createSubAccount","name":"example"})",
     "null",
     written("51096fe3239421d16b671e192f574ae24ae14329099b6db28e479b86cdd6caa7",
             "b71f7d293af92d3772572afb8b102d167a7cef7473388286bc01f52a5c5b423",
             27),
     written("a699e3ed5c2b89628c746d3298b5dc1cca604694c2c855da8bb8250ec8014a5b",
             "53f1b8153a301c72ecc655b1c315d64e1dcea3ee58921fd7507e35818fcc1584",
             28)},
    {R"({"type":"subAccountTransfer","subAccountUser":"0x1d9470d4b963f552e6f671a81619d395877bf409",)"
     R"("isDeposit":true,"usd":10})",
     "null",
     written("43592d7c6c7d816ece2e206f174be61249d651944932b13343f4d13f306ae602",
             "71a926cb5c9a7c01c3359ec4c4c34c16ff8107d610994d4de0e6430e5cc0f4c9",
             28),
     written("e26574013395ad55ee2f4e0575310f003c5bb3351b5425482e2969fa51543927",
             "efb08999196366871f919fd0e138b3a7f30ee33e678df7cfaf203e25f0a4278",
             28)},
};

// The members as the vendor's client orders them.
std::string body_of(const std::string& action,
                    const std::string& signature,
                    const std::string& vault = "null",
                    const std::string& nonce = "0",
                    const std::string& expiry = "null") {
  return R"({"action": )" + action + R"(, "nonce": )" + nonce + R"(, "signature": )" + signature +
         R"(, "vaultAddress": )" + vault + R"(, "expiresAfter": )" + expiry + "}";
}

// Also of actions that judge() lets nothing through for.
std::string signed_body(const std::string& inject, const std::string& body) {
  const auto bindings = test::signing_with(inject);
  const Case sample({"POST", "/exchange", {}, body});
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of(kKey));
  Edits edits;
  REQUIRE(bindings.rules[0].signer()->sign(sample.request(), {secrets, 0, 0}, edits));
  const auto* const set = edits.find<BodyEdit>();
  REQUIRE(set != nullptr);
  return set->value;
}

std::optional<SignerRefusal> refusal_of(const std::string& body,
                                        const std::string& target = "/exchange") {
  return Case({"POST", target, {}, body}).judge(test::signing_with(kInject)).refusal;
}

}  // namespace

TEST_CASE("Hyperliquid's published vectors, on both networks; all else of the body stays") {
  const std::string theirs = R"({"r": "0x1", "s": "0x2", "v": 27})";
  for (const auto& vector : kVectors) {
    INFO(vector.action);
    const auto sent = body_of(vector.action, theirs, vector.vault);
    CHECK(signed_body(kInject, sent) == body_of(vector.action, vector.mainnet, vector.vault));
    CHECK(signed_body(kTestnet, sent) == body_of(vector.action, vector.testnet, vector.vault));
  }
}

TEST_CASE("Hyperliquid's expiry is signed, and a client that does not sign is signed for") {
  // Computed in Python, with libsecp256k1.
  const auto signature = written("8006c5cc88c138b7e397525c3d25b104972942a5182d4105ab65d054a283748",
                                 "335e0647a938253ad001050c5f9e475ba6312ab70a6fc0e375d9bedf20d94b3f",
                                 28);
  const std::string action = R"({"type":"noop"})";
  CHECK(signed_body(kInject, body_of(action, "null", kVault, "1700000000000", "1700000060000")) ==
        body_of(action, signature, kVault, "1700000000000", "1700000060000"));
  const auto bare = R"({"action":)" + action + R"(,"nonce":1700000000000,"vaultAddress":)" +
                    kVault + R"(,"expiresAfter":1700000060000)";
  CHECK(signed_body(kInject, " " + bare + " } \n") ==
        " " + bare + " ,\"signature\":" + signature + "} \n");
}

TEST_CASE("Hyperliquid's placeholder does not leave, and other endpoints are not signed") {
  const auto bindings = test::signing_with(kInject);
  const auto info = Case({"POST", "/info", {{"X-Keyswap-Wallet", "p"}}, R"({"type":"meta"})"})
                        .sign(bindings, {kKey}, 0);
  REQUIRE(info.status.has_value());
  CHECK(info.removed == std::vector<std::string>{"x-keyswap-wallet"});
  CHECK(info.fields.empty());
  CHECK_FALSE(info.has_body);
  const auto exchange =
      Case(
          {"POST", "/exchange", {{"X-Keyswap-Wallet", "p"}}, body_of(R"({"type":"noop"})", "null")})
          .sign(bindings, {kKey}, 0);
  REQUIRE(exchange.status.has_value());
  CHECK(exchange.removed == std::vector<std::string>{"x-keyswap-wallet"});
  CHECK(exchange.has_body);
}

TEST_CASE("what moves money out of Hyperliquid, or is not known, is not signed", "[I5]") {
  for (const std::string type : {"order",
                                 "cancel",
                                 "cancelByCloid",
                                 "modify",
                                 "batchModify",
                                 "scheduleCancel",
                                 "updateLeverage",
                                 "updateIsolatedMargin",
                                 "twapOrder",
                                 "twapCancel",
                                 "noop"}) {
    INFO(type);
    CHECK_FALSE(refusal_of(body_of(R"({"type":")" + type + "\"}", "null")).has_value());
  }
  for (const std::string type : {"usdSend",
                                 "spotSend",
                                 "sendAsset",
                                 "withdraw3",
                                 "usdClassTransfer",
                                 "subAccountTransfer",
                                 "vaultTransfer",
                                 "approveAgent",
                                 "approveBuilderFee",
                                 "tokenDelegate",
                                 "createSubAccount",
                                 "dummy",
                                 "Order",
                                 ""}) {
    INFO(type);
    CHECK(refusal_of(body_of(R"({"type":")" + type + "\"}", "null")) ==
          SignerRefusal::endpoint_blocked);
  }
}

TEST_CASE("F29: a body that Hyperliquid could read in two ways is refused") {
  const std::string action = R"("action":{"type":"noop"})";
  for (const std::string& body : {std::string(),
                                  std::string("[]"),
                                  "{" + action + "}",
                                  "{" + action + R"(,"nonce":"1"})",
                                  "{" + action + R"(,"nonce":-1})",
                                  "{" + action + R"(,"nonce":1.0})",
                                  "{" + action + R"(,"nonce":1,"nonce":2})",
                                  "{" + action + R"(,"nonce":1,"Action":{"type":"withdraw3"}})",
                                  "{" + action + R"(,"nonce":1,"other":1})",
                                  "{" + action + R"(,"nonce":1,"vaultAddress":""})",
                                  "{" + action + R"(,"nonce":1,"vaultAddress":"0x12"})",
                                  "{" + action + R"(,"nonce":1,"vaultAddress":1})",
                                  "{" + action + R"(,"nonce":1,"expiresAfter":"1"})",
                                  std::string(R"({"action":{"type":1},"nonce":1})"),
                                  std::string(R"({"action":{"type":"noop","x":0.5},"nonce":1})"),
                                  std::string(R"({"action":["type"],"nonce":1})")}) {
    INFO(body);
    CHECK(refusal_of(body) == SignerRefusal::malformed_request);
  }
  CHECK_FALSE(refusal_of("{" + action + R"(,"nonce":1})").has_value());
  const Case twice({"POST", "/info", {{"X-Keyswap-Wallet", "p"}, {"x-keyswap-wallet", "p"}}, "{}"});
  CHECK(twice.is_malformed(test::signing_with(kInject)));
}

TEST_CASE("more levels or values than an action of Hyperliquid has are refused", "[I10]") {
  std::string deep = "0";
  for (int i = 0; i < 8; ++i) {
    deep = "[" + deep + "]";
  }
  CHECK(refusal_of(body_of(R"({"type":"noop","x":)" + deep + "}", "null")) ==
        SignerRefusal::malformed_request);
}

TEST_CASE("a key that is none of a wallet refuses the request; what is wrong in the file is told") {
  const Case sample({"POST", "/exchange", {}, body_of(R"({"type":"noop"})", "null")});
  CHECK(sample.sign(test::signing_with(kInject), {"not a key"}, 0).status.error().code ==
        base::Errc::invalid_input);
  CHECK(test::errors_of(test::with_inject("{ type: hyperliquid, header: X, network: devnet }"))
            .find("`network` must be one of: mainnet, testnet") != std::string::npos);
  CHECK(test::errors_of(test::with_inject("{ type: hyperliquid }")).find("header") !=
        std::string::npos);
}

}  // namespace keyswap::bindings
