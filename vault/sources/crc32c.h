// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli; RFC 3720 appendix B.4): says that bytes came as they were sent, and nothing
// of who sent them.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyswap::vault {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace keyswap::vault
