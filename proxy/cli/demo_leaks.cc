// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/demo_leaks.h"

#include <algorithm>
#include <filesystem>

#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = std::size_t{256} * 1024 * 1024;

}  // namespace

std::vector<std::string> spellings(std::string_view key) {
  return {std::string(key), base::to_hex(key), base::to_base64(key), base::to_base64url(key)};
}

bool holds_any(std::string_view text, const std::vector<std::string>& needles) {
  return std::ranges::any_of(needles, [&](const std::string& needle) {
    return text.find(needle) != std::string_view::npos;
  });
}

bool is_in_files(const std::string& folder, const std::vector<std::string>& needles) {
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failed)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const auto text = read_file(entry.path().string(), kFileBytesMax);
    if (!text || holds_any(*text, needles)) {
      return true;  // what cannot be read is not known to be clean
    }
  }
  return static_cast<bool>(failed);
}

}  // namespace keyswap::cli
