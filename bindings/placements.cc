// SPDX-License-Identifier: Apache-2.0
#include "bindings/placements.h"

#include <array>

namespace keyswap::bindings {

extern const PlacementKind kBodyPlacement;
extern const PlacementKind kHeaderPlacement;

namespace {

constexpr std::array kPlacements = {
    &kHeaderPlacement,
    &kBodyPlacement,
};

}  // namespace

std::span<const PlacementKind* const> placements() {
  return kPlacements;
}

}  // namespace keyswap::bindings
