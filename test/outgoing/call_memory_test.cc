// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_memory.h"

#include <cstring>
#include <curl/curl.h>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/sanitizers.h"
#include "test/outgoing/loopback.h"
#include "vault/arena.h"

namespace keyswap {
namespace {

TEST_CASE("what libcurl copies lies in locked memory, and goes with it [I1]", "[I1]") {
  test::astray();
  REQUIRE(outgoing::start_call_memory());  // again is nothing
  const std::size_t before = vault::arena::free_bytes();
  const std::string line = "Authorization: " + std::string(40'000, 's');
  curl_slist* lines = ::curl_slist_append(nullptr, line.c_str());
  REQUIRE(lines != nullptr);
  CHECK(before - vault::arena::free_bytes() >= line.size());
  CHECK(std::string(lines->data) == line);
  const char* const place = lines->data;
  ::curl_slist_free_all(lines);
  CHECK(vault::arena::free_bytes() == before);
#ifndef KS_ADDRESS_SANITIZER
  // The page is the arena's still, and holds nothing any more.
  CHECK(std::string_view(place, 100) == std::string_view(std::string(100, '\0')));
#else
  static_cast<void>(place);
#endif
}

TEST_CASE("what grows keeps what it held") {
  test::astray();
  const std::size_t before = vault::arena::free_bytes();
  std::string all;
  char* escaped = nullptr;
  for (const std::size_t size : {1U, 100U, 5'000U}) {
    all.assign(size, ' ');
    escaped = ::curl_easy_escape(nullptr, all.data(), static_cast<int>(all.size()));
    REQUIRE(escaped != nullptr);
    CHECK(std::strlen(escaped) == 3 * size);
    CHECK(std::string_view(escaped).ends_with("%20"));
    ::curl_free(escaped);
  }
  CHECK(vault::arena::free_bytes() == before);
}

}  // namespace
}  // namespace keyswap
