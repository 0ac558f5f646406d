// SPDX-License-Identifier: Apache-2.0
//
// I1: a client may put the real value of a secret anywhere, and no record and no line on stderr
// shows one that is known (proxy/flow/real_values.h). Every text that is a client's passes here.
#pragma once

#include <forward_list>
#include <string>
#include <string_view>

#include "proxy/flow/real_values.h"

namespace keyswap::net {

// For the texts of one record, or one line: of what is known when it is made.
class RealValueMask {
 public:
  // Null: nothing is known.
  explicit RealValueMask(const flow::RealValues* real)
      : search_(real == nullptr ? nullptr : real->search()) {}

  RealValueMask(const RealValueMask&) = delete;
  RealValueMask& operator=(const RealValueMask&) = delete;
  RealValueMask(RealValueMask&&) = delete;
  RealValueMask& operator=(RealValueMask&&) = delete;
  ~RealValueMask() = default;

  [[nodiscard]] bool is_needed() const { return search_ != nullptr; }

  // The text, with <NAME> in place of each value; lives as long as this and the text do.
  std::string_view operator()(std::string_view text);

 private:
  flow::SharedSearch search_;
  std::forward_list<std::string> made_;
};

}  // namespace keyswap::net
