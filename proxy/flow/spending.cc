// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/spending.h"

#include <algorithm>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/content_codings.h"

namespace keyswap::flow {

namespace {

// As bindings/model_request.cc takes a prompt.
constexpr std::uint64_t kBytesPerToken = 3;
constexpr int kFirstError = 300;

}  // namespace

void Spending::begin(const http::ResponseHead& head) {
  is_refused_ = head.status >= kFirstError;
  const auto* const type = head.fields.find("content-type");
  const bool has_events =
      type != nullptr && base::to_lower(type->value).starts_with("text/event-stream");
  reader_ = std::make_unique<UsageReader>(has_events ? UsageReader::Form::events
                                                     : UsageReader::Form::json);
  const auto codings = content_codings(head.fields);
  if (!codings || !add_decoders(*codings, decoders_)) {
    reader_.reset();
  }
}

void Spending::look(std::string_view bytes, bool is_last) {
  if (reader_ != nullptr && !decoders_.feed(bytes, is_last, *reader_)) {
    // Broken, or packed too densely (I10): what was read so far is all that is known.
    decoders_ = {};
    is_blind_ = true;
  }
}

Spent Spending::spent(bool is_complete) const {
  Spent spent{model_, {}, false};
  const bool is_told = reader_ != nullptr && reader_->is_told();
  if (reader_ != nullptr) {
    spent.usage = reader_->usage();
  }
  if (is_complete && !is_blind_ && (is_told || is_refused_ || counts_alone_)) {
    return spent;
  }
  if (is_refused_ && !is_told) {
    return spent;
  }
  spent.is_estimated = true;
  if (spent.usage.all_input() == 0) {
    spent.usage.input = estimate_.input;
  }
  const std::uint64_t text_bytes = reader_ == nullptr ? 0 : reader_->text_bytes();
  const auto said = static_cast<std::int64_t>(std::min<std::uint64_t>(
      (text_bytes + kBytesPerToken - 1) / kBytesPerToken, bindings::bounds::kBudgetTokensMax));
  // What a model thinks is paid for, and often nobody sees it: what was reserved stays.
  spent.usage.output = std::max({spent.usage.output, said, estimate_.output});
  return spent;
}

}  // namespace keyswap::flow
