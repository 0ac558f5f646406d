// SPDX-License-Identifier: Apache-2.0
//
// The one byte buffer for traffic: contiguous, bounded, wiped when it is released or moves to a
// larger block, because what passes through may be somebody's data. Not for secrets of ours: those
// live in vault::Secret and vault::LockedBuffer.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "proxy/base/bytes.h"

namespace keyswap::base {

class Buffer final : public ByteSink {
 public:
  // A buffer that never holds more than `bytes_max` unread bytes.
  explicit Buffer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  ~Buffer() override { release(); }

  // Appends all of it, or nothing and false when that would pass the bound.
  [[nodiscard]] bool append(std::string_view bytes) override;

  // The unread bytes; valid until the next call that changes the buffer.
  [[nodiscard]] std::string_view view() const { return {block_.get() + begin_, end_ - begin_}; }

  [[nodiscard]] std::size_t size() const { return end_ - begin_; }

  [[nodiscard]] bool empty() const { return begin_ == end_; }

  // Drops the first `count` unread bytes; count <= size().
  void consume(std::size_t count);

  // Room for `count` more bytes, to be written and then committed; nullptr past the bound.
  [[nodiscard]] char* prepare(std::size_t count);
  void commit(std::size_t count);

  // Empties and keeps the block; release() wipes and gives it back.
  void clear() { begin_ = end_ = 0; }

  void release();

 private:
  void move_to_block_of(std::size_t capacity);

  std::unique_ptr<char[]> block_;  // NOLINT(modernize-avoid-c-arrays): size is dynamic
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t used_max_ =
      0;  // how much of the block has ever been written, so that wiping is cheap
  std::size_t bytes_max_;
};

}  // namespace keyswap::base
