// SPDX-License-Identifier: Apache-2.0
#include "vault/secret.h"

#include <cstring>

#include <sodium.h>

#include "vault/arena.h"

namespace keyswap::vault {

base::Status lock_memory(std::size_t wanted) {
  if (sodium_init() < 0) {
    return base::Error{base::Errc::unavailable, "the cryptographic library does not start"};
  }
  return arena::lock(wanted);
}

std::size_t locked_memory_size() {
  return arena::size();
}

base::Result<LockedBytes> LockedBytes::of_size(std::size_t size) {
  if (size == 0) {
    return LockedBytes();
  }
  char* block = arena::allocate(size);
  if (block == nullptr) {
    return base::Error{base::Errc::unavailable, "no locked memory left for secrets"};
  }
  return LockedBytes(block, size);
}

LockedBytes::LockedBytes(LockedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LockedBytes& LockedBytes::operator=(LockedBytes&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) {
      arena::release(data_, size_);
    }
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

LockedBytes::~LockedBytes() {
  if (data_ != nullptr) {
    arena::release(data_, size_);
  }
}

base::Result<Secret> Secret::copy_of(std::string_view bytes) {
  auto room = LockedBytes::of_size(bytes.size());
  if (!room) {
    return room.error();
  }
  if (!bytes.empty()) {
    std::memcpy(room->data(), bytes.data(), bytes.size());
  }
  return adopt(std::move(*room), bytes.size());
}

Secret Secret::adopt(LockedBytes bytes, std::size_t size) {
  KS_ASSERT(size <= bytes.size());
  return {std::make_shared<const LockedBytes>(std::move(bytes)), size};
}

std::optional<Secret> Secret::Watch::find() const {
  auto bytes = bytes_.lock();
  return bytes == nullptr ? std::nullopt : std::optional(Secret(std::move(bytes), size_));
}

base::Result<LockedBuffer> LockedBuffer::of_capacity(std::size_t capacity) {
  auto bytes = LockedBytes::of_size(capacity);
  if (!bytes) {
    return bytes.error();
  }
  return LockedBuffer(std::move(*bytes));
}

bool LockedBuffer::append(std::string_view bytes) {
  if (bytes.size() > bytes_.size() - size_) {
    return false;
  }
  if (!bytes.empty()) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  return true;
}

void LockedBuffer::clear() {
  if (size_ > 0) {
    base::wipe(bytes_.data(), size_);
    size_ = 0;
  }
}

}  // namespace keyswap::vault
