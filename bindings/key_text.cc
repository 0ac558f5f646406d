// SPDX-License-Identifier: Apache-2.0
#include "bindings/key_text.h"

#include "proxy/base/assert.h"

namespace keyswap::bindings {

std::size_t write_without_space(std::string_view text, std::span<char> out) {
  KS_ASSERT(out.size() >= text.size());
  constexpr std::string_view kSpace = " \t\r\n";
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_written_out =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r');
    if (is_written_out) {
      ++i;
    } else if (kSpace.find(text[i]) == std::string_view::npos) {
      out[size++] = text[i];
    }
  }
  return size;
}

}  // namespace keyswap::bindings
