// SPDX-License-Identifier: Apache-2.0
#include "bindings/placeholder.h"

#include <algorithm>
#include <chrono>
#include <random>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

using Numbers = std::vector<std::uint32_t>;

PlaceholderIndex index_of(const std::vector<std::string>& placeholders) {
  PlaceholderIndex index;
  index.build({placeholders.begin(), placeholders.end()});
  return index;
}

Numbers found_in(const PlaceholderIndex& index, std::string_view text) {
  Numbers found;
  index.find(text, found);
  return found;
}

const std::string kFirst = "sk-PLACEHOLDER-0123456789abcdef";
const std::string kSecond = "ghp_PLACEHOLDER_WORK_01HXY1234567890";
const std::string kThird = "ghp_PLACEHOLDER_WORK_01HXY1234567899";

}  // namespace

TEST_CASE("I04 a placeholder of 23 characters is refused and one of 24 is not") {
  CHECK_FALSE(check_placeholder("PLACEHOLDER-12345678901", false).has_value());
  CHECK(check_placeholder("PLACEHOLDER-123456789012", false).has_value());
}

TEST_CASE("I05 a placeholder without the marker word must be declared a stand-in") {
  CHECK_FALSE(check_placeholder("sk-proj-0123456789abcdefghij", false).has_value());
  CHECK_FALSE(check_placeholder("sk-placeholder-0123456789abcdef", false).has_value());
  CHECK(check_placeholder("sk-proj-0123456789abcdefghij", true).has_value());
}

TEST_CASE("a placeholder is visible ASCII of at most 512 bytes") {
  CHECK_FALSE(check_placeholder("PLACEHOLDER 123456789012", true).has_value());
  CHECK_FALSE(check_placeholder("PLACEHOLDER\t123456789012", true).has_value());
  CHECK_FALSE(check_placeholder("PLACEHOLDER-\xC3\xBC 3456789012", true).has_value());
  CHECK_FALSE(check_placeholder("PLACEHOLDER-" + std::string(501, 'a'), true).has_value());
  CHECK(check_placeholder("PLACEHOLDER-" + std::string(500, 'a'), true).has_value());
}

TEST_CASE("placeholders are found wherever they stand") {
  const auto index = index_of({kFirst, kSecond, kThird});
  CHECK(found_in(index, kFirst) == Numbers{0});
  CHECK(found_in(index, "Bearer " + kSecond) == Numbers{1});
  CHECK(found_in(index, "xx" + kThird + "yy") == Numbers{2});
  CHECK(found_in(index, kThird + kFirst + kSecond) == Numbers{0, 1, 2});
  CHECK(found_in(index, kFirst + " " + kFirst) == Numbers{0});
}

TEST_CASE("D08 D13 what is not byte for byte a placeholder is none") {
  const auto index = index_of({kFirst, kSecond});
  CHECK(found_in(index, "").empty());
  CHECK(found_in(index, kFirst.substr(1)).empty());
  CHECK(found_in(index, kFirst.substr(0, kFirst.size() - 1)).empty());
  CHECK(found_in(index, "sk-placeholder-0123456789abcdef").empty());
  CHECK(found_in(index, "sk%2DPLACEHOLDER-0123456789abcdef").empty());
  CHECK(found_in(index, "zz-PLACEHOLDER-9999999999999999").empty());
  CHECK(found_in(index, "ghp_PLACEHOLDER_WORK_01HXY1234567891").empty());
}

TEST_CASE("an index without placeholders finds none") {
  CHECK(found_in(index_of({}), std::string(1000, 'a')).empty());
  const PlaceholderIndex never_built;
  CHECK(found_in(never_built, std::string(1000, 'a')).empty());
}

TEST_CASE("what was found before stays, and is not sorted in") {
  const auto index = index_of({kFirst, kSecond});
  Numbers found = {7, 3};
  index.find(kSecond + kFirst, found);
  CHECK(found == Numbers{7, 3, 0, 1});
}

TEST_CASE("A26 a placeholder at the end of a long value is found") {
  const auto index = index_of({kFirst});
  CHECK(found_in(index, std::string(64 * 1024, 'x') + kFirst) == Numbers{0});
}

