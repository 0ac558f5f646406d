// SPDX-License-Identifier: Apache-2.0
//
// I10: bodies and messages that a signer must see whole are collected, and what the machines of one
// loop hold of them is counted. A machine owns a share of the count, and gives back what it holds
// when it lets go of its body, or goes itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"

namespace keyswap::flow {

// What all of a loop hold. Outlives its shares.
class CollectedBytes {
 public:
  CollectedBytes() = default;
  CollectedBytes(const CollectedBytes&) = delete;
  CollectedBytes& operator=(const CollectedBytes&) = delete;
  CollectedBytes(CollectedBytes&&) = delete;
  CollectedBytes& operator=(CollectedBytes&&) = delete;
  ~CollectedBytes() = default;

  bool operator==(std::size_t bytes) const { return bytes_ == bytes; }

 private:
  friend class CollectedShare;
  std::size_t bytes_ = 0;
};

// What one machine holds.
class CollectedShare {
 public:
  // Counts nothing, and refuses nothing.
  CollectedShare() = default;

  explicit CollectedShare(CollectedBytes& all) : all_(&all) {}

  CollectedShare(const CollectedShare&) = delete;
  CollectedShare& operator=(const CollectedShare&) = delete;

  CollectedShare(CollectedShare&& other) noexcept
      : all_(std::exchange(other.all_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

  CollectedShare& operator=(CollectedShare&&) = delete;

  ~CollectedShare() { give_back(); }

  // False: all together would hold too much; then nothing is taken.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (all_ == nullptr) {
      return true;
    }
    if (all_->bytes_ + bytes > base::bounds::kSignedBodiesBytesMax) {
      return false;
    }
    all_->bytes_ += bytes;
    bytes_ += bytes;
    return true;
  }

  void give_back() { give_back(bytes_); }

  // bytes <= those that were taken.
  void give_back(std::size_t bytes) {
    if (all_ != nullptr) {
      all_->bytes_ -= bytes;
      bytes_ -= bytes;
    }
  }

 private:
  CollectedBytes* all_ = nullptr;
  std::size_t bytes_ = 0;
};

// The bytes themselves, with the share that they take.
class CollectedBody {
 public:
  enum class Added : std::uint8_t {
    all,
    too_large,  // for one body
    no_room,    // for all together
  };

  // `bytes_max`: of this one.
  CollectedBody(CollectedShare share, std::size_t bytes_max)
      : share_(std::move(share)), bytes_(bytes_max) {}

  // All of `bytes`, or nothing.
  [[nodiscard]] Added add(std::string_view bytes) {
    if (!share_.take(bytes.size())) {
      return Added::no_room;
    }
    return bytes_.append(bytes) ? Added::all : Added::too_large;
  }

  // So much is held elsewhere of the same body, in place of what was said before. False: all
  // together would hold too much.
  [[nodiscard]] bool count_besides(std::size_t bytes) {
    if (bytes > besides_ && !share_.take(bytes - besides_)) {
      return false;
    }
    if (bytes < besides_) {
      share_.give_back(besides_ - bytes);
    }
    besides_ = bytes;
    return true;
  }

  void release() {
    share_.give_back();
    besides_ = 0;
    bytes_.release();
  }

  [[nodiscard]] std::string_view view() const { return bytes_.view(); }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  CollectedShare share_;
  base::Buffer bytes_;
  std::size_t besides_ = 0;
};

}  // namespace keyswap::flow
