// SPDX-License-Identifier: Apache-2.0
//
// Names for requests: 96 bits, half random by loop, half counted, so that they are unique in a log.
#pragma once

#include <cstdint>
#include <string>

namespace keyswap::net {

class RequestIds {
 public:
  // 24 hex digits.
  std::string next();

 private:
  std::string prefix_;
  std::uint64_t given_ = 0;
};

}  // namespace keyswap::net
