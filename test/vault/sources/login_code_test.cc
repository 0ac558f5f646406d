// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_code.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "test/vault/sources/login_world.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

Secret secret_of(std::string_view text) {
  return Secret::copy_of(text).value();
}

CodeLogin login_at(std::vector<SourceSetting> more = {}) {
  CodeLogin login{.grant = LoginGrant(login_spec(std::move(more))),
                  .authorize_url = "https://auth.example.com/authorize",
                  .authorize_more = "",
                  .redirect_uri = "http://127.0.0.1:4711/callback",
                  .state = "a-state",
                  .verifier = secret_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")};
  login.code = secret_of("the/code+1");
  return login;
}

}  // namespace

TEST_CASE("RFC 7636 appendix B: a verifier of random bytes, and its challenge") {
  REQUIRE(lock_memory());
  const std::array<unsigned char, kVerifierRandomBytes> bytes = {
      116, 24,  223, 180, 151, 153, 224, 37,  79, 250, 96, 125, 216, 173, 187, 186,
      22,  212, 37,  77,  105, 214, 191, 240, 91, 88,  5,  88,  83,  132, 141, 121};
  std::array<char, kVerifierRandomBytes> random{};
  std::copy(bytes.begin(), bytes.end(), random.begin());
  const auto verifier = make_verifier(random);
  REQUIRE(verifier);
  CHECK(verifier->reveal() == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const auto challenge = challenge_of(*verifier);
  REQUIRE(challenge);
  CHECK(*challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_CASE("the page to log in at has the challenge, and never the verifier") {
  CodeLogin login = login_at();
  login.authorize_more = "access_type=offline";
  const auto page = login_page(login, secret_of("client id"));
  REQUIRE(page);
  CHECK(*page ==
        "https://auth.example.com/authorize?response_type=code&client_id=client%20id&"
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&scope=read%20write&state=a-state&"
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&"
        "access_type=offline");
  CHECK(page->find(login.verifier.reveal()) == std::string::npos);
}

TEST_CASE("a code is exchanged with the verifier, and what comes of it is kept") {
  World world;
  CodeLogin login = login_at();
  LoginScript script(world, code_run(login));
  CHECK(line_of(script.call()) == "POST https://auth.example.com/token");
  CHECK(body_of(script.call()) ==
        "grant_type=authorization_code&code=the%2Fcode%2B1&"
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&"
        "code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=client%20id");
  script.answer(200, kTokens);
  CHECK(script.told() == "done");
  CHECK(world.value("REFRESH") == "refresh-new-1");
  CHECK(world.records == std::vector<std::string>{"login pending", "login ok"});
}

TEST_CASE("a client with a secret shows it with the code") {
  World world;
  CodeLogin login = login_at({{"client_secret", "CLIENT_SECRET"}});
  const LoginScript script(world, code_run(login));
  CHECK(body_of(script.call()).ends_with("&client_id=client%20id&client_secret=s%2Bcret"));
}

TEST_CASE("a code that is refused changes nothing") {
  World world;
  CodeLogin login = login_at();
  LoginScript script(world, code_run(login));
  script.answer(400, R"({"error":"invalid_grant"})");
  CHECK(script.told() == "(token_endpoint_error:invalid_grant)");
  CHECK(world.value("REFRESH") == "refresh-0000");
  CHECK(world.records.empty());
}

TEST_CASE("a code whose exchange fails in any way changes nothing, and is not sent twice") {
  for (const Trouble& trouble : token_troubles()) {
    INFO(trouble.name);
    World world;
    CodeLogin login = login_at();
    LoginScript script(world, code_run(login));
    CHECK(script.call().is_spending);
    script.tell(as_answer(trouble));
    check_login_ended(script, trouble, world);
  }
}

}  // namespace keyswap::vault
