// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/body_swap.h"

#include <random>

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using bindings::BodyText;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kQ = "kswp_PLACEHOLDER_00000000/+=2";
const std::string kOther = "kswp_PLACEHOLDER_000000000003";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { body: text, json_pointer: /auth/token }
      - { body: text, form_field: token }
    bindings: [ { host: api.example.test } ]
  Q:
    placeholder: kswp_PLACEHOLDER_00000000/+=2
    inject: { body: text }
    bindings: [ { host: api.example.test } ]
  OTHER:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { body: text }
    bindings: [ { host: api.example.test } ]
)";

// OTHER may not be used here.
std::vector<SwapPlace> places_for(BodyText text) {
  if (text == BodyText::json) {
    return {{0, 0, 0}, {1, 0, 0}};
  }
  return text == BodyText::form ? std::vector<SwapPlace>{{0, 1, 0}, {1, 0, 0}}
                                : std::vector<SwapPlace>{{1, 0, 0}};
}

// With <rule> where a credential comes.
std::string swapped(const bindings::Bindings& bindings,
                    BodyText text,
                    std::string_view body,
                    std::size_t piece) {
  BodySwap swap(bindings, text, places_for(text));
  std::string result;
  const auto take_all = [&] {
    for (auto step = swap.next(); step.kind != BodySwap::Step::Kind::nothing; step = swap.next()) {
      if (step.kind == BodySwap::Step::Kind::bytes) {
        CHECK(!step.bytes.empty());
        result += step.bytes;
      } else {
        result += "<" + std::to_string(swap.place(step.place).rule) + ">";
      }
    }
  };
  for (std::string_view rest = body; !rest.empty();) {
    const std::string_view next = rest.substr(0, piece == 0 ? rest.size() : piece);
    CHECK(swap.feed(next));
    take_all();
    rest.remove_prefix(next.size());
  }
  swap.end();
  take_all();
  return result;
}

}  // namespace

TEST_CASE("E01 E05 placeholders are swapped wherever the body is cut", "[I15]") {
  const auto bindings = test::bindings_of(kYaml);
  const std::vector<std::tuple<BodyText, std::string, std::string>> cases = {
      {BodyText::raw, "a " + kQ + kQ + " b" + kP + kOther, "a <1><1> b" + kP + kOther},
      {BodyText::raw, kQ, "<1>"},
      {BodyText::raw, kQ.substr(0, 20) + kQ, kQ.substr(0, 20) + "<1>"},
      {BodyText::raw, kQ.substr(0, 20), kQ.substr(0, 20)},
      {BodyText::json,
       R"({"auth":{"token":"x)" + kP + R"("},"b":")" + kP + R"(","c":")" + kQ + R"("})",
       R"({"auth":{"token":"x<0>"},"b":")" + kP + R"(","c":"<1>"})"},
      {BodyText::json,
       R"({"q":"kswp_PLACEHOLDER_00000000\/+=2","auth":{"token":")" + kP + kP + R"("}})",
       R"({"q":"<1>","auth":{"token":"<0><0>"}})"},
      {BodyText::form,
       "a=" + kP + "&token=" + kP + "&token=" + kP + "&q=kswp_PLACEHOLDER_00000000%2F%2B%3D2",
       "a=" + kP + "&token=<0>&token=" + kP + "&q=<1>"},
  };
  for (const auto& [text, body, expected] : cases) {
    for (std::size_t piece = 0; piece <= body.size(); ++piece) {
      CAPTURE(body, piece);
      REQUIRE(swapped(*bindings, text, body, piece) == expected);
    }
  }
}

TEST_CASE("what cannot begin a placeholder goes on at once", "[I10]") {
  const auto bindings = test::bindings_of(kYaml);
  BodySwap swap(*bindings, BodyText::raw, places_for(BodyText::raw));
  CHECK(swap.feed("text kswp_PLACE"));
  CHECK(swap.next().bytes == "text ");
  CHECK(swap.next().kind == BodySwap::Step::Kind::nothing);
  CHECK(swap.feed("BO"));
  CHECK(swap.next().bytes == "kswp_PLACEBO");
  swap.end();
  CHECK(swap.next().kind == BodySwap::Step::Kind::nothing);
}

TEST_CASE("no more is taken than may be held, and a placeholder waits until it is asked for",
          "[I10]") {
  const auto bindings = test::bindings_of(kYaml);
  BodySwap swap(*bindings, BodyText::raw, places_for(BodyText::raw));
  CHECK(swap.feed(kQ + "rest"));
  CHECK(swap.next().kind == BodySwap::Step::Kind::credential);
  CHECK(swap.next().bytes == "rest");
  const std::string much(base::bounds::kReadChunkBytes, 'x');
  CHECK(swap.feed(much));
  CHECK(swap.feed(much));
  CHECK(swap.feed(much));
  CHECK_FALSE(swap.feed(much).has_value());
}

TEST_CASE("a cut body gives what a whole one gives, on random texts", "[I15]") {
  const auto bindings = test::bindings_of(kYaml);
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same cases every time
  const std::vector<std::string> parts = {kP,
                                          kQ,
                                          kOther,
                                          kQ.substr(0, 17),
                                          "kswp_",
                                          "\"",
                                          ":",
                                          "{",
                                          "}",
                                          "\"auth\"",
                                          "\"token\"",
                                          "\\/",
                                          "token=",
                                          "&",
                                          "x"};
  for (int round = 0; round < 3000; ++round) {
    std::string body = random() % 2 == 0 ? R"({"auth":{"token":")" : "";
    for (auto count = random() % 20; count > 0; --count) {
      body += parts[random() % parts.size()];
    }
    const auto text = static_cast<BodyText>(random() % 4);
    const std::string whole = swapped(*bindings, text, body, 0);
    for (const std::size_t piece : {1U, 2U, 7U, 31U}) {
      CAPTURE(body, piece);
      REQUIRE(swapped(*bindings, text, body, piece) == whole);
    }
  }
}

}  // namespace keyswap::flow
