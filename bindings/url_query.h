// SPDX-License-Identifier: Apache-2.0
//
// The parameters in a URL's query, as far as rules on bodies care for them: programs take what a
// body does not have, or even what it has, from there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// Both decoded once, as a form is.
struct UrlParameter {
  std::string name;
  std::string value;
};

// Those of a target in origin form, in their order. `separators`: what parts them, "&", or "&;",
// as some have it.
std::vector<UrlParameter> read_url_query(std::string_view target, std::string_view separators);

// Could a server take a parameter of this name for `name`, or for a part of it: `name[]`,
// ` name.x`, `Name`; also if it decodes once more?
bool may_mean(std::string_view parameter, std::string_view name);

}  // namespace keyswap::bindings
