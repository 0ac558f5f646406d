// SPDX-License-Identifier: Apache-2.0
//
// An answer of which something is captured (docs/bindings.md, "Capture"): it is held until it is
// whole, and then the values are picked that go into the vault. Nothing of it goes on by this: that
// is for whoever knows that the values are kept (proxy/flow/exchange_capture.cc). Its body lies in
// locked memory, and counts as held by the caller (I1, I10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/binding.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/flow/answer_filters.h"
#include "proxy/http/message.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::flow {

// A value, and whose it is.
struct CapturedValue {
  std::uint32_t rule = 0;
  vault::Secret value;
  std::optional<std::int64_t> life_s = std::nullopt;  // good for so long; nothing: it is not said
};

class AnswerCapture {
 public:
  // Of `uses`, those that an answer with this head may have something for: from a body with 2xx,
  // from a field with 2xx and 3xx.
  static std::vector<bindings::CaptureUse> uses_for(const bindings::Bindings& bindings,
                                                    std::span<const bindings::CaptureUse> uses,
                                                    const http::ResponseHead& head);

  // `bindings`: outlives it. `holder`: counts what it holds. `uses`: at least one.
  AnswerCapture(const bindings::Bindings& bindings,
                std::vector<bindings::CaptureUse> uses,
                http::ResponseHead head,
                vault::Holder holder)
      : bindings_(&bindings),
        uses_(std::move(uses)),
        head_(std::move(head)),
        holder_(std::move(holder)) {}

  // Takes the next piece of the body, as it came. limit_exceeded: it is longer than
  // bounds::kCapturedAnswerBytesMax, or comes in more than kCapturedAnswerPiecesMax; unavailable:
  // there is no locked memory for it.
  [[nodiscard]] base::Status hold(std::string_view piece);

  // It is whole: picks the values. There may be none: a field that is not there is no mistake.
  // invalid_input: it is coded, or written, in a way that is not read here, or in one that can be
  // read in two, or its request can (CaptureUse::is_certain), or it is a part of one, or what
  // stands there is no text that can be found again, or its life is no number of seconds;
  // limit_exceeded: it grows past the bound when
  // it is decoded; unavailable: no locked memory.
  [[nodiscard]] base::Status pick();

  // One of each rule; lives as long as this.
  [[nodiscard]] std::span<const CapturedValue> values() const { return values_; }

  // The name of an entry that it may have something for.
  [[nodiscard]] const std::string& first_entry() const {
    return bindings_->rules[uses_.front().rule].name.text();
  }

  [[nodiscard]] const http::ResponseHead& head() const { return head_; }

  // Hands the body to them, as it came; as AnswerFilters::feed.
  [[nodiscard]] base::Status feed(AnswerFilters& filters, base::ByteSink& out) const;

 private:
  [[nodiscard]] base::Result<vault::Secret> text() const;
  base::Status pick_from_fields();
  base::Status pick_from_field(const bindings::CaptureUse& use, const http::Field& field);
  base::Status pick_from_json();
  base::Status pick_from_form();
  base::Status take_form_field(std::string_view name, std::string_view value);
  base::Status pick_from_body();
  base::Status take(const bindings::CaptureUse& use, base::Result<vault::Secret> value);
  base::Status limit_life(const bindings::CaptureUse& use, base::Result<std::int64_t> life_s);
  [[nodiscard]] const bindings::Capture& capture_of(const bindings::CaptureUse& use) const;

  const bindings::Bindings* bindings_;
  std::vector<bindings::CaptureUse> uses_;
  http::ResponseHead head_;
  vault::Holder holder_;
  std::vector<vault::Secret> pieces_;
  std::size_t bytes_ = 0;
  std::vector<CapturedValue> values_;
};

}  // namespace keyswap::flow
