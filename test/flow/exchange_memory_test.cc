// SPDX-License-Identifier: Apache-2.0
//
// How much locked memory a request holds, and until when (I1, I10): as little as can be while it
// waits for its upstream and its record, and nothing once it is sent, or will not be.
#include <functional>
#include <list>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "vault/arena.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kKey = std::string(4096, 'k');
const std::string kApiKey = std::string(64, 'a') + "-real";
const std::string kSecret = std::string(64, 's') + "-real";
const std::map<std::string, std::string> kValues = {{"HEADER", kKey},
                                                    {"KEY", kKey},
                                                    {"OTHER", "other-key"},
                                                    {"API_KEY", kApiKey},
                                                    {"API_SECRET", kSecret}};
const char* const kYaml = R"(
version: 1
secrets:
  HEADER:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  COMPOSED:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Composed, template: "{{KEY}}:{{OTHER}}" }
    compose: [ KEY, OTHER ]
    bindings: [ { host: api.example.test } ]
  SIGNED:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { type: binance, api_key: API_KEY, api_secret: API_SECRET }
    bindings: [ { host: api.example.test } ]
  BYBIT:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { type: bybit, api_key: API_KEY, api_secret: API_SECRET }
    bindings: [ { host: api.example.test } ]
  MEXC:
    placeholder: kswp_PLACEHOLDER_000000000005
    inject: { type: mexc, api_key: API_KEY, api_secret: API_SECRET }
    bindings: [ { host: api.example.test } ]
  HTX:
    placeholder: kswp_PLACEHOLDER_000000000006
    inject: { type: htx, api_key: API_KEY, api_secret: API_SECRET }
    bindings: [ { host: api.example.test } ]
  DERIBIT:
    placeholder: kswp_PLACEHOLDER_000000000007
    inject: { type: deribit, api_key: API_KEY, api_secret: API_SECRET }
    bindings: [ { host: api.example.test } ]
)";

struct Kind {
  std::string name;
  std::string line;    // method and target
  std::string fields;  // with the placeholder
  std::string body;
  bool is_reverse = false;
};

std::vector<Kind> kinds() {
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  return {
      {"header", "GET /x", "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n", ""},
      {"template", "GET /x", "X-Composed: kswp_PLACEHOLDER_000000000002\r\n", ""},
      {"reverse", "GET /custom/x", "Authorization: none\r\n", "", true},
      {"binance query",
       "GET /api/v3/account?timestamp=1&pad=" + std::string(7000, 'p'),
       "X-MBX-APIKEY: kswp_PLACEHOLDER_000000000003\r\n",
       ""},
      {"binance body",
       "POST /api/v3/order/test",
       "X-MBX-APIKEY: kswp_PLACEHOLDER_000000000003\r\n" + form,
       "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=1&timeInForce=GTC&timestamp=1"},
      {"bybit", "GET /v5/x?a=1", "X-BAPI-API-KEY: kswp_PLACEHOLDER_000000000004\r\n", ""},
      {"mexc",
       "GET /api/v3/account?pad=" + std::string(7000, 'p'),
       "X-MEXC-APIKEY: kswp_PLACEHOLDER_000000000005\r\n",
       ""},
      {"htx", "GET /v1/x?AccessKeyId=kswp_PLACEHOLDER_000000000006", "", ""},
      {"deribit",
       "GET /api/v2/private/x",
       "Authorization: deri-hmac-sha256 id=kswp_PLACEHOLDER_000000000007,nonce=1\r\n",
       ""},
  };
}

std::string request_of(const Kind& kind) {
  const std::string length =
      kind.body.empty() ? "" : "Content-Length: " + std::to_string(kind.body.size()) + "\r\n";
  return kind.line + " HTTP/1.1\r\nHost: api.example.test\r\n" + kind.fields + length + "\r\n" +
         kind.body;
}

