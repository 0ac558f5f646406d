// SPDX-License-Identifier: Apache-2.0
//
// Taking a line apart from its front, for the small lines beside the log: a checkpoint, a head,
// what was archived. A record has a scanner of its own (line.cc).
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/chain.h"

namespace keyswap::audit {

// Each takes what it names off the front of `text`; false, or less of it, where it is not there.
inline bool take(std::string_view& text, std::string_view literal) {
  if (!text.starts_with(literal)) {
    return false;
  }
  text.remove_prefix(literal.size());
  return true;
}

inline std::string_view take_bytes(std::string_view& text, std::size_t count) {
  const std::string_view bytes = text.substr(0, count);
  text.remove_prefix(bytes.size());
  return bytes;
}

inline bool take_number(std::string_view& text, std::uint64_t& number) {
  const std::from_chars_result end =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc()) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
  return true;
}

inline bool take_hash(std::string_view& text, Hash& hash) {
  return parse_hex(take_bytes(text, 2 * hash.size()), hash.data(), hash.size());
}

}  // namespace keyswap::audit
