// SPDX-License-Identifier: Apache-2.0
#include "bindings/placements.h"

#include <array>

namespace keyswap::bindings {

extern const PlacementKind kHeaderPlacement;

namespace {

constexpr std::array kPlacements = {
    &kHeaderPlacement,
};

}  // namespace

std::span<const PlacementKind* const> placements() {
  return kPlacements;
}

}  // namespace keyswap::bindings
