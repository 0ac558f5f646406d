// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reverse.h"

#include <catch2/catch.hpp>

#include "test/support/fake_venue.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const char* const kYaml = R"(
version: 1
callers: [ci, agent]
secrets:
  OPENAI:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.openai.com, methods: [GET], paths: ["/v1/models"] }
      - { host: api.openai.com, methods: [POST], paths: ["/v1/chat/**"], callers: [ci] }
  OPENAI_OF_AGENT:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.openai.com, callers: [agent] }
  ANTHROPIC:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: x-api-key, format: "{secret}" }
    bindings:
      - { host: api.anthropic.com }
  MODELS:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: api-key, format: "{secret}" }
    bindings:
      - { host: other.example.test }
      - { host: models.example.test, port: 8443, route: my-models }
custom:
  github: { base_url: https://api.github.com, credential: GITHUB_TOKEN }
  tickets: { base_url: https://tickets.example.test/api/v2, credential: TICKETS }
  deep: { base_url: https://deep.example.test/0123456789/0123456789/0123456789, credential: T }
)";

http::RequestHead head_of(const std::string& target,
                          const std::string& method = "GET",
                          const std::string& fields = "") {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:8472\r\n" +
                                 fields + "\r\n");
  INFO(target);
  REQUIRE(step.kind == http::Step::Kind::head);
  return decoder.take_request();
}

ReverseRoute find(const std::string& target,
                  const std::string& method = "GET",
                  const std::string& caller = "ci",
                  const std::string& fields = "") {
  return find_reverse(head_of(target, method, fields), *test::bindings_of(kYaml), caller);
}

// "rule.scope host:port target", or the refusal.
std::string shown(const ReverseRoute& found) {
  if (found.refusal) {
    return std::string(audit::to_string(*found.refusal));
  }
  CHECK(found.destination.protocol == Protocol::https);
  return std::to_string(found.use->rule) + "." + std::to_string(found.use->scope) + " " +
         http::to_string(found.destination.authority) + " " + found.use->target;
}

std::shared_ptr<const bindings::Bindings> binance(const std::vector<std::string>& hosts) {
  std::string entries;
  for (const auto& host : hosts) {
    entries += "      - { host: " + host + " }\n";
  }
  return test::bindings_of(
      "version: 1\nsecrets:\n  B:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
      "    inject: { type: binance, api_key: BK, api_secret: BS }\n    bindings:\n" +
      entries);
}

// "host/target", or the refusal.
std::string host_of(const std::shared_ptr<const bindings::Bindings>& bindings,
                    const std::string& target) {
  const auto found = find_reverse(head_of(target), *bindings, "ci");
  return found.refusal ? std::string(audit::to_string(*found.refusal))
                       : found.destination.authority.host + found.use->target;
}

}  // namespace

TEST_CASE("only what begins like a route is one") {
  const auto is_route = [](std::string_view target) {
    return is_reverse_target(target, bindings::all_venues());
  };
  CHECK(is_route("/proxy/openai/v1"));
  CHECK(is_route("/custom/github"));
  CHECK(is_route("/binance/api/v3/order"));
  CHECK_FALSE(is_reverse_target("/binance/api/v3/order", {}));
  for (const char* other : {"/",
                            "/proxy",
                            "/custom",
                            "/Proxy/openai",
                            "/%70roxy/openai",
                            "//proxy/x",
                            "/x/../proxy/openai",
                            "/healthz",
                            "/binance",
                            "/binance?x",
                            "/Binance/api",
                            "",
                            "http://a/proxy/x"}) {
    INFO(other);
    CHECK_FALSE(is_route(other));
  }
}

TEST_CASE("F15: /proxy/openai/ leads to the rule bound to api.openai.com") {
  CHECK(shown(find("/proxy/openai/v1/models")) == "0.0 api.openai.com:443 /v1/models");
  CHECK(shown(find("/proxy/openai/v1/models?a=b%2f")) ==
        "0.0 api.openai.com:443 /v1/models?a=b%2f");
}

TEST_CASE("F16: /proxy/anthropic/ leads to the rule bound to api.anthropic.com") {
  CHECK(shown(find("/proxy/anthropic/v1/messages", "POST")) ==
        "2.0 api.anthropic.com:443 /v1/messages");
}

TEST_CASE("of several scopes the one is taken that allows the request") {
  CHECK(shown(find("/proxy/openai/v1/chat/completions", "POST")) ==
        "0.1 api.openai.com:443 /v1/chat/completions");
}

TEST_CASE("of several rules the one is taken that serves the caller") {
  CHECK(shown(find("/proxy/openai/v1/chat/completions", "POST", "agent")) ==
        "1.0 api.openai.com:443 /v1/chat/completions");
  // None allows it for this caller: the first, so that its refusal tells why.
  CHECK(shown(find("/proxy/openai/v1/files", "DELETE", "ci")) ==
        "0.0 api.openai.com:443 /v1/files");
}

TEST_CASE("a binding with a route joins under its name") {
  CHECK(shown(find("/proxy/my-models/v1/x")) == "3.1 models.example.test:8443 /v1/x");
  CHECK(shown(find("/proxy/my-models")) == "3.1 models.example.test:8443 /");
  CHECK(shown(find("/proxy/my-models?x=1")) == "3.1 models.example.test:8443 /?x=1");
}

TEST_CASE("F32: /custom/NAME/ leads below the service's base path") {
  CHECK(shown(find("/custom/github/repos/a/b")) == "4.0 api.github.com:443 /repos/a/b");
  CHECK(shown(find("/custom/github")) == "4.0 api.github.com:443 /");
  CHECK(shown(find("/custom/tickets/list?open=1")) ==
        "5.0 tickets.example.test:443 /api/v2/list?open=1");
  CHECK(shown(find("/custom/tickets?x")) == "5.0 tickets.example.test:443 /api/v2?x");
}

