// SPDX-License-Identifier: Apache-2.0
//
// A filter that undoes a content coding (proxy/coding/decoder.h), so that what stands behind it
// sees the text. It grows by so much for each byte that came, and no more (I10).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/coding/decoder.h"
#include "proxy/flow/filter.h"

namespace keyswap::flow {

class DecodeFilter final : public Filter {
 public:
  explicit DecodeFilter(std::unique_ptr<coding::Decoder> decoder) : decoder_(std::move(decoder)) {}

  // invalid_input: what came is broken, or ended too early; limit_exceeded: it is packed more
  // densely than bounds::kDecodedTimesMax, too.
  [[nodiscard]] base::Status feed(std::string_view piece,
                                  bool is_last,
                                  base::ByteSink& out) override;

 private:
  std::unique_ptr<coding::Decoder> decoder_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_ = 0;
};

}  // namespace keyswap::flow
