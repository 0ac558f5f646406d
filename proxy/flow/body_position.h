// SPDX-License-Identifier: Apache-2.0
//
// Reads along with a body and knows where in it the next byte stands: inside of the value that a
// place names, or not. Byte for byte, so that it does not matter how the body is cut (I15); strict,
// and bounded.
#pragma once

#include <string_view>

namespace keyswap::flow {

class BodyPosition {
 public:
  BodyPosition() = default;
  BodyPosition(const BodyPosition&) = delete;
  BodyPosition& operator=(const BodyPosition&) = delete;
  BodyPosition(BodyPosition&&) = delete;
  BodyPosition& operator=(BodyPosition&&) = delete;
  virtual ~BodyPosition() = default;

  virtual void read(std::string_view bytes) = 0;

  // Would the next byte stand in the place's value? Not from where the body is not what it has to
  // be, and not where the place is there a second time: then it is not clear which one counts.
  [[nodiscard]] virtual bool is_in_place() const = 0;
};

}  // namespace keyswap::flow
