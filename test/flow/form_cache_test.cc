// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/form_cache.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/scrub.h"
#include "vault/arena.h"

namespace keyswap::flow {

namespace {

constexpr std::string_view kSecret = "abcabdREALkey0001";

vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

}  // namespace

TEST_CASE("all who look for a secret at once share its forms, however many secrets there are",
          "[I1][I10]") {
  constexpr std::size_t kSecrets = 2 * base::bounds::kScrubbedSecretsMax;
  FormCache cache;
  std::vector<vault::Secret> secrets;
  std::vector<Scrubber> scrubbers;
  for (std::size_t i = 0; i < kSecrets; ++i) {
    secrets.push_back(secret_of(std::string(64, 'k') + std::to_string(i)));
    scrubbers.emplace_back(&cache);
    CHECK(scrubbers.back().add(secrets.back(), "<P>"));
    CHECK(scrubbers.back().prepare());
  }
  const std::size_t free_with_all = vault::arena::free_bytes();
  for (std::size_t i = 0; i < kSecrets; ++i) {
    scrubbers.emplace_back(&cache);
    CHECK(scrubbers.back().add(secrets[i], "<P>"));
    base::Buffer out(1024);
    CHECK(scrubbers.back().feed(secrets[i].reveal(), true, out));
    CHECK(out.view() == "<P>");
  }
  CHECK(vault::arena::free_bytes() == free_with_all);
}

TEST_CASE("what is kept of forms that nobody uses is bounded, and goes when the cache is emptied",
          "[I1][I10]") {
  REQUIRE(vault::lock_memory());
  FormCache cache;
  const std::size_t free_before = vault::arena::free_bytes();
  for (const std::size_t size : {std::size_t{64}, std::size_t{1024}, std::size_t{8192}}) {
    for (int i = 0; i < 50; ++i) {
      const auto secret = secret_of(std::string(size, 'k') + std::to_string(i));
      CHECK(cache.find_or_write(secret, "<P>") != nullptr);
    }
  }
  CHECK(free_before - vault::arena::free_bytes() <= 2 * base::bounds::kFormCacheBytesMax);
  const auto in_use = cache.find_or_write(secret_of(kSecret), "<P>");
  cache.clear();
  CHECK(cache.find_or_write(secret_of(kSecret), "<P>") == in_use);
  cache.clear();
  CHECK(free_before - vault::arena::free_bytes() <= 1024);  // `in_use`
}

TEST_CASE("the search for the same secrets is made once, and kept no longer than their forms",
          "[I1][I10]") {
  FormCache cache;
  const auto first = cache.find_or_write(secret_of(kSecret), "<P>");
  const auto other = cache.find_or_write(secret_of("another-key-0001"), "<Q>");
  const auto search = cache.find_or_make({first, other});
  REQUIRE(search != nullptr);
  CHECK(cache.find_or_make({first, other}) == search);
  CHECK(cache.find_or_make({first}) != search);
  const auto large =
      cache.find_or_write(secret_of(std::string(base::bounds::kFormCacheBytesMax / 2, 'k')), "<R>");
  CHECK(cache.find_or_make({large}) != nullptr);
  cache.clear();
  CHECK(cache.find_or_make({first, other}) == search);
}

}  // namespace keyswap::flow
