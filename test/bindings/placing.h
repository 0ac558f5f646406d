// SPDX-License-Identifier: Apache-2.0
//
// What the tests of placements share: one by the keys of `inject:`, heads, and what it makes of
// them.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/placements.h"
#include "test/bindings/support.h"

namespace keyswap::bindings::test {

inline constexpr std::string_view kP = "kswp_PLACEHOLDER_000000000001";

// The first key is the placement's name.
inline MadePlacement made_by(const std::vector<std::pair<std::string, std::string>>& keys) {
  const auto kind = std::ranges::find(placements(), keys.front().first, &PlacementKind::name);
  REQUIRE(kind != placements().end());
  SchemeSetup setup;
  for (const auto& [key, text] : keys) {
    const auto known = std::ranges::find((*kind)->parameters, key, &SchemeParameter::name);
    REQUIRE(known != (*kind)->parameters.end());
    setup.values.push_back({known->name, text});
  }
  return (*kind)->make(setup);
}

inline std::unique_ptr<const Placement> placed_by(
    const std::vector<std::pair<std::string, std::string>>& keys) {
  auto made = made_by(keys);
  REQUIRE(made.issues.empty());
  REQUIRE(made.placement != nullptr);
  return std::move(made.placement);
}

inline http::HeaderList fields_of(const std::vector<http::Field>& list) {
  http::HeaderList fields;
  for (const auto& field : list) {
    fields.add(field.name, field.value);
  }
  return fields;
}

// The spots in a field alone, and in a target alone.
inline std::string in_field(const Placement& placement,
                            const std::string& name,
                            const std::string& value,
                            std::string_view placeholder = kP) {
  const auto fields = fields_of({{name, value}});
  return spots_of(placement, {fields, "/"}, 0, placeholder);
}

inline std::string in_target(const Placement& placement,
                             const std::string& target,
                             std::string_view placeholder = kP) {
  const http::HeaderList none;
  return spots_of(placement, {none, target}, 0, placeholder);
}

inline vault::LockedBuffer scratch_of(std::size_t bytes = 64 * 1024) {
  REQUIRE(vault::lock_memory());
  auto scratch = vault::LockedBuffer::of_capacity(bytes);
  REQUIRE(scratch);
  return std::move(*scratch);
}

// As it is written at a spot.
inline std::string written(const Placement& placement, const std::string& value) {
  auto scratch = scratch_of();
  REQUIRE(scratch.append(value));
  const auto text = placement.write({scratch.reveal()}, scratch);
  REQUIRE(text);
  return std::string(text->bytes);
}

// What it makes of a head without the placeholder: "name: value", or the target.
inline std::string filled(const Placement& placement,
                          const std::string& value,
                          const std::vector<http::Field>& list,
                          const std::string& target = "/") {
  const auto fields = fields_of(list);
  auto scratch = scratch_of();
  REQUIRE(scratch.append(value));
  const auto text = placement.write({scratch.reveal()}, scratch);
  REQUIRE(text);
  Edits edits;
  if (!placement.fill({{fields, target}, *text, scratch}, edits)) {
    return "refused";
  }
  if (const auto* const set = edits.find<FieldEdit>()) {
    CHECK_FALSE(set->at);
    return std::string(set->name) + ": " + text_of(set->value);
  }
  const auto* const made = edits.find<TargetEdit>();
  REQUIRE(made != nullptr);
  return text_of(made->value);
}

}  // namespace keyswap::bindings::test
