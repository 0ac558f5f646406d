// SPDX-License-Identifier: Apache-2.0
//
// Placeholders that pass for the real thing: made of a provider's key shape and a seed, so that
// programs that look at a key before they send it take them. The same seed gives the same
// placeholder. What stands in one survives URLs, JSON and shells as it is: letters, digits, '-',
// '_', '.', ':', '~'.
//
// A checksum in one is wrong unless it is asked for, so that no scanner takes it for a live key. A
// JWT parses, with claims that mean nothing; the line of a PEM key is that of a key that was never
// used and opens nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bindings/key_shape.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

using StandInSeed = std::array<std::uint8_t, 32>;

enum class Checksum : std::uint8_t { wrong, valid };

struct StandIn {
  std::string text;
  // Real keys are shorter than a placeholder may be: it has their form, and is longer.
  bool is_lengthened = false;
};

// A placeholder of that shape; `shape` nullptr: of no particular one. It is none of `taken`, not
// inside one, nor around one. unavailable if there is none such.
base::Result<StandIn> make_stand_in(const KeyShape* shape,
                                    const StandInSeed& seed,
                                    Checksum checksum,
                                    std::span<const std::string_view> taken);

// The PEM file of a key whose line is `line` (ShapePiece::Kind::ed25519 and ec).
std::string pem_of(std::string_view line);

// The last six characters of GitHub's and npm's tokens: the CRC-32 of what stands between prefix
// and checksum, in base 62.
std::string crc_text(std::string_view random_part);

}  // namespace keyswap::bindings
