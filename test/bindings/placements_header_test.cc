// SPDX-License-Identifier: Apache-2.0
//
// The placement `header` (bindings/placements/header.cc).
#include <catch2/catch.hpp>

#include "bindings/placements.h"
#include "proxy/base/bounds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kP = "kswp_PLACEHOLDER_000000000001";

http::HeaderList fields_of(const std::vector<http::Field>& list) {
  http::HeaderList fields;
  for (const auto& field : list) {
    fields.add(field.name, field.value);
  }
  return fields;
}

std::unique_ptr<const Placement> header(const std::string& name) {
  SchemeSetup setup;
  setup.values.push_back({"header", name});
  return placements().front()->make(setup).placement;
}

}  // namespace

TEST_CASE("a header holds the placeholder in its value, with what stands around it", "[I2]") {
  const auto placement = header("X-Key");
  REQUIRE(placement != nullptr);
  CHECK(placement->kind() == "header");
  CHECK(placement->name() == "x-key");
  const auto fields = fields_of({{"X-KEY", "Bearer kswp_PLACEHOLDER_000000000001"},
                                 {"X-Other", "kswp_PLACEHOLDER_000000000001"}});
  const HeadParts head{fields, "/a?kswp_PLACEHOLDER_000000000001"};
  CHECK(placement->holds(head, 0, kP));
  CHECK_FALSE(placement->holds(head, 1, kP));
  CHECK_FALSE(placement->holds(head, 2, kP));
}

TEST_CASE("a header that is nothing but the key holds nothing but the placeholder", "[I2]") {
  const auto placement = make_bare_header("x-key");
  const auto fields = fields_of({{"X-Key", "Bearer kswp_PLACEHOLDER_000000000001"},
                                 {"X-Key", "kswp_PLACEHOLDER_000000000001"}});
  const HeadParts head{fields, "/"};
  CHECK_FALSE(placement->holds(head, 0, kP));
  CHECK(placement->holds(head, 1, kP));
  CHECK(placement->is_repeated(head));
}

TEST_CASE("a header is shown with the placeholder in it") {
  const auto placement = header("X-Key");
  ClientHead head{"/a", {}};
  placement->show(kP, head);
  CHECK(head.target == "/a");
  REQUIRE(head.fields.size() == 1);
  CHECK(head.fields[0].first == "x-key");
  CHECK(head.fields[0].second == kP);
}

TEST_CASE("a header is repeated if it is there twice") {
  const auto placement = header("x-key");
  CHECK_FALSE(placement->is_repeated({fields_of({{"X-Key", "a"}, {"Y", "a"}}), "/"}));
  CHECK_FALSE(placement->is_repeated({fields_of({}), "/"}));
  CHECK(placement->is_repeated({fields_of({{"X-Key", "a"}, {"x-key", "b"}}), "/"}));
}

TEST_CASE("what could not be the whole value of one field is not let in", "[I9]") {
  const auto placement = header("x-key");
  CHECK(placement->check("Bearer real"));
  for (const std::string value : {"", " a", "a ", "a\r\nb", "\x7f"}) {
    CHECK(placement->check(value).error().code == base::Errc::invalid_input);
  }
  CHECK(placement->check(std::string(base::bounds::kRequestFieldBytesMax + 1, 'a')).error().code ==
        base::Errc::limit_exceeded);
}

TEST_CASE("the credential takes the field that the placeholder stands in, or the one of its name",
          "[I5]") {
  const auto placement = header("x-key");
  const auto fields = fields_of({{"Y", "a"}, {"X-Key", "p"}});
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(16);
  REQUIRE(scratch);
  Edits edits;
  CHECK(placement->fill({{fields, "/"}, 1, {"real"}, *scratch}, edits));
  const auto* const seen = edits.find<FieldEdit>();
  REQUIRE(seen != nullptr);
  CHECK(seen->at == 1);
  CHECK(test::text_of(seen->value) == "real");
  edits.clear();
  CHECK(placement->fill({{fields, "/"}, std::nullopt, {"real"}, *scratch}, edits));
  const auto* const named = edits.find<FieldEdit>();
  REQUIRE(named != nullptr);
  CHECK(named->name == "x-key");
  CHECK_FALSE(named->at.has_value());
}

TEST_CASE("a header that frames or routes the message is no place for a credential", "[I3]") {
  CHECK(header("Host") == nullptr);
  CHECK(header("a b") == nullptr);
}

}  // namespace keyswap::bindings
