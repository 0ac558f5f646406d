// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/answer_filters.h"

#include <optional>
#include <utility>
#include <vector>

#include "proxy/flow/content_codings.h"

namespace keyswap::flow {

void AnswerFilters::begin(Findings& seen) {
  if (scrubber_ == nullptr) {
    made_ = std::make_unique<Scrubber>(&seen);
    scrubber_ = made_.get();
  }
}

void AnswerFilters::look_for(SharedSearch search, Findings& seen) {
  if (search == nullptr) {
    return;
  }
  begin(seen);
  scrubber_->use(std::move(search));
}

const SharedSearch& AnswerFilters::search() const {
  static const SharedSearch kNone;
  return scrubber_ == nullptr ? kNone : scrubber_->search();
}

base::Status AnswerFilters::open(const http::ResponseHead& head) {
  if (made_ == nullptr) {
    return {};
  }
  // A body without a byte is not coded, whatever is said of it.
  const bool is_empty =
      head.framing.kind == http::Framing::Kind::length && head.framing.length == 0;
  auto codings =
      is_empty ? std::optional(std::vector<coding::Coding>()) : content_codings(head.fields);
  constexpr int kPartialContent = 206;
  if (head.status == kPartialContent && codings && !codings->empty()) {
    codings.reset();  // nothing can be decoded from its middle
  }
  reading_ = !codings ? Reading::blind : codings->empty() ? Reading::plain : Reading::decoded;
  if (codings) {
    KS_TRY(add_decoders(*codings, chain_));
  }
  chain_.add(std::move(made_));
  return {};
}

base::Status AnswerFilters::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  return chain_.feed(piece, is_last, out);
}

}  // namespace keyswap::flow
