// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of a record: on the stack, where OpenSSL's digests of today take memory from the heap for
// each text, and give it back. Not for secrets: what was hashed is not wiped.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace keyswap::audit {

// Of the pieces, one behind the other.
std::array<std::uint8_t, 32> sha256(std::initializer_list<std::string_view> pieces);

}  // namespace keyswap::audit