TEST_CASE("there is no other route: names are matched byte for byte") {
  for (const char* target : {"/proxy/",
                             "/proxy/mistral/x",
                             "/proxy/OpenAI/v1",
                             "/proxy/open%61i/v1",
                             "/proxy//openai/v1",
                             "/proxy/../custom/github/x",
                             "/proxy/github/x",
                             "/custom/",
                             "/custom/my-models/x",
                             "/custom/openai/x",
                             "/custom/./github/x",
                             "/custom/github%2frepos",
                             "/custom/github;x/repos",
                             "/binance/",
                             "/binance/wapi/v3/x",
                             "/binance/API/v3/x",
                             "/binance/api/v3/order"}) {
    INFO(target);
    CHECK(shown(find(target)) == "malformed_request");
    CHECK_FALSE(find(target).use);
  }
}

TEST_CASE("tricks in the rest do not change the route, and travel on as they came") {
  CHECK(shown(find("/custom/github/../tickets/x")) == "4.0 api.github.com:443 /../tickets/x");
  CHECK(shown(find("/custom/tickets/../../admin")) ==
        "5.0 tickets.example.test:443 /api/v2/../../admin");
  CHECK(shown(find("/custom/github//evil.example/x")) == "4.0 api.github.com:443 //evil.example/x");
  CHECK(shown(find("/custom/github/http://evil.example/")) ==
        "4.0 api.github.com:443 /http://evil.example/");
}

TEST_CASE("a rest that cannot stand in a target is refused") {
  CHECK(shown(find("/custom/github/%0d%0ax")) == "malformed_request");
  CHECK(shown(find("/custom/github/%zz")) == "malformed_request");
}

TEST_CASE("what no request may do, it may not do by a route either") {
  CHECK(shown(find("/custom/github/x", "TRACE")) == "method_not_supported");
  CHECK(shown(find(
            "/custom/github/x", "GET", "ci", "Connection: upgrade\r\nUpgrade: websocket\r\n")) ==
        "upgrade_not_supported");
  CHECK(shown(find("/custom/github/x", "TRACK")) == "method_not_supported");
  CHECK(shown(find("/custom/github/x", "GET", "ci", "Expect: more\r\n")) == "expectation_failed");
  CHECK(shown(find("/custom/github/x", "GET", "ci", "Upgrade: h2c\r\n")) ==
        shown(find("/custom/github/x")));
  CHECK(shown(find("/custom/deep/" + std::string(8 * 1024 - 20, 'a'))) == "target_too_long");
}

TEST_CASE("/binance/ leads to the first bound host of the path's family") {
  const auto all = binance({"stream.binance.com",
                            "api.binance.com",
                            "api1.binance.com",
                            "fapi.binance.com",
                            "dapi.binance.com"});
  CHECK(host_of(all, "/binance/api/v3/order?x=1") == "api.binance.com/api/v3/order?x=1");
  CHECK(host_of(all, "/binance/sapi/v1/account") == "api.binance.com/sapi/v1/account");
  CHECK(host_of(all, "/binance/fapi/v1/order") == "fapi.binance.com/fapi/v1/order");
  CHECK(host_of(all, "/binance/dapi/v1/order") == "dapi.binance.com/dapi/v1/order");
  const auto test_network = binance({"testnet.binance.vision", "testnet.binancefuture.com"});
  CHECK(host_of(test_network, "/binance/api/v3/order") == "testnet.binance.vision/api/v3/order");
  CHECK(host_of(test_network, "/binance/dapi/v1/x") == "testnet.binancefuture.com/dapi/v1/x");
  const auto spot = binance({"api.binance.com"});
  CHECK(host_of(spot, "/binance/fapi/v1/order") == "malformed_request");
  const auto foreign = binance({"api.example.test", "api.binance.com.example.test"});
  CHECK(host_of(foreign, "/binance/api/v3/order") == "malformed_request");
}

TEST_CASE("a venue's route leads to its own hosts, by its own rules") {
  const auto bindings =
      test::bindings_of(test::bazaar_yaml("{ host: elsewhere.test }, { host: b.bazaar.test }, "
                                          "{ host: a.bazaar.test }") +
                            "  OTHER:\n    placeholder: kswp_PLACEHOLDER_000000000002\n"
                            "    inject: { header: x-key, format: \"{secret}\" }\n"
                            "    bindings: [ { host: quiet.bazaar.test } ]\n",
                        test::bazaar_alone());
  CHECK(host_of(bindings, "/bazaar/stalls/7?x=1") == "b.bazaar.test/stalls/7?x=1");
  CHECK(host_of(bindings, "/bazaar/stalls") == "b.bazaar.test/stalls");
  CHECK(host_of(bindings, "/bazaar/tills/7") == "malformed_request");
  CHECK(host_of(bindings, "/bazaar/") == "malformed_request");
  CHECK(route(head_of("/bazaar/stalls/7"), *bindings).kind == Route::Kind::reverse);
  CHECK(route(head_of("/binance/api/v3/x"), *bindings).kind == Route::Kind::refuse);
}

TEST_CASE("a route is found on the listener, and nothing else in origin form") {
  const auto bindings = test::bindings_of(kYaml);
  CHECK(route(head_of("/custom/github/x"), *bindings).kind == Route::Kind::reverse);
  CHECK(route(head_of("/healthz"), *bindings).kind == Route::Kind::health);
  CHECK(route(head_of("/proxy"), *bindings).kind == Route::Kind::refuse);
}

}  // namespace keyswap::flow
