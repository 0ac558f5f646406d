// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/name_cache.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::uv {

namespace {

using Addresses = std::vector<std::string>;

const base::Error kUnknown{base::Errc::not_found, "the name does not resolve"};

TEST_CASE("an address counts for as long as its record says") {
  NameCache cache;
  cache.put("a.test", Addresses{"8.8.8.8"}, 5, 1'000);
  REQUIRE(cache.find("a.test", 5'999) != nullptr);
  CHECK(**cache.find("a.test", 5'999) == Addresses{"8.8.8.8"});
  CHECK(cache.find("a.test", 6'000) == nullptr);
  CHECK(cache.find("b.test", 1'000) == nullptr);
}

TEST_CASE("a record that allows no keeping is not kept") {
  NameCache cache;
  cache.put("a.test", Addresses{"8.8.8.8"}, 0, 1'000);
  CHECK(cache.find("a.test", 1'000) == nullptr);
  cache.put("a.test", Addresses{"8.8.8.8"}, -1, 1'000);
  CHECK(cache.find("a.test", 1'000) == nullptr);
}

TEST_CASE("however long a record counts, it is asked for anew soon") {
  NameCache cache;
  cache.put("a.test", Addresses{"8.8.8.8"}, 2'147'483'647, 0);
  CHECK(cache.find("a.test", base::bounds::kNameKeptMs - 1) != nullptr);
  CHECK(cache.find("a.test", base::bounds::kNameKeptMs) == nullptr);
}

TEST_CASE("a failure counts for seconds, whatever else is said") {
  NameCache cache;
  cache.put("a.test", kUnknown, 86'400, 0);
  REQUIRE(cache.find("a.test", base::bounds::kNameFailureKeptMs - 1) != nullptr);
  CHECK(cache.find("a.test", 0)->error().code == base::Errc::not_found);
  CHECK(cache.find("a.test", base::bounds::kNameFailureKeptMs) == nullptr);
}

TEST_CASE("the newest answer of a name counts") {
  NameCache cache;
  cache.put("a.test", kUnknown, 0, 0);
  cache.put("a.test", Addresses{"8.8.8.8"}, 30, 10);
  CHECK(cache.find("a.test", 20)->has_value());
  CHECK(cache.size() == 1);
}

TEST_CASE("so many names are kept and no more, those that count no longer go first") {
  NameCache cache;
  cache.put("kept.test", Addresses{"8.8.8.8"}, 30, 0);
  for (std::size_t i = 1; i < base::bounds::kNamesKeptMax; ++i) {
    cache.put(std::to_string(i) + ".test", Addresses{"8.8.8.8"}, 1, 0);
  }
  CHECK(cache.size() == base::bounds::kNamesKeptMax);
  cache.put("one-more.test", Addresses{"8.8.8.8"}, 30, 2'000);
  CHECK(cache.size() == 2);
  CHECK(cache.find("kept.test", 2'000) != nullptr);
  for (std::size_t i = 0; i < 2 * base::bounds::kNamesKeptMax; ++i) {
    cache.put(std::to_string(i) + ".test", Addresses{"8.8.8.8"}, 30, 2'000);
  }
  CHECK(cache.size() == base::bounds::kNamesKeptMax);
}

}  // namespace

}  // namespace keyswap::uv
