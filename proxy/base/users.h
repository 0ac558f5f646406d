// SPDX-License-Identifier: Apache-2.0
//
// The users of this machine by name and number, as its user database has them (nsswitch.conf(5)).
// Each look-up may read files or ask a daemon: for start, reload and commands, never for a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace keyswap::base {

// The number of the user of that name. Nothing: there is none, or the database cannot be read.
std::optional<std::uint32_t> user_number(const std::string& name);

// "anna (1001)", or "1001" where no name is known.
std::string user_text(std::uint32_t number);

}  // namespace keyswap::base
