// SPDX-License-Identifier: Apache-2.0
//
// I2: whatever would be swapped is seen, in any text. Each round makes a text of placeholders, of
// ways to write them, and of what stands around them, damages it here and there, and asks those who
// swap what they find in it.
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/body_place.h"
#include "bindings/body_text.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/placeholder_watch.h"
#include "proxy/flow/sightings.h"
#include "test/support/rounds.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using bindings::BodyText;

// What may stand in a placeholder depends on where it may be swapped. None begins with hexadecimal
// digits: behind a stray '%' these are the end of an escape, and no placeholder to who decodes.
const std::vector<std::string> kPlaceholders = {"kswp_PLACEHOLDER_000000000001",
                                                "https://PLACEHOLDER.example/a%2Fb?c=<'d>",
                                                "zbPLACEHOLDER/+:%41\\u0041\\/()",
                                                "\"9fPLACEHOLDER\\0000000000000/<'"};
const char* const kYaml = R"(
version: 1
secrets:
  A:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: x-api-key, format: "{secret}" }
      - { header: Authorization, format: "Bearer {secret}" }
      - { header: x-list, format: "{secret}", replace: token }
      - { query: key }
      - { path: "/bot{secret}/**" }
      - { cookie: sid }
      - { basic: both }
      - { body: text }
    bindings: [ { host: api.example.test } ]
  B:
    placeholder: "https://PLACEHOLDER.example/a%2Fb?c=<'d>"
    inject:
      - { query: key }
      - { basic: password }
      - { header: x-api-key, format: "{secret}" }
      - { body: text, json_pointer: /a }
    bindings: [ { host: api.example.test } ]
  C:
    placeholder: 'zbPLACEHOLDER/+:%41\u0041\/()'
    inject: [ { query: key }, { header: x-api-key, format: "{secret}" }, { body: text } ]
    bindings: [ { host: api.example.test } ]
  D:
    placeholder: "\"9fPLACEHOLDER\\0000000000000/<'"
    inject: [ { query: key }, { basic: user }, { body: text, form_field: a } ]
    bindings: [ { host: api.example.test } ]
)";

// Is it swapped in such a body at all?
bool is_swapped_in(const bindings::SecretRule& rule, BodyText text) {
  return std::ranges::any_of(rule.places, [&](const bindings::SecretPlace& place) {
    const auto* const body = place.placement->in_body();
    return body != nullptr && (body->is_anywhere() || (body->pointer && text == BodyText::json) ||
                               (body->field && text == BodyText::form));
  });
}

class Texts {
 public:
  explicit Texts(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_() % count; }

  std::string one_of(const std::vector<std::string>& choices) {
    return choices[below(choices.size())];
  }

  std::string noise(std::size_t size) {
    constexpr std::string_view kAlphabet = "abz019 {}\":,./+=_-%\\u\n&;<kswpPLACE";
    std::string text;
    while (text.size() < size) {
      text += kAlphabet[below(kAlphabet.size())];
    }
    return text;
  }

  // A placeholder as some program may write it.
  std::string written() {
    const std::string placeholder = one_of(kPlaceholders);
    switch (below(6)) {
      case 0:
        return bindings::forms_in_body(BodyText::json, placeholder).back();
      case 1:
        return bindings::forms_in_body(BodyText::form, placeholder).back();
      case 2:
        return bindings::forms_in_body(BodyText::xml, placeholder).back();
      case 3:
        return percent_encoded(placeholder);
      default:
        return placeholder;
    }
  }

  std::string damaged(std::string text) {
    for (std::size_t i = below(3); i > 0 && !text.empty(); --i) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = noise(1).front();
          break;
        case 1:
          text.insert(at, noise(1 + below(3)));
          break;
        case 2:
          text.erase(at, 1 + below(3));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(40)));
      }
    }
    return text;
  }

  std::string basic() {
    return "Basic " + base::to_base64(one_of({written(), "user", noise(3)}) + ":" +
                                      one_of({written(), "", noise(3) + written()}));
  }

 private:
  std::string percent_encoded(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
      encoded += below(4) == 0 ? "%" + base::to_hex({&c, 1}) : std::string(1, c);
    }
    return encoded;
  }

  std::mt19937 random_;
};

