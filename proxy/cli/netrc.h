// SPDX-License-Identifier: Apache-2.0
//
// A netrc (curl(1), ftp(1)): machine HOST login USER password VALUE, in words; what stands between
// double quotes is one. Its entries with their places; and the file without those that concern
// bound hosts: Python's requests prefers an entry of it to the header that it was given, and a real
// credential would go out in the placeholder's place. What is there for other hosts stays, byte by
// byte, and so do entries whose passwords are placeholders, as `import netrc` leaves them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/bound_host.h"

namespace keyswap::cli {

struct NetrcWord {
  std::size_t begin = 0;  // in the file's text; behind a quote
  std::string_view text;
  bool is_escaped = false;  // with backslashes, which would have to be worked out
};

// An entry, from its first word to the next one's.
struct NetrcMachine {
  std::size_t begin = 0;
  std::string_view name;  // "" = every host: `default`, or what stands before the first entry
  std::vector<NetrcWord> passwords;
};

struct NetrcEntries {
  std::vector<NetrcMachine> machines;
  // Where it is not understood: an unknown word, a value that is missing, a quote that is not
  // closed, which also ends it.
  std::optional<std::size_t> mistake;
};

NetrcEntries parse_netrc(std::string_view text);

struct FilteredNetrc {
  std::string text;                   // what stays
  std::vector<std::string> left_out;  // the machines that do not, "default" among them
};

// Nothing when it is not understood: then nobody knows whom it concerns.
std::optional<FilteredNetrc> filter_netrc(std::string_view netrc,
                                          const std::vector<BoundHost>& bound,
                                          const std::vector<std::string>& placeholders = {});

}  // namespace keyswap::cli
