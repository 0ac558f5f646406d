// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_discovery.h"

#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr const char* kIssuer = "https://auth.example.com/tenant";

// Its document, with what else stands in it.
std::string document(std::string_view more, std::string_view issuer = kIssuer) {
  return R"({"issuer":")" + std::string(issuer) +
         R"(","token_endpoint":"https://auth.example.com/token")" + std::string(more) + "}";
}

Discovery of(std::string issuer = kIssuer) {
  REQUIRE(lock_memory());
  Discovery discovery;
  discovery.issuer = std::move(issuer);
  return discovery;
}

// "done", or "(outcome)".
std::string told(Discovery& discovery, int status, std::string_view body) {
  test::RunScript script(discovery_run(discovery));
  static_cast<void>(script.begin());
  const Step step = script.answer(status, body);
  return std::holds_alternative<Done>(step) ? "done" : "(" + ending(step).outcome + ")";
}

}  // namespace

TEST_CASE("an issuer is asked where OpenID says it, and where RFC 8414 does") {
  Discovery discovery = of();
  test::RunScript script(discovery_run(discovery));
  CHECK(line_of(as<Call>(script.begin())) ==
        "GET https://auth.example.com/tenant/.well-known/openid-configuration");
  CHECK(line_of(as<Call>(script.answer(404, ""))) ==
        "GET https://auth.example.com/.well-known/oauth-authorization-server/tenant");
  CHECK(ending(script.answer(404, "")).outcome == "not_found");
  Discovery bare = of("https://auth.example.com/");
  test::RunScript other(discovery_run(bare));
  CHECK(line_of(as<Call>(other.begin())) ==
        "GET https://auth.example.com/.well-known/openid-configuration");
  CHECK(line_of(as<Call>(other.answer(404, ""))) ==
        "GET https://auth.example.com/.well-known/oauth-authorization-server");
}

TEST_CASE("what an issuer says of its endpoints is taken") {
  Discovery discovery = of();
  CHECK(
      told(discovery,
           200,
           document(R"(,"authorization_endpoint":"https://auth.example.com/authorize",)"
                    R"("device_authorization_endpoint":"https://auth.example.com/device",)"
                    R"("authorization_response_iss_parameter_supported":true,)"
                    R"("code_challenge_methods_supported":["plain","S256"],)"
                    R"("token_endpoint_auth_methods_supported":["client_secret_post","none"])")) ==
      "done");
  CHECK(discovery.token_url == "https://auth.example.com/token");
  CHECK(discovery.authorize_url == "https://auth.example.com/authorize");
  CHECK(discovery.device_url == "https://auth.example.com/device");
  CHECK(discovery.is_issuer_said);
  CHECK(discovery.takes_s256);
  CHECK_FALSE(discovery.takes_basic);
  CHECK(discovery.takes_body);
}

TEST_CASE("what an issuer does not say is as the standards have it") {
  Discovery discovery = of();
  CHECK(told(discovery, 200, document("")) == "done");
  CHECK(discovery.authorize_url.empty());
  CHECK(discovery.device_url.empty());
  CHECK_FALSE(discovery.is_issuer_said);
  CHECK(discovery.takes_s256);
  CHECK(discovery.takes_basic);
  Discovery plain = of();
  CHECK(told(plain, 200, document(R"(,"code_challenge_methods_supported":["plain"])")) == "done");
  CHECK_FALSE(plain.takes_s256);
}

TEST_CASE("RFC 8414 section 3.3: who says that it is another issuer is not asked on") {
  Discovery discovery = of();
  CHECK(told(discovery, 200, document("", "https://evil.example")) == "(issuer_mismatch)");
  CHECK(told(discovery, 200, document("", "https://auth.example.com/tenant/")) ==
        "(issuer_mismatch)");
  CHECK(told(discovery, 200, R"({"token_endpoint":"https://auth.example.com/token"})") ==
        "(issuer_mismatch)");
  CHECK(discovery.token_url.empty());
}

TEST_CASE("endpoints without TLS, or that are none, are not taken") {
  for (const auto* const more : {R"(,"authorization_endpoint":"http://auth.example.com/a")",
                                 R"(,"device_authorization_endpoint":"javascript:1")",
                                 R"(,"authorization_endpoint":"https://user@auth.example.com/a")",
                                 R"(,"device_authorization_endpoint":5)"}) {
    INFO(more);
    Discovery discovery = of();
    CHECK(told(discovery, 200, document(more)) == "(malformed)");
  }
  Discovery discovery = of();
  CHECK(told(discovery, 200, R"({"issuer":"https://auth.example.com/tenant"})") == "(malformed)");
}

TEST_CASE("an issuer's trouble is told as that of any source") {
  check_troubles([] {
    static Discovery discovery;
    discovery = of();
    test::RunScript script(discovery_run(discovery));
    static_cast<void>(script.begin());
    return script;
  });
}

}  // namespace keyswap::vault
