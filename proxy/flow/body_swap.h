// SPDX-License-Identifier: Apache-2.0
//
// A request's body on its way, in which placeholders are swapped: it gives runs of bytes that stay,
// and, between them, the places where a credential comes. What a credential is, and whether it may
// leave yet, is the machine's affair (proxy/flow/exchange_body.cc); until that is known, nothing
// more is asked for. It holds back what may be the beginning of a placeholder, and no more; where
// the body is cut does not matter (I15).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/body_place.h"
#include "bindings/body_text.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/result.h"
#include "proxy/flow/body_position.h"
#include "proxy/flow/json_strings.h"

namespace keyswap::flow {

// A place in this body where a rule's credential may come: the number of one of its places, and of
// the scope in which it may be used (I5).
struct SwapPlace {
  std::uint32_t rule = 0;
  std::uint32_t place = 0;
  std::uint32_t scope = 0;
};

class BodySwap {
 public:
  // `bindings`: outlives it. The first of a rule's places that fits counts.
  BodySwap(const bindings::Bindings& bindings,
           bindings::BodyText text,
           std::vector<SwapPlace> places);

  // Takes the next piece; limit_exceeded when what was not asked for yet is too much.
  base::Status feed(std::string_view piece);

  // What was given out is not looked at any more. A large block is given back (I10): the next piece
  // may be long in coming.
  void rest();

  // Bytes that are held of the body.
  [[nodiscard]] std::size_t size() const { return input_.size(); }

  // No piece follows.
  void end() { has_ended_ = true; }

  struct Step {
    enum class Kind : std::uint8_t {
      nothing,     // for now, or for good once it has ended
      bytes,       // stay
      credential,  // comes here
    };
    Kind kind = Kind::nothing;
    std::string_view bytes;  // until the next feed() or rest()
    std::size_t place = 0;   // of those it was made with
    bool is_nested = false;  // a credential: in a string that is read twice (NestedStrings)
  };

  Step next();

  [[nodiscard]] bindings::BodyText text() const { return text_; }

  // May what was written for this body stand where a step is nested?
  [[nodiscard]] bool may_be_nested(std::string_view written) const {
    return strings_.are_safe_for(written);
  }

  [[nodiscard]] const std::vector<SwapPlace>& places() const { return places_; }

  [[nodiscard]] const SwapPlace& place(std::size_t number) const { return places_[number]; }

 private:
  [[nodiscard]] std::size_t find_place(std::uint32_t rule) const;
  void drop_taken();
  std::string_view take(std::size_t count);

  const bindings::Bindings* bindings_;
  bindings::BodyText text_;
  std::vector<SwapPlace> places_;
  std::vector<std::unique_ptr<BodyPosition>> positions_;  // of each place; null: anywhere
  NestedStrings strings_;                                 // as far as was given out
  static constexpr std::size_t kInputBytesMax =
      base::bounds::kSwapHoldBytes + 2 * base::bounds::kReadChunkBytes;
  base::Buffer input_{kInputBytesMax};
  std::size_t taken_ = 0;     // of the input: given out
  std::size_t searched_ = 0;  // of the input: no placeholder that counts begins before
  bool has_ended_ = false;
};

}  // namespace keyswap::flow
