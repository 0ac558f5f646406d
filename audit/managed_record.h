// SPDX-License-Identifier: Apache-2.0
//
// What was done from the management listener (type "managed"): who logged in, and each change,
// recorded durably before it takes effect (I6). Names and closed words alone: no value can get in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::audit {

struct ManagedRecord {
  std::int64_t ts_us = 0;
  std::string_view action;        // a word: "login", "secret_added"
  std::string_view outcome;       // a word: "begun", "failed", "done", "refused"
  std::string_view object = {};   // what it was done to, by name; "" nothing
  std::string_view session = {};  // its id, or "socket"; "" nobody is logged in
  std::string_view client = {};   // its address
};

void encode_body(const ManagedRecord& record, std::string& out);

}  // namespace keyswap::audit
