// SPDX-License-Identifier: Apache-2.0
//
// Looking for a key where it must not be: in what the demo's caller received, and in every file.
// For a key that is good nowhere: to be searched for it must be spelled out in ordinary memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// The key as it is, and as hexadecimal and base64 would spell it. The caller wipes them.
std::vector<std::string> spellings(std::string_view key);

bool holds_any(std::string_view text, const std::vector<std::string>& needles);

// Does any file below the folder hold one? Also true when one cannot be read: it is not known to be
// clean.
bool is_in_files(const std::string& folder, const std::vector<std::string>& needles);

}  // namespace keyswap::cli
