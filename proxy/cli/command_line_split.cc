// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/command_line_split.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace keyswap::cli {

namespace {

// Options whose value is the next word (unless it stands behind '=').
constexpr std::array<std::string_view, 6> kWithValue = {
    "--home", "--password-file", "--password-fd", "--bindings", "--caller", "--caller-token-file"};

}  // namespace

std::pair<Arguments, Arguments> split_at_command(const Arguments& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].size() > 1 && arguments[at].front() == '-' &&
         arguments[at] != "--") {
    at += std::ranges::find(kWithValue, arguments[at]) != kWithValue.end() ? 2 : 1;
  }
  at = std::min(at, arguments.size());
  const auto begin = arguments.begin() + static_cast<std::ptrdiff_t>(at);
  const bool has_mark = begin != arguments.end() && *begin == "--";
  Arguments own(arguments.begin(), begin);
  own.page = arguments.page;
  return {std::move(own), {begin + (has_mark ? 1 : 0), arguments.end()}};
}

}  // namespace keyswap::cli
