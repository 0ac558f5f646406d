// SPDX-License-Identifier: Apache-2.0
//
// A request's path as records and people see it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bindings/binding.h"

namespace keyswap::flow {

// The path of `target` as records show it: without query, placeholders as <NAME>, also where their
// bytes are percent-encoded.
std::string shown_path(std::string_view target, const bindings::Bindings& bindings);

}  // namespace keyswap::flow
