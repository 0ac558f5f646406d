// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_index.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

const std::string kFirst = "sk-PLACEHOLDER-0123456789abcdef";
const std::string kSlashed = "https://PLACEHOLDER.example/0123";

BodyIndex index_of(const std::vector<BodyIndex::Placeholder>& placeholders) {
  BodyIndex index;
  index.build(placeholders);
  return index;
}

BodyIndex usual() {
  return index_of({{7, kFirst}, {3, kSlashed}});
}

}  // namespace

TEST_CASE("a placeholder in a body is found as programs write it in such a body") {
  const BodyIndex index = usual();
  const auto found = [&](BodyText body, const std::string& text) {
    const auto hit = index.find_next(body, text, 0);
    return hit ? std::optional(hit->rule) : std::nullopt;
  };
  CHECK(found(BodyText::raw, "x" + kFirst) == 7U);
  CHECK(found(BodyText::json, kSlashed) == 3U);
  const std::string in_json = R"("https:\/\/PLACEHOLDER.example\/0123")";
  CHECK(found(BodyText::json, in_json) == 3U);
  CHECK_FALSE(found(BodyText::raw, in_json).has_value());
  const std::string in_form = "u=https%3A%2F%2FPLACEHOLDER.example%2F0123";
  CHECK(found(BodyText::form, in_form) == 3U);
  CHECK_FALSE(found(BodyText::json, in_form).has_value());
  const auto hit = index.find_next(BodyText::form, in_form, 0);
  REQUIRE(hit.has_value());
  CHECK(hit->at == 2);
  CHECK(hit->size == in_form.size() - 2);
}

TEST_CASE("as much is held back as may be the beginning of a placeholder, and no more") {
  const BodyIndex index = usual();
  for (std::size_t count = 1; count < kFirst.size(); ++count) {
    CHECK(index.held_back("text " + kFirst.substr(0, count)) == count);
  }
  CHECK(index.held_back("text ") == 0);
  CHECK(index.held_back("sk-PLACEHOLDER-x") == 0);
  CHECK(index.held_back("sk-PLACEHOLDER-sk-PL") == 5);
  CHECK(index.held_back("https:\\/") == 8);
  CHECK(index.held_back("") == 0);
  CHECK(index_of({}).held_back("sk-PLACEHOLDER") == 0);
  CHECK(index_of({}).is_empty());
}

TEST_CASE("a way to write one placeholder that is another placeholder stands for that one") {
  const std::string written = "https%3A%2F%2FPLACEHOLDER.example%2F0123";
  const BodyIndex index = index_of({{3, kSlashed}, {4, written}});
  const auto hit = index.find_next(BodyText::form, written, 0);
  REQUIRE(hit.has_value());
  CHECK(hit->rule == 4);
}

}  // namespace keyswap::bindings
