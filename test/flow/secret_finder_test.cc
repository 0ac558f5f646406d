// SPDX-License-Identifier: Apache-2.0
//
// What is found in which form is tested where it is done something with (scrub_test.cc).
#include "proxy/flow/secret_finder.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "vault/secret.h"

namespace keyswap::flow {

TEST_CASE("all secrets of a text are found in their order, however written") {
  REQUIRE(vault::lock_memory());
  const std::array wanted = {WantedSecret{"the-real-key-00001", "A", "<A>"},
                             WantedSecret{"another-key-0000002", "B", "<B>"},
                             WantedSecret{"pin-42", "C", "<C>"}};
  const auto search = SecretSearch::make(wanted);
  REQUIRE(search != nullptr);
  const std::string text =
      "x=another-key-0000002&y=%74he-real-key-00001 pin-42 dGhlLXJlYWwta2V5LTAwMDAx";
  std::uint64_t compared = 0;
  SecretFinder finder(*search, text, {}, compared);
  std::string found;
  std::size_t at = 0;
  for (auto one = finder.next(at); one.secret != nullptr; one = finder.next(at)) {
    found += one.secret->name + " " + std::string(to_string(one.encoding)) + ", ";
    at = one.at + one.size;
  }
  CHECK(found == "B plain, A escaped, C plain, A base64, ");
}

TEST_CASE("a text without any is known to be, with escapes and without") {
  REQUIRE(vault::lock_memory());
  const WantedSecret wanted{"the-real-key-00001", "A", "<A>"};
  const auto search = SecretSearch::make(std::span(&wanted, 1));
  REQUIRE(search != nullptr);
  CHECK(is_without_secrets(*search, ""));
  CHECK(is_without_secrets(*search, "the-real-key-0000"));
  CHECK(is_without_secrets(*search, "%74he-real-key-0000 \\n &amp; 1"));
  CHECK_FALSE(is_without_secrets(*search, "the-real-key-00001"));
  CHECK_FALSE(is_without_secrets(*search, "%74he-real-key-00001"));
  CHECK_FALSE(is_without_secrets(*search, "the\\u002dreal-key-00001"));
}

}  // namespace keyswap::flow
