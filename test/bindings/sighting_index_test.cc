// SPDX-License-Identifier: Apache-2.0
#include "bindings/sighting_index.h"

#include <chrono>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Numbers = std::vector<std::uint32_t>;

struct Known {
  PlaceholderIndex placeholders;
  SightingIndex sightings;

  explicit Known(const std::vector<std::string>& texts) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    placeholders.build(views);
    sightings.build(views);
  }

  [[nodiscard]] Numbers find(std::string_view text) const {
    Numbers found;
    sightings.find(placeholders, text, found);
    return found;
  }
};

const std::string kFirst = "sk-PLACEHOLDER-0123456789abcdef";
const std::string kShort = "PLACEHOLDER-1234567?>~12";  // as short as may be
const std::string kLong = "ghp_PLACEHOLDER_" + std::string(496, 'x');

std::string text_of(std::mt19937& random, std::size_t size) {
  constexpr std::string_view kAlphabet = "abcPLACEHOLDER-0123 {}\":,./+=_\n";
  std::string text;
  while (text.size() < size) {
    text += kAlphabet[random() % kAlphabet.size()];
  }
  return text;
}

}  // namespace

TEST_CASE("a placeholder is seen wherever it stands", "[I2]") {
  const Known known({kFirst, kShort, kLong});
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::uint32_t number = 0; number < 3; ++number) {
      const std::string& text = number == 0 ? kFirst : number == 1 ? kShort : kLong;
      CAPTURE(before, number);
      CHECK(known.find(std::string(before, ' ') + text) == Numbers{number});
      CHECK(known.find(std::string(before, 'P') + text + "tail") == Numbers{number});
      CHECK(known.find(std::string(before, ' ') + text.substr(0, text.size() - 1)).empty());
    }
  }
}

TEST_CASE("D06 a placeholder in base64 is seen, wherever it begins in it and in both alphabets",
          "[I2]") {
  const Known known({kFirst, kShort, kLong});
  for (std::size_t outside = 0; outside < 20; ++outside) {
    for (std::size_t before = 0; before < 9; ++before) {
      for (std::uint32_t number = 0; number < 3; ++number) {
        const std::string& text = number == 0 ? kFirst : number == 1 ? kShort : kLong;
        const std::string inside = std::string("user:~?>x").substr(0, before) + text;
        CAPTURE(outside, before, number);
        CHECK(known.find(std::string(outside, ' ') + base::to_base64(inside)) == Numbers{number});
        CHECK(known.find(std::string(outside, '"') + base::to_base64url(inside + ":end?>") +
                         "\"") == Numbers{number});
      }
    }
  }
}

TEST_CASE("no more are told than matter, each once") {
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 20; ++i) {
    texts.push_back("sk-PLACEHOLDER-shared-beginning-" + std::to_string(100 + i));
    all += texts.back() + " " + texts.back() + ",";
  }
  const Known known(texts);
  const Numbers found = known.find(all);
  CHECK(found.size() == bounds::kSecretsNamedMax + 1);
  for (std::uint32_t i = 0; i < found.size(); ++i) {
    CHECK(found[i] == i);
  }
}

TEST_CASE("of text that is no placeholder nothing is seen, and of no placeholders either") {
  CHECK(Known({}).find(kFirst).empty());
  CHECK(Known({""}).find(kFirst).empty());
  CHECK(Known({""}).sightings.longest() == 0);
  const SightingIndex never_built;
  Numbers found;
  never_built.find(PlaceholderIndex(), kFirst, found);
  CHECK(found.empty());
  const Known known({kFirst});
  CHECK(known.find("").empty());
  CHECK(known.find(std::string(1000, 'a')).empty());
  CHECK(known.find(base::to_base64(std::string(1000, 'a'))).empty());
}

TEST_CASE("what a plain search finds is seen, on random texts", "[I2]") {
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): the same cases every time
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    for (int i = 0; i < 20; ++i) {
      texts.push_back(std::to_string(round * 20 + i) + "-PLACEHOLDER-" + text_of(random, 24));
    }
    const Known known(texts);
    for (int i = 0; i < 50; ++i) {
      const auto number = static_cast<std::uint32_t>(random() % texts.size());
      const std::string inside =
          text_of(random, random() % 50) + texts[number] + text_of(random, random() % 50);
      const std::string text =
          text_of(random, random() % 50) + (random() % 2 == 0 ? inside : base::to_base64(inside));
      const Numbers found = known.find(text);
      CAPTURE(text, number);
      REQUIRE(std::find(found.begin(), found.end(), number) != found.end());
    }
  }
}

// By hand: 10,000 placeholders cost no more than 1.3 times one.
TEST_CASE("sighting speed", "[.][benchmark]") {
  const auto count = GENERATE(1, 100, 10'000);
  std::mt19937 random(4);  // NOLINT(cert-msc51-cpp): the same cases every time
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    texts.push_back("sk-PLACEHOLDER-" + std::to_string(random()) + std::to_string(100'000 + i));
  }
  const Known known(texts);
  std::string text;
  while (text.size() < 1'000'000) {
    text += R"({"role":"user","content":"Please look at https://example.com/a/b?c=d and say, in )" +
            std::to_string(random()) + R"( words, what 'some_identifier_of_mine' does."},)";
  }
  constexpr int kRounds = 50;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) {
    CHECK(known.find(text).empty());
  }
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  WARN(count << " placeholders: "
             << spent.count() / kRounds / static_cast<double>(text.size()) * 1024
             << " ns for 1 KiB of JSON");
}

}  // namespace keyswap::bindings
