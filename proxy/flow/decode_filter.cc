// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decode_filter.h"

#include "proxy/base/bounds.h"

namespace keyswap::flow {

namespace {

// Takes so many bytes and no more.
class Meter final : public base::ByteSink {
 public:
  Meter(base::ByteSink& out, std::uint64_t left) : out_(out), left_(left) {}

  [[nodiscard]] bool append(std::string_view bytes) override {
    if (bytes.size() > left_) {
      return false;
    }
    left_ -= bytes.size();
    return out_.append(bytes);
  }

  [[nodiscard]] std::uint64_t left() const { return left_; }

 private:
  base::ByteSink& out_;
  std::uint64_t left_;
};

}  // namespace

base::Status DecodeFilter::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  taken_ += piece.size();
  const std::uint64_t most =
      base::bounds::kDecodedFreeBytes + base::bounds::kDecodedTimesMax * taken_;
  const std::uint64_t left = most - given_;
  Meter meter(out, left);
  KS_TRY(decoder_->feed(piece, meter));
  given_ += left - meter.left();
  return !is_last || decoder_->is_whole()
             ? base::Status{}
             : base::Error{base::Errc::invalid_input, "the end of what is coded is missing"};
}

}  // namespace keyswap::flow
