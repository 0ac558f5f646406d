// SPDX-License-Identifier: Apache-2.0
//
// Where in a body a credential may stand, as the placement `body` says it
// (bindings/placements/body.cc); found in a body by proxy/flow/body_swap.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// RFC 6901: the names and numbers on the way to a value, without escapes. Empty: the whole text.
using JsonPointer = std::vector<std::string>;

// Nothing if it is no pointer.
std::optional<JsonPointer> parse_json_pointer(std::string_view text);

struct BodyPlace {
  std::string media_type;              // of the only bodies it is for; "" any
  std::optional<JsonPointer> pointer;  // only inside of this string of a JSON text
  std::optional<std::string> field;    // only inside of this field of a form

  // Anywhere in it?
  [[nodiscard]] bool is_anywhere() const { return !pointer && !field; }
};

}  // namespace keyswap::bindings