std::shared_ptr<vault::LockedBuffer> make_scratch() {
  REQUIRE(vault::lock_memory());
  return std::make_shared<vault::LockedBuffer>(
      vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax).value());
}

// One loop: many exchanges of it wait, and the vault opens each entry once for all of them.
class Loop {
 public:
  Loop() {
    for (const auto& [name, value] : kValues) {
      opened_[name] = std::make_shared<const vault::Secret>(vault::Secret::copy_of(value).value());
    }
  }

  Script script(const Kind& kind,
                const std::string& caller = "",
                vault::Holdings* holdings = nullptr) {
    Script made(bindings_,
                {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
                {&known_, holdings, caller, scratch_});
    made.opened = opened_;
    if (kind.is_reverse) {
      made.reverse = ReverseUse{0, 0, "/x"};
    }
    return made;
  }

  // What is looked for in responses is written now.
  void warm(const Kind& kind) { script(kind).client(request_of(kind)); }

 private:
  std::shared_ptr<const bindings::Bindings> bindings_ = test::bindings_of(kYaml);
  std::map<std::string, std::shared_ptr<const vault::Secret>> opened_;
  KnownSecrets known_;
  std::shared_ptr<vault::LockedBuffer> scratch_ = make_scratch();
};

std::size_t held_since(std::size_t free_before) {
  return free_before - vault::arena::free_bytes();
}

}  // namespace

TEST_CASE("a request that was sent holds nothing of a secret while its answer is waited for",
          "[I1][I10]") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Loop loop;
    loop.warm(kind);
    Script script = loop.script(kind);
    const std::size_t free_before = vault::arena::free_bytes();
    script.client(request_of(kind));
    CHECK(!script.sent_upstream().empty());
    CHECK(!script.is_finished());
    CHECK(held_since(free_before) == 0);
    CHECK(*script.collected_bytes == 0);
  }
}

TEST_CASE("a request that waits for its record holds a share of the opened secret, and no copy",
          "[I1][I10]") {
  constexpr std::size_t kComputedMax = 512;  // times and signatures in fields of their own
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Loop loop;
    loop.warm(kind);
    Script script = loop.script(kind);
    script.answers_records = false;
    const std::size_t free_before = vault::arena::free_bytes();
    script.client(request_of(kind));
    CHECK(script.sent_upstream().empty());
    CHECK(held_since(free_before) <= kComputedMax);
    script.record_done(true);
    CHECK(!script.sent_upstream().empty());
    CHECK(held_since(free_before) == 0);
  }
}

TEST_CASE("on every road that does not end in sending a request lets go of its secrets at once",
          "[I1]") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Loop loop;
    loop.warm(kind);
    const auto held_after = [&](const std::function<void(Script&)>& happens) {
      Script script = loop.script(kind);
      script.opened.clear();  // copies of its own, so that what it keeps of them shows, too
      script.vault = kValues;
      script.answers_records = false;
      const std::size_t free_before = vault::arena::free_bytes();
      happens(script);
      CHECK(script.sent_upstream().empty());
      return held_since(free_before);
    };
    const std::string bytes = request_of(kind);
    CHECK(held_after([&](Script& script) {
            script.dial_failure = audit::Reason::upstream_connect_failed;
            script.client(bytes);
          }) == 0);
    CHECK(held_after([&](Script& script) { script.client(bytes).client_leaves(); }) == 0);
    CHECK(held_after([&](Script& script) { script.client(bytes).times_out(); }) == 0);
    CHECK(held_after([&](Script& script) { script.client(bytes).record_done(false); }) == 0);
  }
}

TEST_CASE("what a secret cannot be used for is refused before it is recorded as allowed", "[I13]") {
  for (const std::string& bad :
       {std::string("has\rcontrols"), std::string(base::bounds::kRequestFieldBytesMax, 'x')}) {
    Loop loop;
    const Kind kind = kinds().front();
    Script script = loop.script(kind);
    script.opened.clear();
    script.vault["HEADER"] = bad;
    const std::size_t free_before = vault::arena::free_bytes();
    script.client(request_of(kind));
    CHECK(script.sent_upstream().empty());
    CHECK(script.transcript().find("record refused secret_unavailable HEADER GET /x\n") !=
          std::string::npos);
    CHECK(held_since(free_before) == 0);
  }
}

