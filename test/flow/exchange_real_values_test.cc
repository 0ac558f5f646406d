// SPDX-License-Identifier: Apache-2.0
//
// Requests whose client sends a secret itself (proxy/flow/exchange_real_values.cc).
#include <catch2/catch.hpp>

#include "proxy/flow/real_values.h"
#include "test/flow/bodies.h"

namespace keyswap::flow {

namespace {

const std::string kKey = "sk-real-0123456789/abc";
const std::string kExchange = "the-exchange-key-00001";
const std::string kAsked = "what?key-0000001";
const std::string kRealRules = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, blocked: ["DELETE /*"] } ]
  X:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}" }
    bindings: [ { host: exchange.example.test, real_value: refuse } ]
  Q:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { body: text }
    bindings: [ { host: api.example.test, paths: ["/swap"] } ]
  PIN:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: X-Pin, format: "{secret}" }
    bindings: [ { host: api.example.test } ]
)";

class World {
 public:
  World() {
    REQUIRE(vault::lock_memory());
    add("K", kKey);
    add("X", kExchange);
    add("Q", kAsked);
    add("PIN", "pin-42");
  }

  [[nodiscard]] Script script() const {
    Script made(bindings_,
                {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
                {nullptr, nullptr, "", nullptr, &real});
    made.vault["Q"] = kAsked;
    return made;
  }

  // The record of the request, up to the end of its line.
  [[nodiscard]] std::string recorded(const std::string& request) const {
    const std::string all = script().client(request).transcript();
    const std::size_t at = all.find("record ");
    return at == std::string::npos ? all : all.substr(at, all.find('\n', at) - at);
  }

  RealValues real;

 private:
  void add(const std::string& name, const std::string& value) {
    const WantedSecret wanted{value, name, {}};
    real.add(std::span(&wanted, 1));
  }

  std::shared_ptr<const bindings::Bindings> bindings_ = test::bindings_of(kRealRules);
};

std::string get(const std::string& path, const std::string& fields = "") {
  return head(fields, "GET", path) + "\r\n";
}

// No record, and nothing that we say ourselves, has the value.
void check_hidden(const Script& done, const std::string& value) {
  const std::string all = done.transcript();
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    const std::string line = all.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("to upstream")) {
      CHECK_FALSE(has(line, value));
    }
  }
}

}  // namespace

TEST_CASE("what is refused for its target is looked through, whatever of it would be sent",
          "[I1]") {
  World world;
  CHECK(has(world.recorded(get("https://joe:" + kExchange + "@api.example.test/x")),
            "record refused malformed_request +real X host plain GET "));
}

TEST_CASE("a real value in a header is told of, and the request goes on as it came", "[I1]") {
  World world;
  const std::string request = get("/v1/x", "Authorization: Bearer " + kKey + "\r\n");
  CHECK(world.script().client(request).upstream(kOk).transcript() ==
        "dial\n"
        "record pass no_placeholder +real K header plain GET /v1/x\n"
        "to upstream: GET /v1/x HTTP/1.1\\r\\nHost: api.example.test\\r\\n"
        "Authorization: Bearer " +
            kKey +
            "\\r\\n\\r\\n\n"
            "to client: HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\n"
            "response 200 complete 2\n"
            "upstream reused\n"
            "client kept\n");
  CHECK(world.recorded(
            get("/x", "Authorization: Basic " + base::to_base64("joe:" + kKey + "\n") + "\r\n")) ==
        "record pass no_placeholder +real K header base64 GET /x");
}

TEST_CASE("a real value in the target is masked in the record, however it is written", "[I1]") {
  World world;
  CHECK(world.recorded(get("/bot" + kKey + "/send")) ==
        "record pass no_placeholder +real K path plain GET /bot<K>/send");
  CHECK(world.recorded(get("/bots%6B%2dreal-0123456789%2Fabc/send")) ==
        "record pass no_placeholder +real K path escaped GET /bot<K>/send");
  CHECK(world.recorded(get("/h/" + base::to_hex(kKey))) ==
        "record pass no_placeholder +real K path hex GET /h/<K>");
  CHECK(world.recorded(get("/x?key=sk%2Dreal-0123456789%2Fabc&y=1")) ==
        "record pass no_placeholder +real K query escaped GET /x");
  // Half of it would be the end of the path.
  CHECK(world.recorded(get("/in/" + kAsked + "/x?y=1")) ==
        "record pass no_placeholder +real Q path plain GET /in/<Q>/x");
  CHECK(world.recorded(get("/in/" + kAsked.substr(0, 9) + "no")) ==
        "record pass no_placeholder GET /in/what");
  // A short one may be any word: it is not told of, and not shown either.
  CHECK(world.recorded(get("/pins/pin-42/x")) == "record pass no_placeholder GET /pins/<PIN>/x");
}

TEST_CASE("a real value beside a placeholder that is swapped is told of, too") {
  World world;
  CHECK(world.recorded(get("/u/" + kKey, "Authorization: " + kInBody + "\r\n")) ==
        "record allowed binding_matched K +real K path plain GET /u/<K>");
}

TEST_CASE("the key of another host is seen where it is sent, and refused as its binding says") {
  World world;
  for (const std::string& request : {get("/x", "Authorization: " + kExchange + "\r\n"),
                                     get("/" + kExchange),
                                     get("/x?k=" + kExchange)}) {
    const auto done = world.script().client(request);
    CHECK(has(done.transcript(), "record refused real_secret_sent X +real X "));
    CHECK(done.sent_upstream().empty());
    CHECK(done.sent_client().starts_with("HTTP/1.1 403 "));
    CHECK(has(done.sent_client(), "real_secret_sent"));
    check_hidden(done, kExchange);
  }
}

