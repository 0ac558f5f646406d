// SPDX-License-Identifier: Apache-2.0
//
// I12: which addresses may be dialled. Pure: judges one resolved address. Loopback, private, shared
// (CGN), link-local, unique-local, multicast, documentation, benchmark, reserved and unspecified
// ranges are refused, and every form that embeds an IPv4 address (mapped, compatible, 6to4, NAT64,
// Teredo) is judged by it, unless a binding allows a range that holds the address. Cloud metadata
// addresses (169.254.169.254, fd00:ec2::254, fd20:ce::254, 100.100.100.200, 168.63.129.16,
// 169.254.170.2 ...) stay refused even then. What `upstream.resolve` names does not pass through
// here: the operator wrote it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bindings/binding.h"

namespace keyswap::flow {

enum class AddressVerdict : std::uint8_t { allowed, not_public, metadata, malformed };

// `address`: canonical text of an IPv4 or IPv6 address (inet_ntop).
AddressVerdict judge_address(std::string_view address,
                             std::span<const bindings::AddressRange> allowed);

}  // namespace keyswap::flow
