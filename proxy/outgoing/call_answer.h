// SPDX-License-Identifier: Apache-2.0
//
// An answer to a call of ours, as it comes: its head line by line, its body in locked memory (I1),
// both bounded (I10). Of the head a status, Retry-After, Date and whether a quota is used up are
// kept, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "vault/secret.h"
#include "vault/sources/run.h"

namespace keyswap::outgoing {

class CallAnswerReader {
 public:
  enum class Taken : std::uint8_t {
    yes,
    too_much,  // bounds::kCallHeadBytesMax, or the call's own answer_bytes_max
    no_room,   // of locked memory
  };

  // `now_s`: since 1970, for a Retry-After that is a date.
  CallAnswerReader(std::size_t body_bytes_max, std::int64_t now_s)
      : body_bytes_max_(body_bytes_max), now_s_(now_s) {}

  // A line with its end, the status line first. Another status line begins the head anew: what was
  // before was an interim answer. All of them count for the bound.
  Taken head_line(std::string_view line);
  Taken body(std::string_view piece);

  [[nodiscard]] int status() const { return status_; }

  [[nodiscard]] std::int64_t retry_after_ms() const { return retry_after_ms_; }

  // Once it is whole.
  [[nodiscard]] vault::CallAnswer take();

 private:
  bool grow(std::size_t size);

  std::size_t body_bytes_max_;
  std::int64_t now_s_;
  std::size_t head_bytes_ = 0;
  int status_ = 0;
  std::int64_t retry_after_ms_ = 0;
  std::optional<std::int64_t> date_s_;
  bool is_used_up_ = false;
  std::int64_t quota_resets_s_ = 0;
  vault::LockedBytes body_;
  std::size_t body_size_ = 0;
};

}  // namespace keyswap::outgoing
