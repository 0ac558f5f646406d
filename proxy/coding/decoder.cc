// SPDX-License-Identifier: Apache-2.0
#include "proxy/coding/decoder.h"

#include <algorithm>
#include <array>

#include "proxy/coding/coders.h"

namespace keyswap::coding {

namespace {

struct Named {
  std::string_view name;
  Coding coding;
};

constexpr std::array kNames = {Named{"gzip", Coding::gzip},
                               Named{"x-gzip", Coding::gzip},
                               Named{"deflate", Coding::deflate},
                               Named{"br", Coding::brotli},
                               Named{"zstd", Coding::zstd}};

}  // namespace

std::optional<Coding> parse_coding(std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kNames, [&](const Named& named) { return base::equal_ignoring_case(named.name, name); });
  return found == kNames.end() ? std::nullopt : std::optional(found->coding);
}

std::unique_ptr<Decoder> make_decoder(Coding coding) {
  switch (coding) {
    case Coding::gzip:
      return make_gzip();
    case Coding::deflate:
      return make_deflate();
    case Coding::brotli:
      return make_brotli();
    case Coding::zstd:
      return make_zstd();
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::coding
