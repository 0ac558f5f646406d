// SPDX-License-Identifier: Apache-2.0
//
// The scheme `deribit` (bindings/schemes/deribit.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: deribit, api_key: KEY, api_secret: SECRET }";
const std::vector<std::string> kValues = {"AMANDA", "AMANDASECRECT"};
constexpr std::int64_t kNow = 1'576'074'319'000'999;

test::SampleRequest post(const std::string& target, const std::string& body) {
  return {"POST", target, {{"Authorization", "deri-hmac-sha256 id=p"}}, body};
}

test::SampleRequest get(const std::string& target,
                        const std::string& authorization = "deri-hmac-sha256 id=p") {
  return {"GET", target, {{"Authorization", authorization}}, ""};
}

std::string call_of(const std::string& method) {
  return R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{}})";
}

}  // namespace

TEST_CASE("Deribit's published vector, with the client's nonce; its time and signature are ours") {
  // docs.deribit.com, "Authentication": the signature is printed for this request, and the secret,
  // time and nonce for the WebSocket's.
  const auto bindings = test::signing_with(kInject);
  const Case sample(get("/api/v2/private/get_account_summary?currency=BTC",
                        "deri-hmac-sha256 id=p,ts=1,sig=theirs,nonce=1iqt2wls"));
  CHECK(sample.judge(bindings).wants_nonce);  // so it is sent once, though it is a GET
  const auto result = sample.sign(bindings, kValues, kNow, 42);
  REQUIRE(result.status.has_value());
  CHECK(result.fields == std::map<std::string, std::string>{
                             {"authorization",
                              "deri-hmac-sha256 id=AMANDA,ts=1576074319000,nonce=1iqt2wls,sig="
                              "9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab"}});
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("A call to Deribit is signed with its body, and with our nonce where there is none") {
  const auto bindings = test::signing_with(kInject);
  const Case sample(post("/api/v2/private/buy",
                         R"({"jsonrpc":"2.0","id":7,"method":"private/buy",)"
                         R"("params":{"instrument_name":"BTC-PERPETUAL","amount":10}})"));
  CHECK(sample.judge(bindings).wants_nonce);
  // The formula over these bytes, computed with Python's hmac.
  CHECK(sample.sign(bindings, kValues, kNow, 42).fields.at("authorization") ==
        "deri-hmac-sha256 id=AMANDA,ts=1576074319000,nonce=42,sig="
        "e907c248d5f97aad0c46ea7e9303d66f0ab9e9e1cbe3a3464c8cd2a7bb8476e0");
}

TEST_CASE("F29: a Deribit request that names two methods, or none, is refused") {
  const auto bindings = test::signing_with(kInject);
  CHECK_FALSE(Case(get("/api/v2/private/get_positions?currency=BTC")).is_malformed(bindings));
  CHECK_FALSE(Case(post("/api/v2/private/buy", call_of("private/buy"))).is_malformed(bindings));
  CHECK_FALSE(Case(post("/api/v2/private/buy", "")).is_malformed(bindings));

  CHECK(Case(get("/api/v2")).is_malformed(bindings));
  CHECK(Case(get("/api/v2?method=private/withdraw")).is_malformed(bindings));
  CHECK(Case(get("/api/v20/private/buy")).is_malformed(bindings));
  CHECK(Case(get("/api/v1/private/buy")).is_malformed(bindings));
  CHECK(Case(post("/api/v2/private/buy", call_of("private/sell"))).is_malformed(bindings));
  // A binding's `blocked` sees the path alone.
  CHECK(Case(post("/api/v2", call_of("private/buy"))).is_malformed(bindings));
  CHECK(Case(post("/api/v2/", call_of("private/buy"))).is_malformed(bindings));
  for (const std::string body : {R"({"method":7})",
                                 R"([{"method":"private/buy"}])",
                                 R"({"method":"private/buy","method":"private/withdraw"})",
                                 R"({"method":"private/buy","METHOD":"private/withdraw"})",
                                 R"({"method":"private/buy"} {"method":"private/withdraw"})",
                                 "method=private/buy"}) {
    INFO(body);
    CHECK(Case(post("/api/v2/private/buy", body)).is_malformed(bindings));
  }
  CHECK(Case({"GET", "/api/v2/private/buy", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"PUT", "/api/v2/private/buy", {}, ""}).is_malformed(bindings));
}

TEST_CASE("F29: an Authorization field that Deribit could read in two ways is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto target = "/api/v2/private/buy?amount=1";
  for (const std::string field : {"Bearer p",
                                  "deri-hmac-sha256",
                                  "deri-hmac-sha256 id=p,id=q",
                                  "deri-hmac-sha256 id=p,nonce=a b",
                                  "deri-hmac-sha256 id=p,nonce=\"a,b\"",
                                  "deri-hmac-sha256 id=p,nonce=\"\""}) {
    INFO(field);
    CHECK(Case(get(target, field)).is_malformed(bindings));
  }
  CHECK(Case(get(target, "deri-hmac-sha256 id=p,nonce=" + std::string(65, 'a')))
            .is_malformed(bindings));
  auto twice = get(target);
  twice.fields.emplace_back("authorization", "deri-hmac-sha256 id=p");
  CHECK(Case(twice).is_malformed(bindings));
}

TEST_CASE("Deribit's client id is written in locked memory, and only where it stays one value",
          "[I1][I9]") {
  const auto bindings = test::signing_with(kInject);
  const Case sample(get("/api/v2/private/buy"));
  for (const std::string key : {"", "a,b", "a b", "a\r\nb", "a\"b"}) {
    CHECK(sample.sign(bindings, {key, "secret"}, kNow).status.error().code ==
          base::Errc::invalid_input);
  }
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of("key"));
  secrets.push_back(test::secret_of("secret"));
  Edits edits;
  REQUIRE(bindings.rules[0].signer()->sign(sample.request(), {secrets, kNow, 1}, edits));
  const auto* const edit = edits.find<FieldEdit>();
  REQUIRE(edit != nullptr);
  CHECK(std::holds_alternative<vault::Secret>(edit->value));
}

