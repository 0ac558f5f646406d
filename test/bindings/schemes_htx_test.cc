// SPDX-License-Identifier: Apache-2.0
//
// The scheme `htx` (bindings/schemes/htx.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: htx, api_key: KEY, api_secret: SECRET }";

// github.com/HuobiRDCenter/huobi_Golang, its tests of the request builder: key, secret, host, time.
const std::vector<std::string> kValues = {"access", "secret"};
const std::string kHost = "api.huobi.pro";
constexpr std::int64_t kNow = 1'574'330'400'000'000;  // 2019-11-21T10:00:00
const std::string kOwn =
    "AccessKeyId=access&SignatureMethod=HmacSHA256&SignatureVersion=2"
    "&Timestamp=2019-11-21T10%3A00%3A00";

test::SampleRequest get(const std::string& target) {
  return {"GET", target, {}, "", kHost};
}

std::string target_of(const test::SampleRequest& sample) {
  const auto result = Case(sample).sign(test::signing_with(kInject), kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields.empty());
  CHECK_FALSE(result.has_body);
  return result.target;
}

}  // namespace

TEST_CASE("HTX's published vectors; what the client had signed and timed is replaced") {
  CHECK(target_of(get("/v1/account/accounts?AccessKeyId=p")) ==
        "/v1/account/accounts?" + kOwn +
            "&Signature=rWnLcMt3XBAsmXoNHtTQVpvMbH%2FcE1PXFwQAGeYwt3s%3D");
  CHECK(target_of(get("/v1/account/history?currency=btc&Signature=theirs&AccessKeyId=p"
                      "&Timestamp=2001-01-01T00%3A00%3A00&account-id=123"
                      "&SignatureMethod=Ed25519&SignatureVersion=9")) ==
        "/v1/account/history?" + kOwn +
            "&account-id=123&currency=btc"
            "&Signature=SGZYJ9Ub%2FhFerEBbSWsCxl8Djk%2BLRBgEZOB4fLc4T9Q%3D");
}

TEST_CASE("HTX's parameters are sent as they are signed: sorted, and in one spelling") {
  const auto target = target_of(get("/v1/x?types=a%2cb&symbol=BTC-USDT&AccessKeyId=p&Z=a+b*~"));
  CHECK(
      target.starts_with("/v1/x?" + kOwn + "&Z=a%20b%2A~&symbol=BTC-USDT&types=a%2Cb&Signature="));
}

TEST_CASE("A POST to HTX signs the parameters of the signature alone; its body goes as it came") {
  const auto target = target_of({"POST",
                                 "/v1/order/orders/place?AccessKeyId=p&Timestamp=1&Signature=x",
                                 {{"Content-Type", "application/json"}},
                                 R"({"symbol":"btcusdt"})",
                                 kHost});
  // The formula over these bytes, computed with Python's hmac.
  CHECK(target == "/v1/order/orders/place?" + kOwn +
                      "&Signature=xSKSDesYf6VkZgVUNQrmKDP9rRWnPjjObgq7BJawCYE%3D");
}

TEST_CASE("The access key is written in locked memory, escaped so that it stays one value",
          "[I1][I9]") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case(get("/v1/x?AccessKeyId=p")).sign(bindings, {"a&b=c", "secret"}, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.target.starts_with("/v1/x?AccessKeyId=a%26b%3Dc&SignatureMethod="));
  CHECK(Case(get("/v1/x?AccessKeyId=p"))
            .sign(bindings, {"a\r\nb", "secret"}, kNow)
            .status.error()
            .code == base::Errc::invalid_input);

  const Case sample(get("/v1/x?AccessKeyId=p"));
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of("key"));
  secrets.push_back(test::secret_of("secret"));
  Edits edits;
  REQUIRE(bindings.rules[0].signer()->sign(sample.request(), {secrets, kNow, 0}, edits));
  const auto* const edit = edits.find<TargetEdit>();
  REQUIRE(edit != nullptr);
  CHECK(std::holds_alternative<vault::Secret>(edit->value));
}

TEST_CASE("F29: what HTX could read in two ways, or would not see signed, is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const query = GENERATE("a=1&a=2",
                                     "a=1&A=2",
                                     "accesskeyid=p",
                                     "AccessKeyId=p&AccessKeyId=q",
                                     "AccessKeyI%64=p",
                                     "signature=x",
                                     "a=%2",
                                     "a=%zz",
                                     "a=%0a",
                                     "a=1;b=2",
                                     "a=1&&b=2",
                                     "=1",
                                     "a[]=1");
  INFO(query);
  CHECK(Case(get(std::string("/v1/x?") + query)).is_malformed(bindings));
  CHECK(Case({"GET", "/v1/x?AccessKeyId=p", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"POST", "/v1/x?AccessKeyId=p&symbol=btcusdt", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"DELETE", "/v1/x?AccessKeyId=p", {}, ""}).is_malformed(bindings));
}

TEST_CASE("HTX's placeholder stands in the query, and nowhere else", "[I2]") {
  const auto bindings = test::signing_with(kInject);
  const auto& place = bindings.rules[0].placement();
  CHECK(place.kind() == "query");
  CHECK(place.name() == "AccessKeyId");
  CHECK(test::errors_of(test::with_inject(
                            "{ type: htx, api_key: KEY, api_secret: SECRET, query: AccessKeyId }"))
            .find("query") != std::string::npos);
}

TEST_CASE("No configuration opens HTX's withdrawals, nor transfers and keys of other users") {
  const auto bindings = test::signing_with(kInject);
  for (const auto* const path : {"/v1/dw/withdraw/api/create",
                                 "/v1/account/transfer",
                                 "/v1/subuser/transfer",
                                 "/v2/point/transfer",
                                 "/v2/sub-user/creation",
                                 "/v2/sub-user/transferability",
                                 "/v2/sub-user/api-key-generation",
                                 "/v2/sub-user/api-key-modification",
                                 "/api/v1/contract_master_sub_transfer",
                                 "/linear-swap-api/v1/swap_master_sub_transfer"}) {
    INFO(path);
    CHECK(Case({"POST", path, {}, ""}).is_forbidden(bindings));
    CHECK_FALSE(Case({"GET", path, {}, ""}).is_forbidden(bindings));
  }
  for (const auto* const path : {"/v1/order/orders/place",
                                 "/v2/account/transfer",
                                 "/v1/futures/transfer",
                                 "/linear-swap-api/v1/swap_master_sub_transfer_record"}) {
    INFO(path);
    CHECK_FALSE(Case({"POST", path, {}, ""}).is_forbidden(bindings));
  }
}

}  // namespace keyswap::bindings
