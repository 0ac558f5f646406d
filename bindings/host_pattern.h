// SPDX-License-Identifier: Apache-2.0
//
// The `host:` of a binding: "api.example.com", "api.example.com:8443", "*.example.com", an IP
// literal ("192.0.2.1", "[2001:db8::1]:443"), or an international name, which is turned into its
// A-labels (IDNA 2008 with the mapping of UTS 46).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bindings/binding.h"

namespace keyswap::bindings {

struct ParsedHost {
  HostPattern pattern;
  std::optional<std::uint16_t> port;  // if it was written with one
};

struct HostProblem {
  std::string text;
  std::string hint;
};

std::variant<ParsedHost, HostProblem> parse_host_pattern(std::string_view text);

// "HOST:PORT" as in parse_authority, international names included; nothing if it is not one.
std::optional<http::Authority> parse_international_authority(std::string_view text);

}  // namespace keyswap::bindings
