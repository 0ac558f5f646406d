// SPDX-License-Identifier: Apache-2.0
#include "bindings/policy_text.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("a policy's text is read back as it was, whatever stands in it", "[I17]") {
  const PolicyText policy{"version: 1\nroots 3\nabc\n",
                          {"", "-----BEGIN", std::string("\0\n\n", 3)}};
  const std::string text = encode_policy(policy);
  const auto read = decode_policy(text);
  REQUIRE(read);
  CHECK(read->bindings == policy.bindings);
  CHECK(read->roots == policy.roots);
}

TEST_CASE("two policies never have one text", "[I17]") {
  CHECK(encode_policy({"a", {"b"}}) != encode_policy({"a", {"", "b"}}));
  CHECK(encode_policy({"a", {"b"}}) != encode_policy({"a\nroots 1\nb", {}}));
  CHECK(encode_policy({"a", {"b", "c"}}) != encode_policy({"a", {"c", "b"}}));
  CHECK(encode_policy({"a", {}}) != encode_policy({"a", {""}}));
}

TEST_CASE("what is no policy's text is not read as one", "[I17]") {
  const std::string text = encode_policy({"version: 1\n", {"roots"}});
  REQUIRE(decode_policy(text));
  const std::string without_roots = encode_policy({"version: 1\n", {}});
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CHECK(decode_policy(text.substr(0, cut)).has_value() == (cut == without_roots.size()));
  }
  CHECK_FALSE(decode_policy(text + "x"));
  CHECK_FALSE(decode_policy("keyswap policy 1\nbindings 01\nx\n"));
  CHECK_FALSE(decode_policy("keyswap policy 1\nbindings +1\nx\n"));
  CHECK_FALSE(decode_policy("keyswap policy 1\nbindings 99999999999999999999999\nx\n"));
}

}  // namespace keyswap::bindings
