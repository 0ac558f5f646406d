// SPDX-License-Identifier: Apache-2.0
#include "bindings/plain_value.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

base::Status check_plain_value(std::string_view value) {
  constexpr char kDelete = '\x7f';
  if (value.size() > base::bounds::kRequestFieldBytesMax) {
    return base::Error{base::Errc::limit_exceeded, "the credential's value is too long"};
  }
  const bool has_controls = std::ranges::any_of(value, [](char c) {
    return static_cast<unsigned char>(c) < static_cast<unsigned char>(' ') || c == kDelete;
  });
  if (value.empty() || has_controls || !base::is_utf8(value)) {
    return base::Error{base::Errc::invalid_input,
                       "the credential's value is empty, has controls, or is not UTF-8"};
  }
  return {};
}

}  // namespace keyswap::bindings
