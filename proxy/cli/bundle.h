// SPDX-License-Identifier: Apache-2.0
//
// What clients are to trust: the host's roots, the CA in force, and those before it until their
// last leaves have ended. The file ca-old.pem holds the latter, each behind a line "until SECONDS"
// (since 1970). No upstream is trusted for any of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// How large ca-old.pem may be.
inline constexpr std::size_t kOldRootsBytesMax = std::size_t{256} * 1024;

// The text of ca-old.pem with one root more, and without those that have ended. Of more
// than bounds::kOldRootsMax the newest stay.
std::string with_old_root(std::string_view kept,
                          std::string_view certificate_pem,
                          std::int64_t until_s,
                          std::int64_t now_s);

// The roots in such a text that are still to be trusted, as PEM. Never for longer than a leaf of
// theirs could live from now on, whatever the text says.
std::string living_roots(std::string_view kept, std::int64_t now_s);
// Of the home; "" if there are none.
std::string living_old_roots(const Home& home, std::int64_t now_s);

// bundle.pem, for a CA.
std::string bundle_of(const Home& home, const std::string& certificate_pem, std::int64_t now_s);

// Puts the CA's certificate where clients find it: ca.pem, and bundle.pem.
base::Status write_certificates(const Home& home,
                                const std::string& certificate_pem,
                                std::int64_t now_s);

}  // namespace keyswap::cli
