// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_redirect.h"

#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

using Kind = Redirected::Kind;

RedirectWanted wanted(std::string issuer = "") {
  RedirectWanted made;
  made.host = "127.0.0.1:4711";
  made.path = "/callback";
  made.state = "the-state";
  made.issuer = std::move(issuer);
  return made;
}

std::string request(std::string_view target, std::string_view host = "127.0.0.1:4711") {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nUser-Agent: a browser\r\nHost: " + std::string(host) + "\r\n";
}

Redirected read(std::string_view target, const RedirectWanted& by = wanted()) {
  REQUIRE(lock_memory());
  return read_redirect(request(target), by);
}

// "ignored STATUS", or "refused OUTCOME", or "code TEXT".
std::string told(const Redirected& read) {
  switch (read.kind) {
    case Kind::ignored:
      return "ignored " + std::to_string(read.status);
    case Kind::refused:
      return "refused " + read.outcome;
    case Kind::code:
      break;
  }
  return "code " + std::string(read.code.reveal());
}

}  // namespace

TEST_CASE("the answer of a login is taken, with its escapes undone") {
  CHECK(told(read("/callback?code=a%2Fb%2Bc&state=the-state")) == "code a/b+c");
  CHECK(told(read("/callback?state=the%2Dstate&session=x&code=abc")) == "code abc");
}

TEST_CASE("O26 an answer with another state, or none, is not for us, whoever sends it") {
  for (const auto* const query : {"?code=abc&state=another",
                                  "?code=abc",
                                  "",
                                  "?state=the-state2&code=abc",
                                  "?state=&code=abc",
                                  "?code=abc&state=the-state&state=the-state",
                                  "?code=abc&code=def&state=the-state",
                                  "?error=access_denied&state=another",
                                  "?code=abc&state=the%2-state"}) {
    INFO(query);
    CHECK(told(read("/callback" + std::string(query))) == "ignored 400");
  }
}

TEST_CASE("what else comes to the address is told that it is not for it") {
  CHECK(told(read("/favicon.ico")) == "ignored 404");
  CHECK(told(read("/callback/?code=abc&state=the-state")) == "ignored 404");
  const std::string good = "/callback?code=abc&state=the-state";
  REQUIRE(lock_memory());
  CHECK(told(read_redirect("POST" + request(good).substr(3), wanted())) == "ignored 405");
  CHECK(told(read_redirect("GET " + good, wanted())) == "ignored 400");
  CHECK(told(read_redirect("", wanted())) == "ignored 400");
  CHECK(told(read_redirect("GET  HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n", wanted())) ==
        "ignored 404");
}

TEST_CASE("a page whose name leads to 127.0.0.1 gets nothing") {
  REQUIRE(lock_memory());
  const std::string good = "/callback?code=abc&state=the-state";
  CHECK(told(read_redirect(request(good, "evil.example:4711"), wanted())) == "ignored 400");
  CHECK(told(read_redirect(request(good, "localhost:4711"), wanted())) == "ignored 400");
  CHECK(told(read_redirect(request(good) + "Host: evil.example\r\n", wanted())) == "ignored 400");
  CHECK(told(read_redirect("GET " + good + " HTTP/1.1\r\n", wanted())) == "ignored 400");
}

TEST_CASE("RFC 9207 an answer of another issuer is refused, and so is one that should name it") {
  const std::string good = "/callback?code=abc&state=the-state";
  const std::string issuer = "https://auth.example.com";
  CHECK(told(read(good + "&iss=https%3A%2F%2Fauth.example.com", wanted(issuer))) == "code abc");
  CHECK(told(read(good + "&iss=https%3A%2F%2Fevil.example", wanted(issuer))) ==
        "refused issuer_mismatch");
  CHECK(told(read(good, wanted(issuer))) == "code abc");
  RedirectWanted strict = wanted(issuer);
  strict.is_issuer_said = true;
  CHECK(told(read(good, strict)) == "refused issuer_mismatch");
}

TEST_CASE("who says no is told by a known word, and by nothing that the answer brings") {
  CHECK(told(read("/callback?error=access_denied&state=the-state")) ==
        "refused authorization_error:access_denied");
  CHECK(told(read("/callback?error=sk-live-in-an-error&state=the-state")) ==
        "refused authorization_error:other");
  CHECK(told(read("/callback?state=the-state")) == "refused malformed");
  CHECK(told(read("/callback?state=the-state&code=a%20b")) == "refused malformed");
  CHECK(told(read("/callback?state=the-state&code=" + std::string(5000, 'a'))) ==
        "refused malformed");
}

}  // namespace keyswap::vault
