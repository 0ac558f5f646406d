// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/kinds.h"

#include <algorithm>
#include <array>

namespace keyswap::vault {

namespace {

// One line a kind, by name. `make`: declared in the header of its file.
constexpr std::array kKinds = {
    BackendKind{.name = kLocalKind, .is_remote = false},
};

static_assert(std::ranges::is_sorted(kKinds, {}, &BackendKind::name));

}  // namespace

BackendKinds backend_kinds() {
  return kKinds;
}

const BackendKind* find_backend_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &BackendKind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace keyswap::vault
