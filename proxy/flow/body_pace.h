// SPDX-License-Identifier: Apache-2.0
//
// Does a request's body come, or does somebody only hold the connection (I10)? It is looked at in
// windows of bounds::kRequestBodyWindowMs. Nothing at all for bounds::kRequestBodyPauseMs is the
// end; so are as many windows that bring something but next to nothing, unless a good one came in
// between. So a client may pause, more than once, and may not trickle for ever.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/base/bounds.h"

namespace keyswap::flow {

class BodyPace {
 public:
  void add(std::size_t bytes) { window_bytes_ += bytes; }

  // A window is over, and the next begins: true when the body came too slowly.
  bool end_window() {
    if (window_bytes_ == 0) {
      ++empty_windows_;
    } else {
      empty_windows_ = 0;
      const bool is_good = window_bytes_ >= base::bounds::kRequestBodyWindowBytesMin;
      slow_windows_ = is_good ? 0 : slow_windows_ + 1;
    }
    window_bytes_ = 0;
    return empty_windows_ >= kWindowsMax || slow_windows_ >= kWindowsMax;
  }

 private:
  static constexpr std::int64_t kWindowsMax =
      base::bounds::kRequestBodyPauseMs / base::bounds::kRequestBodyWindowMs;

  std::uint64_t window_bytes_ = 0;
  std::int64_t empty_windows_ = 0;  // in a row
  std::int64_t slow_windows_ = 0;   // since the last good one
};

}  // namespace keyswap::flow