TEST_CASE("Deribit's placeholder is the id of its Authorization field", "[I2]") {
  const auto bindings = test::signing_with(kInject);
  const auto& place = bindings.rules[0].placement();
  ClientHead head{"/", {}};
  place.show(test::kPlaceholder, head);
  REQUIRE(head.fields.size() == 1);
  CHECK(head.fields[0].second == "deri-hmac-sha256 id=\"" + test::kPlaceholder + "\"");
}

TEST_CASE("No configuration opens what moves money at Deribit, in the path or in a call's body") {
  const auto bindings = test::signing_with(kInject);
  for (const std::string method : {"private/withdraw",
                                   "private/submit_transfer_to_user",
                                   "private/submit_transfer_to_subaccount",
                                   "private/submit_transfer_between_subaccounts",
                                   "private/add_to_address_book",
                                   "private/create_api_key",
                                   "private/list_api_keys",
                                   "private/create_subaccount",
                                   "private/execute_block_trade",
                                   "private/create_block_rfq",
                                   "private/accept_block_rfq",
                                   "public/auth",
                                   "public/fork_token",
                                   "PRIVATE/Withdraw",
                                   "private//withdraw",
                                   "private/./withdraw",
                                   "private/withdraw/"}) {
    INFO(method);
    CHECK(Case(get("/api/v2/" + method + "?currency=BTC")).is_forbidden(bindings));
    CHECK(Case(post("/api/v2/" + method, "")).is_forbidden(bindings));
    CHECK(Case(post("/api/v2/private/buy", call_of(method))).is_malformed(bindings));
  }
  CHECK(Case(post("/api/v2/private/buy", R"({"\u006dethod":"private\/with\u0064raw"})"))
            .is_malformed(bindings));
  for (const std::string method : {"private/buy",
                                   "private/get_withdrawals",
                                   "private/cancel_withdrawal",
                                   "private/get_transfers",
                                   "private/get_address_book",
                                   "public/ticker"}) {
    INFO(method);
    CHECK_FALSE(Case(get("/api/v2/" + method)).is_forbidden(bindings));
    CHECK_FALSE(
        Case(post("/api/v2/" + method, call_of(method))).judge(bindings).refusal.has_value());
  }
}

}  // namespace keyswap::bindings
