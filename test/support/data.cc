// SPDX-License-Identifier: Apache-2.0
#include "test/support/data.h"

namespace keyswap::test {

std::string tree_path(const std::string& name) {
  return std::string(KEYSWAP_TREE) + "/" + name;
}

}  // namespace keyswap::test
