// SPDX-License-Identifier: Apache-2.0
//
// A host that some secret is bound to, as the clients' own lists of hosts (NO_PROXY, netrc) are
// held against it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

struct BoundHost {
  std::string host;          // normal form; of a wildcard what follows its "*."
  bool is_wildcard = false;  // exactly one more label
  std::uint16_t port = 443;

  bool operator==(const BoundHost&) const = default;

  // "api.example.com", "*.example.com"
  [[nodiscard]] std::string text() const { return (is_wildcard ? "*." : "") + host; }
};

}  // namespace keyswap::cli
