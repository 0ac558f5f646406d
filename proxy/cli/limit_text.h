// SPDX-License-Identifier: Apache-2.0
//
// Limits as a person reads them, in the words of bindings.yaml. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "bindings/binding.h"

namespace keyswap::cli {

// "DELETE /repos/*"
std::string format_endpoint(const bindings::BlockedEndpoint& endpoint);
// "100 requests per 1h"
std::string format_rate(const bindings::RateLimit& rate);
// "20m" of 1200.
std::string format_seconds(std::int64_t seconds);
// "1MiB", "1000000 bytes"
std::string format_bytes(std::uint64_t bytes);
// "12.5" of 1250000000.
std::string format_amount(std::int64_t e8);
// "12.5 USD" of it.
std::string format_usd(std::int64_t e8);

// Which requests a person decides on, and how long a client waits: "POST of /pay (waits 55s, then
// 403)".
std::string describe_approval(const bindings::ApprovalRule& rule);

// All that bounds the use of a binding, "none" if nothing does.
std::string describe_limits(const bindings::Scope& scope);

}  // namespace keyswap::cli
