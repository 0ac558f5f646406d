// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/filter.h"

namespace keyswap::flow {

// The way from one filter into those behind it.
class FilterChain::Link final : public base::ByteSink {
 public:
  Link(FilterChain& chain, std::size_t stage, base::ByteSink& out)
      : chain_(chain), stage_(stage), out_(out) {}

  [[nodiscard]] bool append(std::string_view bytes) override {
    return bytes.empty() || chain_.feed_from(stage_, bytes, false, out_).has_value();
  }

 private:
  FilterChain& chain_;
  std::size_t stage_;
  base::ByteSink& out_;
};

base::Status FilterChain::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  return feed_from(0, piece, is_last, out);
}

base::Status FilterChain::feed_from(std::size_t stage,
                                    std::string_view piece,
                                    bool is_last,
                                    base::ByteSink& out) {
  if (stage == stages_.size()) {
    return out.append(piece) ? base::Status{}
                             : base::Error{base::Errc::limit_exceeded, "no room for a body"};
  }
  if (stage + 1 == stages_.size()) {
    return stages_[stage]->feed(piece, is_last, out);
  }
  Link next(*this, stage + 1, out);
  KS_TRY(stages_[stage]->feed(piece, is_last, next));
  // What the last piece brought of bytes came as pieces that were not the last.
  return is_last ? feed_from(stage + 1, {}, true, out) : base::Status{};
}

}  // namespace keyswap::flow
