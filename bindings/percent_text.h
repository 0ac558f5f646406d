// SPDX-License-Identifier: Apache-2.0
//
// Percent-encoded text (RFC 3986 section 2.1): decoded once, with where each byte stood; and the
// encoding of a value that is to stand in a path or a query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

struct PercentText {
  std::string text;
  // Where in the encoded text each byte began, and, last, where that ended.
  std::vector<std::uint32_t> places;
};

// A '%' that no two hex digits follow stands for itself.
PercentText decode_percent(std::string_view encoded);
bool has_percent(std::string_view encoded);

// What stays as it is in a path's segment, and in the value of a query's parameter.
enum class UrlPart : std::uint8_t { segment, parameter };

// Writes `value` so that it stays within its part: every byte but those that cannot end it, or mean
// anything in it, becomes "%XX". limit_exceeded when the sink is full.
base::Status append_percent(std::string_view value, UrlPart part, base::ByteSink& out);

// The same of text that is no secret.
std::string percent_encoded(std::string_view text, UrlPart part);

}  // namespace keyswap::bindings
