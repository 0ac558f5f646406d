// SPDX-License-Identifier: Apache-2.0
//
// The built-in catalogue: the text of every file of this folder, and of each venue's provider.yaml,
// compiled into the program (cmake/providers.cmake), so that none is needed where it runs.
#pragma once

#include <span>
#include <string_view>

namespace keyswap::bindings {

struct ProviderFile {
  std::string_view name;  // "openai"
  std::string_view text;
};

// In the order of their names.
std::span<const ProviderFile> provider_files();

}  // namespace keyswap::bindings
