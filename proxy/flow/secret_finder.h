// SPDX-License-Identifier: Apache-2.0
//
// All secrets that stand in one text, in their order, in whichever of their forms and however
// escaped: what SecretSearch and EscapedSearch find, as one. What is done with them is its user's
// affair: an answer is scrubbed of them (proxy/flow/scrub.h), a request's are told of
// (proxy/flow/real_sighting.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/flow/escape.h"
#include "proxy/flow/escaped_search.h"
#include "proxy/flow/secret_search.h"

namespace keyswap::flow {

class SecretFinder {
 public:
  // How the text is cut out of a longer one.
  struct Cut {
    SecretSearch::Rest rest = SecretSearch::Rest::none;
    char before = '\0';      // the byte before it; 0: none
    std::size_t synced = 0;  // where escapes are read from (EscapedSearch)
  };

  // All outlive this. `compared`: grows by the bytes that were compared with forms.
  SecretFinder(const SecretSearch& search, std::string_view text, Cut cut, std::uint64_t& compared);
  SecretFinder(const SecretFinder&) = delete;
  SecretFinder& operator=(const SecretFinder&) = delete;

  // The first at `from` or later, of several the longest; or what may become one (without secret).
  SecretSearch::Found next(std::size_t from);

 private:
  static constexpr std::size_t kUnknown = std::string_view::npos - 1;

  struct Escaped {
    EscapedSearch search;
    SecretSearch::Found next{.at = kUnknown};
  };

  static bool is_behind(const SecretSearch::Found& found, std::size_t from) {
    return found.at < from || found.at == kUnknown;
  }

  const SecretSearch::Found& first_of_held(const SecretSearch::Found& first, std::size_t from);
  static const SecretSearch::Found& first_of(const SecretSearch::Found& a,
                                             const SecretSearch::Found& b);

  const SecretSearch& search_;
  std::string_view text_;
  Cut cut_;
  std::vector<EscapeMark> marks_;
  std::vector<Escaped> escaped_;
  std::uint64_t& compared_;
  SecretSearch::Found plain_next_{.at = kUnknown};
  SecretSearch::Found token_next_{.at = kUnknown};
  SecretSearch::Found held_next_{.at = kUnknown};
};

// Is none in that text, which is whole? Most texts have none, and no escape either: then it costs a
// pass, and nothing is made.
bool is_without_secrets(const SecretSearch& search, std::string_view text);
// The same, as the text stands: what is escaped in it is not looked at.
bool is_plainly_without(const SecretSearch& search, std::string_view text);

}  // namespace keyswap::flow
