// SPDX-License-Identifier: Apache-2.0
//
// I1: secret bytes live here and nowhere else: in locked memory that is left out of core dumps,
// wiped when released. A Secret can be moved, not copied, not printed, not compared by accident;
// share() gives another handle to the same bytes, for those who wait with one secret.
// Reading it is done with reveal(), so that every place that does can be listed (test/layers.sh).
//
// The memory is one arena per process, guarded on both sides, locked once with mlock and never
// grown: a machine that cannot lock bounds::kLockedArenaBytesMin does not start (I13).
// libsodium 1.0.18's own allocator carries on when locking fails, so it is not used.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::vault {

// Maps and locks the arena, and starts libsodium: `wanted` bytes, or what RLIMIT_MEMLOCK allows of
// them. Idempotent; the first call says the size. permission (number = errno) when not even the
// least is allowed. Everything below fails with unavailable before this was called.
base::Status lock_memory(std::size_t wanted = base::bounds::kLockedArenaBytesMin);
// The arena's size in bytes; 0 before that.
std::size_t locked_memory_size();

// A run of locked bytes, fixed in size at its making. Thread-safe to make and destroy.
class LockedBytes {
 public:
  LockedBytes() = default;
  // `size` zero bytes. unavailable when the arena is full or lock_memory() was not called.
  static base::Result<LockedBytes> of_size(std::size_t size);
  LockedBytes(const LockedBytes&) = delete;
  LockedBytes& operator=(const LockedBytes&) = delete;
  LockedBytes(LockedBytes&& other) noexcept;
  LockedBytes& operator=(LockedBytes&& other) noexcept;
  ~LockedBytes();

  [[nodiscard]] char* data() { return data_; }

  [[nodiscard]] const char* data() const { return data_; }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  LockedBytes(char* data, std::size_t size) : data_(data), size_(size) {}

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Immutable once it is made. Handles of one secret may live and die on different threads.
class Secret {
 public:
  // Finds a secret again while somebody holds it; holds nothing itself.
  class Watch;

  Secret() = default;
  // A copy of `bytes` in locked memory; the caller wipes its own.
  static base::Result<Secret> copy_of(std::string_view bytes);
  // Takes over bytes already written to locked memory; the first `size` of them count.
  static Secret adopt(LockedBytes bytes, std::size_t size);

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Secret(Secret&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

  Secret& operator=(Secret&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  ~Secret() = default;

  // Another handle to the same bytes; they are wiped when the last one goes.
  [[nodiscard]] Secret share() const { return {bytes_, size_}; }

  [[nodiscard]] std::size_t size() const { return size_; }

  // The bytes; valid while a handle lives. Do not copy them out of locked memory.
  [[nodiscard]] std::string_view reveal() const {
    return {bytes_ == nullptr ? nullptr : bytes_->data(), size_};
  }

 private:
  using Bytes = std::shared_ptr<const LockedBytes>;  // the count lies outside of locked memory

  Secret(Bytes bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}

  Bytes bytes_;
  std::size_t size_ = 0;
};

class Secret::Watch {
 public:
  Watch() = default;

  explicit Watch(const Secret& secret) : bytes_(secret.bytes_), size_(secret.size_) {}

  // Nothing: nobody held it any more, and it is wiped.
  [[nodiscard]] std::optional<Secret> find() const;

 private:
  std::weak_ptr<const LockedBytes> bytes_;
  std::size_t size_ = 0;
};

// Where text with a secret in it is put together: bounded, locked, wiped by clear() and at the end.
class LockedBuffer final : public base::ByteSink {
 public:
  static base::Result<LockedBuffer> of_capacity(std::size_t capacity);
  LockedBuffer(const LockedBuffer&) = delete;
  LockedBuffer& operator=(const LockedBuffer&) = delete;

  LockedBuffer(LockedBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

  LockedBuffer& operator=(LockedBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  ~LockedBuffer() override = default;
  [[nodiscard]] bool append(std::string_view bytes) override;

  [[nodiscard]] std::string_view reveal() const { return {bytes_.data(), size_}; }

  [[nodiscard]] std::size_t size() const { return size_; }

  // So many bytes more it takes.
  [[nodiscard]] std::size_t room() const { return bytes_.size() - size_; }

  void clear();

 private:
  explicit LockedBuffer(LockedBytes bytes) : bytes_(std::move(bytes)) {}

  LockedBytes bytes_;
  std::size_t size_ = 0;
};

template <typename Stream>
Stream& operator<<(Stream&, const Secret&) = delete;

}  // namespace keyswap::vault

template <>
struct fmt::formatter<keyswap::vault::Secret> {
  formatter() = delete;
};
