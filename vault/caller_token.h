// SPDX-License-Identifier: Apache-2.0
//
// A caller's token: what a program shows to say which caller it is. "kswc_NAME.RANDOM": it says
// whose it is, so that it is compared with one stored digest and no other. The vault keeps only its
// SHA-256, which is bound to the name because the name is part of what is hashed, and because the
// row that holds it is sealed under its own name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keyswap::vault {

inline constexpr std::string_view kCallerTokenPrefix = "kswc_";
// What the vault's entries for callers are called: the prefix and the caller's name.
inline constexpr std::string_view kCallerEntryPrefix = "caller.";

// 1 to bounds::kCallerNameBytesMax of [A-Za-z0-9_.-], beginning with a letter, digit or '_': it can
// stand in a URL's user information as it is.
bool is_caller_name(std::string_view text);

std::string caller_entry(std::string_view name);

// A new one: 32 random bytes. Whoever asks for it shows it and wipes it.
std::string make_caller_token(std::string_view name);

// The name in a token; nothing if it does not have the form of one. A view into it.
std::optional<std::string_view> caller_of_token(std::string_view token);

// SHA-256, 32 bytes.
std::string caller_token_digest(std::string_view token);

}  // namespace keyswap::vault
