// SPDX-License-Identifier: Apache-2.0
//
// What stands in an entry that is sealed once more: by Transit ("vault:v1:…"), or by ourselves
// while Transit was away ("aes:iv:tag:sealed", each in hex; AES-256-GCM under a key of this
// machine, bound to no name). Who asks Transit is transit.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::vault::transit {

enum class RowKind : std::uint8_t { by_transit, by_ourselves, plain };

[[nodiscard]] RowKind row_kind(std::string_view row);

// "v12" of "vault:v12:…"; "" that is none. Lives as long as `row`.
[[nodiscard]] std::string_view key_version(std::string_view row);

// 64 hex digits; invalid_input for all else.
base::Result<Secret> read_local_key(std::string_view hex);

// Why an opener is no such key; null: it is one.
[[nodiscard]] const char* check_local_key(const Secret& value);

// The order of the tag and what is sealed is not the same everywhere; the tag itself says which is
// meant. invalid_input: it was not sealed with this key, or was changed since.
base::Result<Secret> open_here(std::string_view row, const Secret& key);

base::Result<Secret> seal_here(std::string_view plain, const Secret& key);

}  // namespace keyswap::vault::transit
