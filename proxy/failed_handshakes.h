// SPDX-License-Identifier: Apache-2.0
//
// Counts clients whose TLS handshake with us failed, so that a flood of them does not fill the
// disk. The first of a kind (address without port, host, alert) is recorded at once; those of the
// second after it are recorded together, with their number. Past limits::kTlsFailedKindsMax kinds
// all others share one record. Pure: time and records are its owner's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "audit/record.h"

namespace keyswap::proxy {

struct FailedHandshake {
  std::string address;  // of the client, with its port
  std::string caller;   // "" unknown
  std::string host;
  std::string_view alert;  // a constant
  audit::AlertBy by = audit::AlertBy::nobody;
  std::uint64_t count = 1;
};

class FailedHandshakes {
 public:
  // True: it is to be recorded now; else it was counted.
  [[nodiscard]] bool add(const FailedHandshake& failed);

  // A second is over: what was counted in it. A kind of which nothing came is forgotten.
  std::vector<FailedHandshake> end_window();

  [[nodiscard]] bool empty() const { return kinds_.empty() && others_.count == 0; }

 private:
  using Kind = std::tuple<std::string, std::string, std::string_view, audit::AlertBy>;

  std::map<Kind, FailedHandshake> kinds_;  // each with its last one, and how many since the record
  FailedHandshake others_{{}, {}, {}, "several", audit::AlertBy::nobody, 0};
};

}  // namespace keyswap::proxy
