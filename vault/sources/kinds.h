// SPDX-License-Identifier: Apache-2.0
//
// The kinds of sources that there are: what each is called, which settings it takes, and how it is
// made. A kind is a file of this folder and a line in kinds.cc.
#pragma once

#include <string_view>

#include "vault/source_kind.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// All of them, by name.
[[nodiscard]] BackendKinds backend_kinds();
// By its name; null: there is none.
[[nodiscard]] const BackendKind* find_backend_kind(std::string_view name);

}  // namespace keyswap::vault
