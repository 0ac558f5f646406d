// SPDX-License-Identifier: Apache-2.0
//
// The strings of a JSON text, each with its place and the keys that lead to it, without a copy of
// any of them: what has secrets in it must not get into a library's strings. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace keyswap::cli {

struct JsonString {
  std::span<const std::string_view> path;  // keys, as they are written; "" for an item of a list
  std::size_t begin = 0;                   // behind the quote
  std::string_view text;                   // as it is written: escapes are not undone
};

// False where it is no JSON (RFC 8259) of objects and lists at most 16 deep; what came before was
// given all the same.
bool each_json_string(std::string_view json, const std::function<void(const JsonString&)>& give);

}  // namespace keyswap::cli
