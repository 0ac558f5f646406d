// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace keyswap::base {

namespace {
constexpr std::size_t kSmallestBlock = 512;
}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : block_(std::move(other.block_)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      used_max_(std::exchange(other.used_max_, 0)),
      bytes_max_(other.bytes_max_) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    block_ = std::move(other.block_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    used_max_ = std::exchange(other.used_max_, 0);
    bytes_max_ = other.bytes_max_;
  }
  return *this;
}

bool Buffer::append(std::string_view bytes) {
  if (bytes.empty()) {
    return true;
  }
  char* room = prepare(bytes.size());
  if (room == nullptr) {
    return false;
  }
  std::memcpy(room, bytes.data(), bytes.size());
  commit(bytes.size());
  return true;
}

void Buffer::consume(std::size_t count) {
  KS_ASSERT(count <= size());
  begin_ += count;
  if (begin_ == end_) {
    clear();
  }
}

char* Buffer::prepare(std::size_t count) {
  // I10: every buffer is bounded.
  if (count > bytes_max_ || size() > bytes_max_ - count) {
    return nullptr;
  }
  if (capacity_ - end_ < count || block_ == nullptr) {
    const std::size_t wanted = size() + count;
    if (wanted <= capacity_ && begin_ >= capacity_ / 2) {
      std::memmove(block_.get(), block_.get() + begin_, size());
      end_ = size();
      begin_ = 0;
    } else {
      move_to_block_of(std::max({wanted, capacity_ * 2, kSmallestBlock}));
    }
  }
  return block_.get() + end_;
}

void Buffer::commit(std::size_t count) {
  KS_ASSERT(count <= capacity_ - end_);
  end_ += count;
  used_max_ = std::max(used_max_, end_);
}

void Buffer::release() {
  if (block_ != nullptr) {
    wipe(block_.get(), used_max_);
    block_.reset();
  }
  capacity_ = begin_ = end_ = used_max_ = 0;
}

void Buffer::move_to_block_of(std::size_t capacity) {
  auto larger =
      std::make_unique_for_overwrite<char[]>(capacity);  // NOLINT(modernize-avoid-c-arrays)
  const std::size_t unread = size();
  if (unread > 0) {
    std::memcpy(larger.get(), block_.get() + begin_, unread);
  }
  release();
  block_ = std::move(larger);
  capacity_ = capacity;
  end_ = used_max_ = unread;
}

}  // namespace keyswap::base
