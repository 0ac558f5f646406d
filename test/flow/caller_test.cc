// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/caller.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "proxy/flow/reply.h"
#include "test/support/script.h"
#include "vault/caller_token.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const std::string kToken = "kswc_ci." + std::string(43, 'A');

const LocalUser kOwn{.number = 1000, .is_own = true};
const LocalUser kOther{.number = 1001, .is_own = false};
const LocalUser kRoot{.number = 0, .is_own = false};
const LocalUser kUnknown{.number = std::nullopt, .is_own = false};

http::RequestHead head_of(const std::string& fields) {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(
      "CONNECT a.example.test:443 HTTP/1.1\r\nHost: a.example.test:443\r\n" + fields + "\r\n");
  INFO(fields);
  REQUIRE(step.kind == http::Step::Kind::head);
  return decoder.take_request();
}

std::string basic(const std::string& pair) {
  return "Proxy-Authorization: Basic " + base::to_base64(pair) + "\r\n";
}

std::string name_in(const std::optional<CallerClaim>& claim) {
  return claim ? claim->name : "(none)";
}

std::string proxy_name(const std::string& fields) {
  return name_in(proxy_claim(head_of(fields)));
}

std::string route_name(const std::string& fields) {
  return name_in(route_claim(head_of(fields)));
}

std::shared_ptr<const bindings::Bindings> with_callers(const std::string& top) {
  return test::bindings_of(top +
                           "secrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
                           "    inject: { header: Authorization, format: \"{secret}\" }\n"
                           "    bindings: [ { host: h.example.test } ]\n");
}

}  // namespace

TEST_CASE("a caller says with name and token who it is (RFC 7617)") {
  const auto claim = proxy_claim(head_of(basic("ci:" + kToken)));
  REQUIRE(claim);
  CHECK(claim->name == "ci");
  CHECK(claim->token_digest == vault::caller_token_digest(kToken));
  CHECK(proxy_name("proxy-AUTHORIZATION: bAsIc   " + base::to_base64("ci:" + kToken) + "\r\n") ==
        "ci");
}

TEST_CASE("a claim that is not one is none") {
  CHECK(proxy_name("") == "(none)");
  CHECK(proxy_name("Proxy-Authorization: Basic\r\n") == "(none)");
  CHECK(proxy_name("Proxy-Authorization: Basic ???\r\n") == "(none)");
  CHECK(proxy_name("Proxy-Authorization: Bearer " + kToken + "\r\n") == "(none)");
  CHECK(proxy_name("Proxy-Authorization: Basic" + base::to_base64("ci:" + kToken) + "\r\n") ==
        "(none)");
  CHECK(proxy_name(basic("ci")) == "(none)");
  CHECK(proxy_name(basic("ci:hunter2")) == "(none)");
  CHECK(proxy_name(basic(":" + kToken)) == "(none)");
  CHECK(proxy_name("Authorization: Basic " + base::to_base64("ci:" + kToken) + "\r\n") == "(none)");
}

TEST_CASE("another caller's token under one's own name is no claim") {
  CHECK(proxy_name(basic("agent:" + kToken)) == "(none)");
}

TEST_CASE("two claims are none: nobody says which counts") {
  CHECK(proxy_name(basic("ci:" + kToken) + basic("ci:" + kToken)) == "(none)");
  CHECK(route_name("Keyswap-Caller: " + kToken + "\r\nkeyswap-caller: " + kToken + "\r\n") ==
        "(none)");
}

TEST_CASE("on a route the token alone says who comes") {
  CHECK(route_name("Keyswap-Caller: " + kToken + "\r\n") == "ci");
  CHECK(route_name("KEYSWAP-CALLER:  " + kToken + " \r\n") == "ci");
  CHECK(route_name("Keyswap-Caller: ci:" + kToken + "\r\n") == "(none)");
  CHECK(route_name("Keyswap-Caller: \r\n") == "(none)");
  CHECK(route_name(basic("ci:" + kToken)) == "(none)");
}