TEST_CASE("one placeholder after the other is found, with its place") {
  const auto index = index_of({kFirst, kSecond});
  const std::string text = "x" + kSecond + "yy" + kFirst + kFirst;
  std::vector<std::size_t> places;
  for (auto hit = index.find_next(text, 0); hit; hit = index.find_next(text, hit->at + hit->size)) {
    CHECK(text.substr(hit->at, hit->size) == (hit->number == 0 ? kFirst : kSecond));
    places.push_back(hit->at);
  }
  CHECK(places ==
        std::vector<std::size_t>{1, 3 + kSecond.size(), 3 + kSecond.size() + kFirst.size()});
  CHECK_FALSE(index.find_next(text, text.size()).has_value());
}

TEST_CASE("what placeholders begin and end with is no placeholder") {
  const auto index = index_of({"key_PLACEHOLDER_00000000000000"});
  CHECK(found_in(index, std::string(1000, '0')).empty());
  CHECK(found_in(index, "k" + std::string(1000, '0')).empty());
  CHECK(found_in(index, std::string(1000, 'k') + "key_PLACEHOLDER_00000000000000000") ==
        Numbers{0});
}

TEST_CASE("placeholders that share their beginnings and ends are told apart") {
  std::vector<std::string> placeholders;
  for (int i = 0; i < 1000; ++i) {
    placeholders.push_back("sk-proj-PLACEHOLDER-shared-beginning-" + std::to_string(1000 + i) +
                           "-shared-end-of-them-all");
  }
  const auto index = index_of(placeholders);
  for (std::uint32_t i = 0; i < placeholders.size(); ++i) {
    REQUIRE(found_in(index, "Bearer " + placeholders[i]) == Numbers{i});
  }
  CHECK(
      found_in(index, "sk-proj-PLACEHOLDER-shared-beginning-0999-shared-end-of-them-all").empty());
}

TEST_CASE("the search finds what a plain search finds, on random texts") {
  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto pick = [&](std::size_t length) {
    std::string text;
    while (text.size() < length) {
      text += "ab"[random() % 2];  // two letters only, so that near misses are common
    }
    return text;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> placeholders;
    for (std::size_t i = 0; i < 50; ++i) {
      const auto candidate = pick(24 + random() % 8);
      const bool is_apart =
          std::none_of(placeholders.begin(), placeholders.end(), [&](const auto& other) {
            return other.find(candidate) != std::string::npos ||
                   candidate.find(other) != std::string::npos;
          });
      if (is_apart) {
        placeholders.push_back(candidate);
      }
    }
    const auto index = index_of(placeholders);
    auto text = pick(random() % 400);
    text.insert(random() % (text.size() + 1), placeholders[random() % placeholders.size()]);
    Numbers expected;
    for (std::uint32_t i = 0; i < placeholders.size(); ++i) {
      if (text.find(placeholders[i]) != std::string::npos) {
        expected.push_back(i);
      }
    }
    REQUIRE(found_in(index, text) == expected);
  }
}

TEST_CASE("search speed", "[.][benchmark]") {
  const auto count = GENERATE(1, 10, 1000, 10'000);
  std::vector<std::string> placeholders;
  std::mt19937 random(4);  // NOLINT(cert-msc51-cpp): the same cases every time
  for (int i = 0; i < count; ++i) {
    placeholders.push_back("sk-PLACEHOLDER-" + std::to_string(random()) +
                           std::to_string(100'000 + i));
  }
  const auto index = index_of(placeholders);
  const std::vector<std::string> values = {
      "api.example.com",
      "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101",
      "application/json, text/plain, */*",
      "Bearer " + placeholders[0],
      "gzip, deflate, br",
      std::string(200, 'c') + "; session=0123456789abcdef0123456789",
      "/v1/chat/completions?stream=true&model=some-model-2024-01-01"};
  std::size_t bytes = 0;
  for (const auto& value : values) {
    bytes += value.size();
  }
  Numbers found;
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kRounds = 200'000;
  for (int i = 0; i < kRounds; ++i) {
    found.clear();
    for (const auto& value : values) {
      index.find(value, found);
    }
  }
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  WARN(count << " placeholders: " << spent.count() / kRounds / static_cast<double>(bytes) * 1024
             << " ns for 1 KiB of header values");
  CHECK(found == Numbers{0});
}

}  // namespace keyswap::bindings
