// SPDX-License-Identifier: Apache-2.0
//
// The parameters of an Authorization field: `SCHEME a=1, b="2"` (RFC 9110 section 11.4), as schemes
// read them that sign there.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// Views into the field.
struct AuthParameter {
  std::string_view name;
  std::string_view value;  // without its quotes
  std::size_t at = 0;      // where the value begins in the field
};

// In their order. Nothing for another scheme (whatever the case), for what has not that form, or
// could be read in more than one way: a name twice, in any case; an escape between quotes; spaces
// around a '='; more than bounds::kAuthParametersMax.
std::optional<std::vector<AuthParameter>> read_auth_parameters(std::string_view field,
                                                               std::string_view scheme);

// The value of that parameter, compared byte by byte; nothing if it is not there.
std::optional<std::string_view> find_auth_parameter(const std::vector<AuthParameter>& parameters,
                                                    std::string_view name);

}  // namespace keyswap::bindings