TEST_CASE("without a list our own user may forward, and who shows a token") {
  const auto open = with_callers("");
  CHECK_FALSE(check_proxy_caller("", kOwn, *open));
  for (const LocalUser& user : {kOwn, kOther, kRoot, kUnknown}) {
    CHECK_FALSE(check_proxy_caller("ci", user, *open));
  }
  for (const LocalUser& user : {kOther, kRoot, kUnknown}) {
    CHECK(check_proxy_caller("", user, *open) == Reason::user_not_allowed);
  }
}

TEST_CASE("users that are named may forward without a token, and no others") {
  const auto named = with_callers("allow_users: [1001]\n");
  CHECK_FALSE(check_proxy_caller("", kOwn, *named));
  CHECK_FALSE(check_proxy_caller("", kOther, *named));
  CHECK(check_proxy_caller("", kRoot, *named) == Reason::user_not_allowed);
  CHECK(check_proxy_caller("", kUnknown, *named) == Reason::user_not_allowed);
  CHECK_FALSE(check_proxy_caller("", kUnknown, *with_callers("allow_users: [\"*\"]\n")));
}

TEST_CASE("with a list those on it may forward, whatever user they are") {
  const auto listed = with_callers("callers: [ci]\nallow_users: [1001]\n");
  for (const LocalUser& user : {kOwn, kOther, kUnknown}) {
    CHECK(check_proxy_caller("", user, *listed) == Reason::caller_required);
    CHECK(check_proxy_caller("agent", user, *listed) == Reason::caller_not_allowed);
    CHECK_FALSE(check_proxy_caller("ci", user, *listed));
  }
}

TEST_CASE("a route always asks who comes") {
  const auto open = with_callers("");
  CHECK(check_route_caller("", *open) == Reason::caller_required);
  CHECK_FALSE(check_route_caller("anybody", *open));
  const auto listed = with_callers("callers: [ci]\n");
  CHECK(check_route_caller("", *listed) == Reason::caller_required);
  CHECK(check_route_caller("agent", *listed) == Reason::caller_not_allowed);
  CHECK_FALSE(check_route_caller("ci", *listed));
}

TEST_CASE("loopback is this machine and nothing else") {
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.8.9.10"));
  CHECK(is_loopback("::1"));
  CHECK(is_loopback("::ffff:127.0.0.1"));
  for (const char* other : {"10.0.0.1",
                            "1.127.0.1",
                            "::",
                            "::2",
                            "fe80::1",
                            "::ffff:10.0.0.1",
                            "127.example.com",
                            "127.0.0.1.example.com",
                            "::ffff:127.a",
                            ""}) {
    CHECK_FALSE(is_loopback(other));
  }
}

TEST_CASE("neither token nor proxy credentials are ever sent on [I1]") {
  const auto head = head_of(basic("ci:" + kToken) + "Keyswap-Caller: " + kToken + "\r\n");
  CHECK(http::HopByHop(head.fields).has("Proxy-Authorization"));
  CHECK(http::HopByHop(head.fields).has("keyswap-CALLER"));
}

TEST_CASE("whoever is asked for a token is told how (RFC 9110 section 15.5.8)") {
  const auto challenge = [](const Reply& reply) {
    std::string found;
    for (const http::OutgoingField& field : reply.head.fields) {
      if (field.name == "Proxy-Authenticate") {
        found += field.value;
      }
    }
    return found;
  };
  const Reply asked =
      make_refusal({.reason = Reason::caller_required, .request_id = "r", .secret = {}});
  CHECK(asked.head.status == 407);
  CHECK(challenge(asked) == "Basic realm=\"keyswap\"");
  const Reply of_another_user =
      make_refusal({.reason = Reason::user_not_allowed, .request_id = "r", .secret = {}});
  CHECK(of_another_user.head.status == 407);
  CHECK(challenge(of_another_user) == "Basic realm=\"keyswap\"");
  const Reply other =
      make_refusal({.reason = Reason::caller_not_allowed, .request_id = "r", .secret = {}});
  CHECK(other.head.status == 403);
  CHECK(challenge(other).empty());
}

}  // namespace keyswap::flow
