// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/argument_mistake.h"

namespace keyswap::cli {

namespace {

// "a,b,c}" as it stands behind "not in {".
std::string list_of(std::string_view set) {
  std::string list;
  for (const char c : set.substr(0, set.rfind('}'))) {
    list += c;
    if (c == ',') {
      list += ' ';
    }
  }
  return list;
}

}  // namespace

// The name of the option stands first, the value in the middle, and what it may be last.
std::string without_value(std::string_view said) {
  constexpr std::string_view kNotConverted = "Could not convert: ";
  constexpr std::string_view kNotInSet = " not in {";
  constexpr std::string_view kNotInRange = " not in range ";
  if (said.starts_with(kNotConverted)) {
    said.remove_prefix(kNotConverted.size());
    return std::string(said.substr(0, said.find(" = "))) + " does not take that value " +
           std::string(kNotShown);
  }
  const std::string name(said.substr(0, said.find(": ")));
  if (const auto at = said.rfind(kNotInSet); at != std::string_view::npos) {
    return name + ": that is none of " + list_of(said.substr(at + kNotInSet.size()));
  }
  if (const auto at = said.rfind(kNotInRange); at != std::string_view::npos) {
    return name + ": that is no number from " + std::string(said.substr(at + kNotInRange.size()));
  }
  return std::string(said.substr(0, said.find('\n')));
}

}  // namespace keyswap::cli