bool has(const SeenRules& rules, std::uint32_t rule) {
  return std::ranges::find(rules, rule) != rules.end();
}

}  // namespace

TEST_CASE("what would be swapped in a body is seen in it, on damaged texts", "[I2][I15][rounds]") {
  const auto bindings = test::bindings_of(kYaml);
  Texts texts(11);
  std::size_t count = 0;
  for (std::size_t round = test::rounds(20'000); round > 0; --round) {
    std::string body;
    for (std::size_t i = 1 + texts.below(3); i > 0; --i) {
      body += texts.noise(texts.below(60)) + texts.written();
    }
    body = texts.damaged(body + texts.noise(texts.below(20)));
    PlaceholderWatch watch(*bindings);
    const std::size_t piece = texts.below(3) == 0 ? body.size() : 1 + texts.below(80);
    for (std::size_t at = 0; at < body.size(); at += piece) {
      watch.look(std::string_view(body).substr(at, piece));
    }
    const auto& index = bindings->body_placeholders();
    for (const BodyText text : {BodyText::raw, BodyText::json, BodyText::form, BodyText::xml}) {
      for (auto hit = index.find_next(text, body, 0); hit;
           hit = index.find_next(text, body, hit->at + 1)) {
        const bool is_swapped = is_swapped_in(bindings->rules[hit->rule], text);
        count += is_swapped ? 1 : 0;
        if (is_swapped && !has(watch.seen(), hit->rule)) {
          CAPTURE(body, piece, hit->at, hit->rule, static_cast<int>(text));
          REQUIRE(has(watch.seen(), hit->rule));
        }
      }
    }
  }
  CHECK(count > test::rounds(20'000));
}

TEST_CASE("what would be swapped in a head is seen in it, on damaged texts", "[I2][rounds]") {
  const auto bindings = test::bindings_of(kYaml);
  const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  Texts texts(12);
  std::size_t count = 0;
  for (std::size_t round = test::rounds(5'000); round > 0; --round) {
    const std::array<std::string, 2> values = {
        texts.damaged(
            texts.one_of({texts.written(), "Bearer " + texts.written(), texts.basic(), "a=b"})),
        texts.damaged(texts.one_of({"a, " + texts.written(), "sid=" + texts.written(), "x"}))};
    const std::array<std::string, 2> names = {
        texts.one_of({"X-Api-Key", "Authorization", "X-List"}), texts.one_of({"Cookie", "X-List"})};
    http::RequestHead head;
    head.method = "GET";
    head.fields.add(names[0], values[0]);
    head.fields.add(names[1], values[1]);
    const std::string target = texts.damaged(texts.one_of({"/v1/", "/bot"}) + texts.written() +
                                             "/x?a=b&key=" + texts.written() + "&c=d");
    head.target = target;
    const Request request{head, head.target, destination, *bindings, ""};
    std::vector<bindings::Spot> spots;
    for (std::size_t part = 0; part < request.parts().size(); ++part) {
      const auto seen = rules_seen_in(request, part);
      for (std::uint32_t rule = 0; rule < bindings->rules.size(); ++rule) {
        for (const auto& place : bindings->rules[rule].places) {
          spots.clear();
          place.placement->find(request.parts(), part, kPlaceholders[rule], spots);
          count += spots.size();
          if (!spots.empty() && !has(seen, rule)) {
            CAPTURE(values[0], values[1], target, part, rule);
            REQUIRE(has(seen, rule));
          }
        }
      }
    }
  }
  CHECK(count > test::rounds(5'000) / 3);
}

}  // namespace keyswap::flow
