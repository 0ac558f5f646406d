// SPDX-License-Identifier: Apache-2.0
//
// The placement `header` (bindings/placements/header.cc).
#include <catch2/catch.hpp>

#include "bindings/placements.h"
#include "proxy/base/bounds.h"
#include "test/bindings/placing.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

using test::fields_of;
using test::kP;

std::unique_ptr<const Placement> header(const std::string& name, const std::string& replace = "") {
  SchemeSetup setup;
  setup.values.push_back({"header", name});
  if (!replace.empty()) {
    setup.values.push_back({"replace", replace});
  }
  return placements().front()->make(setup).placement;
}

// "part:begin-endxoccurrences", one after the other.
std::string spots_of(const Placement& placement, const HeadParts& head, std::size_t part) {
  return test::spots_of(placement, head, part, kP);
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
  CHECK(spots_of(*placement, head, 0) == "0:0-36x1");
  CHECK(spots_of(*placement, head, 1).empty());
  CHECK(spots_of(*placement, head, 2).empty());
  CHECK(placement->is_whole());
}

TEST_CASE("a header that is nothing but the key holds nothing but the placeholder", "[I2]") {
  const auto placement = make_bare_header("x-key");
  const auto fields = fields_of({{"X-Key", "Bearer kswp_PLACEHOLDER_000000000001"},
                                 {"X-Key", "kswp_PLACEHOLDER_000000000001"}});
  const HeadParts head{fields, "/"};
  CHECK(spots_of(*placement, head, 0).empty());
  CHECK(spots_of(*placement, head, 1) == "1:0-29x1");
  CHECK(placement->count(head) == 2);
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

TEST_CASE("a header is counted by its lines, in any case of letters") {
  const auto placement = header("x-key");
  CHECK(placement->count({fields_of({{"X-Key", "a"}, {"Y", "a"}}), "/"}) == 1);
  CHECK(placement->count({fields_of({}), "/"}) == 0);
  CHECK(placement->count({fields_of({{"X-Key", "a"}, {"x-key", "b"}}), "/"}) == 2);
}

TEST_CASE(
    "a header replaced as a whole has one spot, and says how often the placeholder is in it") {
  const auto placement = header("X-Key");
  const std::string p(kP);
  CHECK(spots_of(*placement, {fields_of({{"X-Key", p + p + ", " + p}}), "/"}, 0) == "0:0-89x3");
}

TEST_CASE("A04 A05 a token is replaced alone, where nothing is glued to it", "[I2]") {
  const auto placement = header("X-Key", "token");
  REQUIRE(placement != nullptr);
  CHECK_FALSE(placement->is_whole());
  const std::string p(kP);
  const auto spots = [&](const std::string& value) {
    return spots_of(*placement, {fields_of({{"X-Key", value}}), "/"}, 0);
  };
  CHECK(spots(p) == "0:0-29x1");
  CHECK(spots("Custom foo=" + p + ", bar=1") == "0:11-40x1");
  CHECK(spots("\"" + p + "\"") == "0:1-30x1");
  CHECK(spots(p + "," + p) == "0:0-29x1 0:30-59x1");
  for (const std::string glue : {"x", "X", "7", "-", "_"}) {
    INFO(glue);
    CHECK(spots("a " + glue + p).empty());
    CHECK(spots(p + glue + " a").empty());
  }
  CHECK(header("X-Key", "part") == nullptr);
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

TEST_CASE("a credential without a placeholder takes the field of its name", "[I5]") {
  const auto placement = header("x-key");
  const auto fields = fields_of({{"Y", "a"}, {"X-Key", "p"}});
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(16);
  REQUIRE(scratch);
  Edits edits;
  CHECK(placement->fill({{fields, "/"}, {"real"}, *scratch}, edits));
  const auto* const named = edits.find<FieldEdit>();
  REQUIRE(named != nullptr);
  CHECK(named->name == "x-key");
  CHECK(test::text_of(named->value) == "real");
  CHECK_FALSE(named->at.has_value());
}

TEST_CASE("a header that frames or routes the message is no place for a credential", "[I3]") {
  CHECK(header("Host") == nullptr);
  CHECK(header("a b") == nullptr);
}

}  // namespace keyswap::bindings