TEST_CASE("many wait with one secret on the share of one", "[I10]") {
  constexpr std::size_t kRoom = 16 * 1024;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Loop loop;
    loop.warm(kind);
    vault::Holdings holdings(kRoom);
    std::list<Script> scripts;
    for (int i = 0; i < 20; ++i) {
      scripts.push_back(loop.script(kind, i % 2 == 0 ? "ann" : "bob", &holdings));
      scripts.back().answers_records = false;
      scripts.back().client(request_of(kind));
    }
    CHECK(holdings.bytes() > 0);
    for (Script& script : scripts) {
      script.record_done(true);
      CHECK(!script.sent_upstream().empty());
    }
    scripts.clear();
    CHECK(holdings.bytes() == 0);
  }
}

TEST_CASE("who holds too much while he waits is refused as too_busy, and the others are not",
          "[I10][I13]") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Loop loop;
    loop.warm(kind);
    std::list<Script> scripts;
    const auto ask = [&](const std::string& caller, vault::Holdings& holdings) {
      scripts.push_back(loop.script(kind, caller, &holdings));
      Script& script = scripts.back();
      script.opened.clear();  // each has a secret of its own
      script.vault = kValues;
      script.answers_records = false;
      script.client(request_of(kind));
      return script.transcript().find("record refused") == std::string::npos;
    };
    vault::Holdings measured(1024 * 1024);
    CHECK(ask("ann", measured));
    const std::size_t first = measured.bytes();
    CHECK(ask("ann", measured));
    const std::size_t each = measured.bytes() - first;
    scripts.clear();
    CHECK(measured.bytes() == 0);

    vault::Holdings holdings(2 * first + 8 * each);
    while (ask("greedy", holdings)) {
      REQUIRE(scripts.size() < 25);
    }
    const std::string told = scripts.back().record_done(true).sent_client();
    CHECK(told.starts_with("HTTP/1.1 503 "));
    CHECK(told.find(R"("reason":"too_busy")") != std::string::npos);
    CHECK(told.find(R"("retryable":true)") != std::string::npos);
    CHECK(told.find("vault") == std::string::npos);
    CHECK(ask("modest", holdings));
    CHECK(scripts.back().record_done(true).sent_client().empty());
    CHECK(!scripts.back().sent_upstream().empty());
    scripts.clear();
    CHECK(holdings.bytes() == 0);
  }
}

TEST_CASE("missing, unusable and no room are told as three different things", "[I13]") {
  const auto told = [](SecretFault fault) {
    Loop loop;
    Script script = loop.script(kinds().front());
    script.opened.clear();
    script.vault.clear();
    script.fault = fault;
    return script.client(request_of(kinds().front())).sent_client();
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  const std::string missing = told(SecretFault::missing);
  CHECK(has(missing, R"("reason":"secret_unavailable")"));
  CHECK(has(missing, "is not in the vault"));
  CHECK(has(missing, R"("secret":"HEADER")"));
  const std::string unusable = told(SecretFault::unusable);
  CHECK(has(unusable, R"("reason":"secret_unavailable")"));
  CHECK(has(unusable, "is in the vault, but does not open"));
  CHECK(has(unusable, R"("secret":"HEADER")"));
  const std::string locked = told(SecretFault::locked);
  CHECK(has(locked, R"("reason":"vault_locked")"));
  const std::string no_room = told(SecretFault::no_room);
  CHECK(has(no_room, R"("reason":"too_busy")"));
  CHECK(has(no_room, R"("retryable":true)"));
  CHECK_FALSE(has(no_room, "vault"));
  CHECK_FALSE(has(no_room, "HEADER"));
}

}  // namespace keyswap::flow
