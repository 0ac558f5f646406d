// SPDX-License-Identifier: Apache-2.0
#include "vault/caller_token.h"

#include <set>

#include "test/vault/sample.h"

namespace keyswap::vault {

TEST_CASE("A caller's token says whose it is, and is another one each time") {
  std::set<std::string> seen;
  for (const std::string name : {"ci", "agent-2", "my.agent_3", "kswc_x.y"}) {
    for (int i = 0; i < 20; ++i) {
      const std::string token = make_caller_token(name);
      CHECK(token.starts_with("kswc_" + name + "."));
      CHECK(seen.insert(token).second);
      REQUIRE(caller_of_token(token));
      CHECK(*caller_of_token(token) == name);
      // As it is in a URL's user information (RFC 3986 section 2.3: unreserved).
      CHECK(token.find_first_not_of(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") ==
            std::string::npos);
    }
  }
}

TEST_CASE("What does not have a token's form names nobody") {
  const std::string random(43, 'A');
  CHECK(caller_of_token("kswc_ci." + random));
  for (const std::string& bad : {std::string(),
                                 std::string("kswc_"),
                                 "ci." + random,
                                 "kswc_." + random,
                                 "kswc_ci" + random,
                                 "kswc_ci." + random + "A",
                                 "kswc_ci." + random.substr(1),
                                 "kswc_c i." + random,
                                 "kswc_ci." + random.substr(1) + "=",
                                 "kswc_" + std::string(65, 'a') + "." + random,
                                 "Kswc_ci." + random}) {
    INFO(bad);
    CHECK_FALSE(caller_of_token(bad));
  }
}

TEST_CASE("A caller's name has a bound and fits into the vault") {
  CHECK(is_caller_name(std::string(64, 'a')));
  CHECK_FALSE(is_caller_name(std::string(65, 'a')));
  CHECK_FALSE(is_caller_name(""));
  CHECK_FALSE(is_caller_name("a:b"));
  CHECK_FALSE(is_caller_name("a@b"));
  CHECK_FALSE(is_caller_name("-a"));
  CHECK(SecretName::parse(caller_entry(std::string(64, 'a'))));
}

TEST_CASE("A token's digest depends on the name in it") {
  const std::string random(43, 'A');
  CHECK(caller_token_digest("kswc_a." + random) != caller_token_digest("kswc_b." + random));
  // FIPS 180-2, appendix B.1.
  CHECK(base::to_hex(caller_token_digest("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace keyswap::vault
