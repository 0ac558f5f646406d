// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/passphrase.h"

#include <algorithm>
#include <string>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

Problem check_strength(std::string_view passphrase) {
  constexpr auto kContinuation = 0x80U;  // of UTF-8: such a byte begins no character
  constexpr auto kTopBits = 0xc0U;
  const auto characters = std::ranges::count_if(passphrase, [](char byte) {
    return (static_cast<unsigned char>(byte) & kTopBits) != kContinuation;
  });
  if (static_cast<std::size_t>(characters) >= base::bounds::kPassphraseCharactersMin) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 "the passphrase is too short: whoever copies the vault can try all of that length",
                 "choose one of at least " +
                     std::to_string(base::bounds::kPassphraseCharactersMin) +
                     " characters; several words are easy to keep. Nothing was changed"};
}

}  // namespace keyswap::cli
