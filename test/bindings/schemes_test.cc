// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes.h"

#include <set>

#include <catch2/catch.hpp>

#include "bindings/binding.h"
#include "bindings/blocked.h"
#include "test/bindings/scheme_docs.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

// The `blocked:` that the section of a scheme in docs/bindings.md gives, as it is read.
// The scope as that section's example of `blocked:` makes it.
Scope scope_of_section(const std::string& scheme) {
  const auto text = test::text_of_bindings_md();
  const std::string_view begin = "```yaml\n        blocked:";
  const auto section = text.find("### Scheme `" + scheme + "`");
  REQUIRE(section != std::string::npos);
  const auto at = text.find(begin, section);
  REQUIRE(at < text.find("\n### ", section + 1));
  const auto start = at + 8;
  auto bindings = test::accepted(
      test::one_secret("    placeholder: " + test::kPlaceholder +
                       "\n    inject: { header: X, format: \"{secret}\" }\n    bindings:\n"
                       "      - host: api.example.com\n" +
                       text.substr(start, text.find("```", start) - start)));
  return std::move(bindings.rules[0].scopes[0]);
}

}  // namespace

TEST_CASE("every scheme has its own name, a summary and help for its keys") {
  std::set<std::string_view> names;
  for (const auto* const scheme : schemes()) {
    CHECK(names.insert(scheme->name).second);
    CHECK(find_scheme(scheme->name) == scheme);
    test::check_described(*scheme);
  }
  CHECK(schemes().front()->name == "header");
  CHECK(find_scheme("nope") == nullptr);
}

TEST_CASE("docs/bindings.md has a section for every scheme that names all its keys") {
  for (const auto* const scheme : schemes()) {
    test::check_section(*scheme);
  }
}

TEST_CASE(
    "what docs/bindings.md blocks for an exchange is its withdrawals and transfers, no more") {
  struct Example {
    std::string scheme;
    std::vector<std::string> moves_money;  // by POST, as the vendors' documents have them
    std::vector<std::string> stays;
  };

  const std::vector<Example> examples = {
      {"okx",
       {"/api/v5/asset/withdrawal",
        "/api/v5/asset/withdrawal-lightning",
        "/api/v5/asset/transfer",
        "/api/v5/asset/subaccount/transfer",
        "/api/v5/fiat/create-withdrawal"},
       {"/api/v5/trade/order", "/api/v5/asset/cancel-withdrawal"}},
      {"bybit",
       {"/v5/asset/withdraw/create",
        "/v5/asset/transfer/inter-transfer",
        "/v5/asset/transfer/universal-transfer"},
       {"/v5/order/create", "/v5/asset/withdraw/cancel"}},
      {"kucoin",
       {"/api/v1/withdrawals",
        "/api/v3/withdrawals",
        "/api/v2/accounts/sub-transfer",
        "/api/v2/accounts/inner-transfer",
        "/api/v3/accounts/universal-transfer",
        "/api/v3/transfer-out",
        "/api/v1/transfer-in"},
       {"/api/v1/hf/orders", "/api/v1/orders"}},
  };
  for (const auto& example : examples) {
    const auto scope = scope_of_section(example.scheme);
    for (const auto& path : example.moves_money) {
      INFO(path);
      CHECK(find_blocked(scope, {"POST", path}) != nullptr);
      CHECK(find_blocked(scope, {"GET", path}) == nullptr);
    }
    for (const auto& path : example.stays) {
      INFO(path);
      CHECK(find_blocked(scope, {"POST", path}) == nullptr);
    }
  }
}

TEST_CASE("a credential's header is a token that frames and routes nothing", "[I3]") {
  CHECK(credential_header("Authorization").name == "authorization");
  CHECK(credential_header("X-API-Key").name == "x-api-key");
  const auto* const name = GENERATE("Host",
                                    "content-length",
                                    "Transfer-Encoding",
                                    "Connection",
                                    "Keep-Alive",
                                    "Proxy-Authorization",
                                    "Proxy-Connection",
                                    "TE",
                                    "Trailer",
                                    "Upgrade",
                                    "Expect",
                                    "",
                                    ":authority",
                                    "a b",
                                    "a:b",
                                    "a\r\nb",
                                    "\xC3\xBC");
  INFO(name);
  CHECK(credential_header(name).name.empty());
  CHECK_FALSE(credential_header(name).problem.empty());
}

}  // namespace keyswap::bindings
