// SPDX-License-Identifier: Apache-2.0
//
// The only door to the log (stderr). A line is compile-time text and at most a few typed fields, so
// that nothing from the wire can be logged by accident (I1). Where a request is concerned the audit
// log speaks, not this one.
#pragma once

#include <cstdint>

#include "proxy/base/error.h"

namespace keyswap::base::log {

enum class Level : std::uint8_t { info, warning, error };

// Writes one line: text, and the error's text and number if there is one.
void line(Level level, Note text);
void line(Level level, Note text, std::int64_t number);
void line(Level level, Note text, const Error& error);

}  // namespace keyswap::base::log
