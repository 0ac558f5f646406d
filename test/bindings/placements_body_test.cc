// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "bindings/body_place.h"
#include "bindings/parse.h"

namespace keyswap::bindings {

namespace {

Parsed parse_inject(const std::string& inject) {
  return parse("secrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n    inject: " +
                   inject + "\n    bindings: [ { host: api.example.test } ]\n",
               "/nowhere",
               {});
}

const BodyPlace& place_of(const Parsed& parsed) {
  REQUIRE(parsed.errors.empty());
  const auto* const place = parsed.bindings.rules.at(0).places.at(0).placement->in_body();
  REQUIRE(place != nullptr);
  return *place;
}

}  // namespace

TEST_CASE("a secret may stand anywhere in a body's text, or in one place of it") {
  const auto anywhere = parse_inject("{ body: text }");
  CHECK(place_of(anywhere).is_anywhere());
  CHECK(place_of(anywhere).media_type.empty());
  const auto typed = parse_inject("{ body: text, content_type: Application/JSON }");
  CHECK(place_of(typed).media_type == "application/json");
  const auto pointed = parse_inject("{ body: text, json_pointer: /auth/token }");
  CHECK(place_of(pointed).pointer == JsonPointer{"auth", "token"});
  CHECK_FALSE(place_of(pointed).is_anywhere());
  const auto field = parse_inject("{ body: text, form_field: api key, format: 'x{secret}' }");
  CHECK(place_of(field).field == "api key");
}

TEST_CASE("no secret is put into bodies by itself") {
  const auto header = parse_inject("{ header: Authorization, format: '{secret}' }");
  REQUIRE(header.errors.empty());
  CHECK_FALSE(header.bindings.rules.at(0).has_place_in_body());
  CHECK(header.bindings.body_placeholders().is_empty());
}

TEST_CASE("what no place in a body can be is refused, with its place") {
  for (const char* inject : {"{ body: json }",
                             "{ body: true }",
                             "{ body: text, content_type: json }",
                             "{ body: text, content_type: 'application/json; charset=utf-8' }",
                             "{ body: text, content_type: '*/*' }",
                             "{ body: text, json_pointer: auth/token }",
                             "{ body: text, json_pointer: /a, form_field: a }",
                             "{ body: text, json_pointer: /a, content_type: text/plain }",
                             "{ body: text, form_field: '' }",
                             "{ body: text, form_field: a, content_type: application/json }",
                             "{ body: text, require: true }",
                             "{ body: text, on_existing: fail }",
                             "{ body: text, companions: { x-a: b } }",
                             "{ body: text, max_occurrences: 0 }",
                             "{ body: text, replace: token }",
                             "{ body: text, header: Authorization }"}) {
    CAPTURE(inject);
    const auto parsed = parse_inject(inject);
    REQUIRE_FALSE(parsed.errors.empty());
    CHECK(parsed.errors[0].line == 4);
  }
}

}  // namespace keyswap::bindings
