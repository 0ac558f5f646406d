// SPDX-License-Identifier: Apache-2.0
//
// What ails a running proxy, for people (`keyswap status`): sources that are down, and upstreams
// whose clock is another. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/net/troubles.h"

namespace keyswap::cli {

// Rows for format_table(), of two cells: what it is, and what there is to say of it.
std::vector<std::vector<std::string>> trouble_rows(const net::Troubles& troubles,
                                                   std::int64_t now_s);

// Seconds until a source is asked again; 0: with the next request.
std::int64_t asked_again_in_s(const vault::SourceOutage& outage, std::int64_t now_s);

}  // namespace keyswap::cli
