// SPDX-License-Identifier: Apache-2.0
#include "bindings/placements.h"

#include <array>

namespace keyswap::bindings {

extern const PlacementKind kBasicPlacement;
extern const PlacementKind kCookiePlacement;
extern const PlacementKind kHeaderPlacement;
extern const PlacementKind kPathPlacement;
extern const PlacementKind kQueryPlacement;

namespace {

constexpr std::array kPlacements = {
    &kHeaderPlacement,
    &kBasicPlacement,
    &kCookiePlacement,
    &kPathPlacement,
    &kQueryPlacement,
};

}  // namespace

std::span<const PlacementKind* const> placements() {
  return kPlacements;
}

}  // namespace keyswap::bindings
