// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_place.h"

namespace keyswap::bindings {

std::optional<JsonPointer> parse_json_pointer(std::string_view text) {
  JsonPointer pointer;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.emplace_back();
      continue;
    }
    if (pointer.empty()) {
      return std::nullopt;  // it begins with a slash, or is empty
    }
    if (text[i] != '~') {
      pointer.back() += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
      pointer.back() += text[++i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return pointer;
}

}  // namespace keyswap::bindings
