#pragma once
#include <string_view>
#include <vector>
#include "bindings/binding.h"
namespace keyswap::bindings {
inline bool is_blocked(const std::vector<BlockedEndpoint>&, std::string_view, std::string_view) { return false; }
}
