// SPDX-License-Identifier: Apache-2.0
//
// What is blocked at Binance, in any writing; and that docs/binance.md says the same.
#include "bindings/venues/binance/endpoints.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "bindings/venues/binance/endpoint_table.h"
#include "test/bindings/venues/binance/support.h"
#include "test/support/data.h"

namespace keyswap::bindings {

using binance::Endpoint;
using binance::OrderForm;
using binance::Tier;
using binance::test::accepted;
using binance::test::binance_yaml;
using binance::test::refusal;
using binance::test::signer_of;

namespace {

const std::vector<std::string> kWriting = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// A path that the row means.
std::string example_of(const Endpoint& endpoint) {
  auto path = replaced(std::string(endpoint.path), "**", "more/x");
  path = replaced(path, "v*", "v1");
  return replaced(path, "*", "");
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

// F20: ways to write a path that some server reads as this one.
std::vector<std::string> evasions_of(const std::string& path) {
  const auto last = path.rfind('/');
  const auto head = path.substr(0, last);
  const auto tail = path.substr(last + 1);
  const auto first_encoded = [&](const std::string& percent) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(tail[0]);
    return head + "/" + percent + kDigits[byte / 16U] + kDigits[byte % 16U] + tail.substr(1);
  };
  return {first_encoded("%"),
          first_encoded("%25"),
          first_encoded("%2525"),
          head + "//" + tail,
          "/" + path,
          head + "/./" + tail,
          head + "/x/../" + tail,
          "/api/v3/order/../../.." + path,
          "/api/v3/order/..;/..;/.." + path,
          head + "/%2e/" + tail,
          head + "/x/%2e%2e/" + tail,
          path + "/",
          path + "//",
          path + "/.",
          path + ";x",
          path + ";x=y/",
          head + ";x/" + tail,
          head + "%2f" + tail,
          head + "%252F" + tail,
          head + "\\" + tail,
          head + "%5c" + tail};
}

binance::test::BinanceRequest request(const std::string& method, const std::string& target) {
  return {method, target, "", "", {}};
}

bool is_blocked(const Bindings& bindings, const std::string& method, const std::string& target) {
  return refusal(bindings, request(method, target)) == SignerRefusal::endpoint_blocked;
}

}  // namespace

TEST_CASE("F19 F20 tier 1 is blocked for every method but GET and HEAD, in any writing") {
  const auto bindings = accepted(binance_yaml());
  for (const auto& endpoint : binance::endpoints()) {
    if (endpoint.tier != Tier::value_out) {
      continue;
    }
    const auto path = example_of(endpoint);
    auto written = evasions_of(path);
    written.push_back(path);
    written.push_back(upper(path));
    for (const auto& target : written) {
      for (const auto& method : kWriting) {
        INFO(method << " " << target);
        CHECK(is_blocked(bindings, method, target + "?timestamp=1"));
        CHECK(signer_of(bindings).forbids({method, target}));
        CHECK(signer_of(bindings).forbids({method, target + "?symbol=A"}));
      }
      CHECK_FALSE(signer_of(bindings).forbids({"GET", target}));
    }
    CHECK_FALSE(is_blocked(bindings, "GET", path));
    CHECK_FALSE(is_blocked(bindings, "HEAD", path));
  }
}

TEST_CASE("F19 no configuration lets tier 1 through: naming it is an error") {
  for (const auto& endpoint : binance::endpoints()) {
    if (endpoint.tier != Tier::value_out) {
      continue;
    }
    for (const auto& path : {example_of(endpoint), upper(example_of(endpoint))}) {
      INFO(path);
      CHECK(binance::test::errors_of(binance_yaml(", endpoints: [POST " + path + "]"))
                .find("no configuration lets it through") != std::string::npos);
    }
  }
}

TEST_CASE("F20 F21 tier 2 is blocked until it is named, and then only as it is named") {
  const auto plain = accepted(binance_yaml());
  for (const auto& endpoint : binance::endpoints()) {
    if (endpoint.tier != Tier::internal) {
      continue;
    }
    const auto path = example_of(endpoint);
    for (const auto& method : {"POST", "PUT", "DELETE", "PATCH"}) {
      INFO(method << " " << path);
      CHECK(is_blocked(plain, method, path));
      const auto named =
          accepted(binance_yaml(", endpoints: [" + std::string(method) + " " + path + "]"));
      CHECK_FALSE(refusal(named, request(method, path)).has_value());
      CHECK_FALSE(signer_of(named).forbids({method, path}));
      CHECK(is_blocked(named, method, upper(path)));
      CHECK(is_blocked(named, "OPTIONS", path));
      for (const auto& target : evasions_of(path)) {
        INFO(target);
        CHECK(is_blocked(named, method, target));
      }
    }
  }
}

TEST_CASE("F21 DELETE openOrders is signed once it is named") {
  const auto bindings = accepted(binance_yaml(", endpoints: [DELETE /api/v3/openOrders]"));
  const auto one = request("DELETE", "/api/v3/openOrders?symbol=BTCUSDT");
  CHECK_FALSE(refusal(bindings, one).has_value());
  CHECK(binance::test::send(bindings, one).target.find("&signature=") != std::string::npos);
  CHECK(is_blocked(accepted(binance_yaml()), "DELETE", "/api/v3/openOrders?symbol=BTCUSDT"));
}

TEST_CASE("open by default: reading, an order, its test and its cancel; nothing else") {
  const auto bindings = accepted(binance_yaml());
  const std::set<std::string> open = {"POST /api/v3/order",
                                      "POST /api/v3/order/test",
                                      "DELETE /api/v3/order",
                                      "DELETE /fapi/v1/order",
                                      "DELETE /dapi/v1/order",
                                      "DELETE /eapi/v1/order",
                                      "DELETE /papi/v1/um/order",
                                      "DELETE /papi/v1/cm/order",
                                      "DELETE /papi/v1/margin/order",
                                      "DELETE /sapi/v1/margin/order"};
  for (const auto& endpoint : binance::endpoints()) {
    for (const auto& method : kWriting) {
      const auto path = example_of(endpoint);
      INFO(method << " " << path);
      CHECK(is_blocked(bindings, method, path) == (open.count(method + " " + path) == 0));
    }
  }
  CHECK(is_blocked(bindings, "POST", "/sapi/v1/something/new"));
  CHECK(is_blocked(bindings, "POST", "/API/v3/order"));
  CHECK(is_blocked(bindings, "POST", "/api/v3/order/"));
  CHECK(is_blocked(bindings, "POST", "/api/v1/order"));
  CHECK_FALSE(is_blocked(bindings, "GET", "/sapi/v1/asset/transfer?type=MAIN_FUNDING"));
  CHECK_FALSE(is_blocked(bindings, "GET", "/api/v3/account"));
}

TEST_CASE("a path that says so is blocked although no table knows it") {
  const auto bindings = accepted(binance_yaml());
  for (const auto* const path : {"/sapi/v9/new/WithdrawNow",
                                 "/papi/v1/payouts",
                                 "/sapi/v1/margin/isolated/transfer",
                                 "/fapi/v1/quick-transfer-out",
                                 "/sapi/v1/portfolio/withdraw",
                                 "/sapi/v1/simple-earn/payout"}) {
    INFO(path);
    CHECK(signer_of(bindings).forbids({"POST", path}));
    CHECK_FALSE(
        binance::test::errors_of(binance_yaml(", endpoints: [\"POST " + std::string(path) + "\"]"))
            .empty());
  }
  CHECK_FALSE(signer_of(bindings).forbids({"POST", "/sapi/v1/portfolio/bnb-transfer"}));
}

TEST_CASE("a path with too many readings is forbidden") {
  std::string path = "/v1/%";  // each decoding takes one "25" away
  for (int i = 0; i < 100; ++i) {
    path += "25";
  }
  path += "41";
  CHECK(binance::is_value_out({"POST", path}));
}

TEST_CASE("a signed request's path is plain, also for reading") {
  const auto bindings = accepted(binance_yaml());
  for (const auto& target : evasions_of("/api/v3/account")) {
    INFO(target);
    CHECK(is_blocked(bindings, "GET", target));
    CHECK(is_blocked(bindings, "HEAD", target));
  }
  for (const auto* const target :
       {"/", "/api/v3/a~b", "/api/v3/a,b", "/api/v3/a:b", "/api/v3/a."}) {
    INFO(target);
    CHECK(is_blocked(bindings, "GET", target));
  }
}

TEST_CASE("the doors of the WebSocket API are closed, whichever host has them") {
  const auto bindings = accepted(binance_yaml(", methods: [GET, POST]"));
  for (const auto* const path :
       {"/ws-api/v3", "/ws-fapi/v1", "/WS-dapi/v1", "//ws-api/v3", "/x/../ws-api/v3"}) {
    INFO(path);
    CHECK(is_blocked(bindings, "GET", path));
    CHECK(signer_of(bindings).forbids({"GET", path}));
  }
  for (const auto* const host :
       {"ws-api.binance.com", "ws-fapi.binance.com", "bpay.binanceapi.com"}) {
    auto one = request("GET", "/api/v3/account");
    one.host = host;
    CHECK(refusal(bindings, one) == SignerRefusal::endpoint_blocked);
  }
}

TEST_CASE(
    "every row of the table can be reached by its example, and opens nothing above its tier") {
  for (const auto& endpoint : binance::endpoints()) {
    const auto path = example_of(endpoint);
    const std::string method(endpoint.method.empty() ? "POST" : endpoint.method);
    INFO(method << " " << path);
    const auto* const found = binance::find_endpoint(method, path);
    REQUIRE(found != nullptr);
    CHECK(found->tier == endpoint.tier);
    CHECK(binance::is_plain_path(path));
    CHECK(binance::is_value_out({method, path}) == (endpoint.tier == Tier::value_out));
    CHECK_FALSE(binance::is_value_out({"GET", path}));
    CHECK_FALSE(endpoint.group.empty());
  }
}

TEST_CASE(
    "a path that speaks of orders is an order that cannot be valued, if no row knows better") {
  CHECK(binance::order_form_of("POST", "/api/v3/order") == OrderForm::single);
  CHECK(binance::order_form_of("POST", "/sapi/v1/algo/futures/newOrderTwap") ==
        OrderForm::unvaluable);
  CHECK(binance::order_form_of("POST", "/sapi/v1/convert/acceptQuote") == OrderForm::unvaluable);
  CHECK(binance::order_form_of("PUT", "/api/v4/neworder") == OrderForm::unvaluable);
  CHECK(binance::order_form_of("DELETE", "/fapi/v1/order") == OrderForm::none);
  CHECK(binance::order_form_of("GET", "/api/v3/order") == OrderForm::none);
  CHECK(binance::order_form_of("POST", "/sapi/v1/asset/transfer") == OrderForm::none);
  CHECK(binance::order_form_of("POST", "/sapi/v1/margin/borrow-repay") == OrderForm::none);
}

TEST_CASE("docs/binance.md has the table that the code has") {
  std::ifstream file(keyswap::test::tree_path("docs/binance.md"));
  std::stringstream held;
  held << file.rdbuf();
  const auto text = held.str();
  const std::string begin = "<!-- endpoints: generated, see the test that compares -->\n";
  const auto at = text.find(begin);
  REQUIRE(at != std::string::npos);
  const auto end = text.find("<!-- end of endpoints -->", at);
  REQUIRE(end != std::string::npos);
  const auto shown = text.substr(at + begin.size(), end - at - begin.size());
  CHECK(shown == binance::endpoint_table_markdown());
}

}  // namespace keyswap::bindings
