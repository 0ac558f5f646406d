// SPDX-License-Identifier: Apache-2.0
//
// The scheme `gateio` (bindings/schemes/gateio.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: gateio, api_key: KEY, api_secret: SECRET }";
// Of both examples of the vendor's page: key `key`, secret `secret`.
constexpr std::int64_t kNow = 1'541'993'715'999'999;

}  // namespace

TEST_CASE("Gate.io's published vectors: a query, and a body") {
  const auto bindings = test::signing_with(kInject);
  const auto list = Case({"GET",
                          "/api/v4/futures/orders?contract=BTC_USD&status=finished&limit=50",
                          {{"KEY", "p"}, {"SIGN", "theirs"}, {"Timestamp", "1"}},
                          ""})
                        .sign(bindings, {"key", "secret"}, kNow);
  REQUIRE(list.status.has_value());
  CHECK(list.fields ==
        std::map<std::string, std::string>{
            {"key", "key"},
            {"timestamp", "1541993715"},
            {"sign",
             "55f84ea195d6fe57ce62464daaa7c3c02fa9d1dde954e4c898289c9a2407a3d6fb3faf24deff16790d7"
             "26b66ac9f74526668b13bd01029199cc4fcc522418b8a"}});
  CHECK_FALSE(list.has_target);
  const auto order =
      Case(
          {"POST",
           "/api/v4/futures/orders",
           {{"KEY", "p"}, {"Content-Type", "application/json"}},
           R"({"contract":"BTC_USD","type":"limit","size":100,"price":6800,"time_in_force":"gtc"})"})
          .sign(bindings, {"key", "secret"}, kNow);
  CHECK(
      order.fields.at("sign") ==
      "eae42da914a590ddf727473aff25fc87d50b64783941061f47a3fdb92742541fc4c2c14017581b4199a1418d544"
      "71c269c03a38d788d802e2c306c37636389f0");
  CHECK_FALSE(order.has_body);
}

TEST_CASE("Gate.io signs the query without URL encoding; what is sent keeps it") {
  const auto bindings = test::signing_with(kInject);
  const auto plain =
      Case({"GET", "/api/v4/x?a=b,c", {}, ""}).sign(bindings, {"key", "secret"}, kNow);
  const auto escaped =
      Case({"GET", "/api/v4/x?a=b%2Cc", {}, ""}).sign(bindings, {"key", "secret"}, kNow);
  CHECK(plain.fields.at("sign") == escaped.fields.at("sign"));
  CHECK_FALSE(escaped.has_target);
}

TEST_CASE(
    "F29: a query that would move the lines Gate.io signs, and repeated fields, are refused") {
  const auto bindings = test::signing_with(kInject);
  CHECK(Case({"GET", "/api/v4/x?a=b%0Ac", {}, ""}).is_malformed(bindings));
  CHECK(Case({"GET", "/x", {{"SIGN", "a"}, {"Sign", "b"}}, ""}).is_malformed(bindings));
  CHECK(Case({"GET", "/x", {{"Timestamp", "1"}, {"timestamp", "2"}}, ""}).is_malformed(bindings));
}

TEST_CASE("A key that could end its line is never written", "[I9]") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"GET", "/x", {}, ""}).sign(bindings, {"key\r\nX: y", "secret"}, kNow);
  CHECK(result.status.error().code == base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