TEST_CASE("what is refused for another reason stays so, and tells of the value all the same") {
  World world;
  CHECK(world.recorded(head("X: " + kExchange + "\r\n", "DELETE", "/x") + "\r\n") ==
        "record refused endpoint_blocked K +real X header plain DELETE /x");
}

TEST_CASE("where nothing is known nothing is told") {
  World world;
  Script nobody(test::bindings_of(kRealRules));
  nobody.client(get("/x", "Authorization: Bearer " + kKey + "\r\n"));
  CHECK(has(nobody.transcript(), "record pass no_placeholder GET /x\n"));
  const RealValues empty;
  Script none(test::bindings_of(kRealRules),
              {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
              {nullptr, nullptr, "", nullptr, &empty});
  none.client(get("/x", "Authorization: Bearer " + kKey + "\r\n"));
  CHECK(has(none.transcript(), "record pass no_placeholder GET /x\n"));
}

TEST_CASE("a real value in a body is told of once, wherever it is cut, and goes on", "[I15]") {
  World world;
  const std::string body = R"({"a":"b","key":"sk-real-0123456789\/abc","again":")" + kKey + "\"}";
  for (const std::string& text : {request(body), chunked(body)}) {
    for (std::size_t piece = 0; piece < text.size(); ++piece) {
      const auto done = world.script().client(text, piece).upstream(kOk);
      CAPTURE(piece);
      REQUIRE(body_of(done.sent_upstream()) == body);
      REQUIRE(count(done.transcript(), "told no_placeholder") >= 1);
      REQUIRE(count(done.transcript(), "+real K body plain") == 1);
      REQUIRE(count(done.transcript(), "+real K body escaped") == 1);
      REQUIRE(has(done.transcript(), "record pass no_placeholder POST /v1/x\n"));
      check_hidden(done, kKey);
    }
  }
}

TEST_CASE("a body that is refused for a real value never leaves whole, wherever it is cut",
          "[I15]") {
  World world;
  for (const std::string& text :
       {request("key=" + kExchange), request("key=" + kExchange + "&x=1"), chunked(kExchange)}) {
    for (std::size_t piece = 0; piece < text.size(); ++piece) {
      const auto done = world.script().client(text, piece);
      CAPTURE(piece);
      REQUIRE_FALSE(is_complete(done.sent_upstream()));
      REQUIRE_FALSE(has(done.sent_upstream(), kExchange));
      REQUIRE(
          has(done.transcript(), "noted refused real_secret_sent X +real X body plain POST /v1/x"));
      REQUIRE(has(done.sent_client(), "HTTP/1.1 403 "));
      REQUIRE(done.is_finished());
      check_hidden(done, kExchange);
    }
  }
}

TEST_CASE("the last piece of a long value does not leave before it is seen") {
  World world;
  std::string longer;
  for (std::size_t i = 0; i < 2000; ++i) {
    longer += static_cast<char>('a' + i * i % 23);
  }
  const WantedSecret wanted{longer, "X", {}};
  world.real.add(std::span(&wanted, 1));
  const std::string text = request(longer);
  const auto done = world.script()
                        .client(text.substr(0, text.size() - 100))
                        .client(text.substr(text.size() - 100));
  CHECK_FALSE(is_complete(done.sent_upstream()));
  CHECK_FALSE(has(done.sent_upstream(), longer));
  CHECK(has(done.sent_client(), "HTTP/1.1 403 "));
}

TEST_CASE("a body that is held for its placeholder is looked through before anything is sent") {
  World world;
  const std::string swapped = "kswp_PLACEHOLDER_000000000003";
  const auto refused =
      world.script().client(request(swapped + " " + kExchange, "", "POST", "/swap"));
  CHECK(refused.sent_upstream().empty());
  CHECK(refused.transcript().starts_with(
      "record refused real_secret_sent X +real X body plain POST /swap\n"));
  const auto sent = world.script().client(request(swapped + " " + kKey, "", "POST", "/swap"));
  CHECK(body_of(sent.sent_upstream()) == kAsked + " " + kKey);
  CHECK(has(sent.transcript(), "record allowed binding_matched Q +real K body plain POST /swap\n"));
}

TEST_CASE("a longer body in which secrets are swapped is looked through as it passes") {
  World world;
  const std::string swapped = "kswp_PLACEHOLDER_000000000003";
  const std::string body = long_text() + swapped + " " + kKey;
  const auto sent = world.script().client(request(body, "", "POST", "/swap")).upstream(kOk);
  CHECK(body_of(sent.sent_upstream()) == long_text() + kAsked + " " + kKey);
  CHECK(has(sent.transcript(), "+real K body plain POST /swap\n"));
  CHECK_FALSE(has(sent.transcript(), "+real Q"));  // what is put in is no client's
  const auto refused = world.script().client(request(long_text() + kExchange, "", "POST", "/swap"));
  CHECK_FALSE(is_complete(refused.sent_upstream()));
  CHECK_FALSE(has(refused.sent_upstream(), kExchange));
}

TEST_CASE("the outcome does not depend on how a head with a real value is cut", "[I15]") {
  World world;
  const std::string request = get("/a/" + kKey, "X: " + kExchange + "\r\n");
  const std::string whole = world.script().client(request).transcript();
  for (std::size_t piece = 1; piece < request.size(); ++piece) {
    CHECK(world.script().client(request, piece).transcript() == whole);
  }
}

}  // namespace keyswap::flow
