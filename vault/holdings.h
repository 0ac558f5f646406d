// SPDX-License-Identifier: Apache-2.0
//
// I10: what requests and WebSockets hold of locked memory while they wait, counted for the caller
// who sent them: one who holds much is refused more of it, and the others are not. What many hold
// together (Secret::share()) counts once for each caller, and once for all of them.
//
// What is held only while something is computed is not counted: the arena has room for it besides
// (bounds::kLockedLoopBytes).
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vault/secret.h"

namespace keyswap::vault {

// Thread-safe; outlives its Holders.
class Holdings {
 public:
  // `bytes_max`: of all together.
  explicit Holdings(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // What all hold, in bytes of the arena.
  [[nodiscard]] std::size_t bytes() const;

 private:
  friend class Holder;

  // Distinct secrets, known by where they lie, with their holders.
  struct Tally {
    std::unordered_map<const char*, std::size_t> holders;
    std::size_t bytes = 0;

    [[nodiscard]] std::size_t bytes_with(const Secret& secret) const;
    void add(const Secret& secret);
    void remove(const Secret& secret);
  };

  bool take(const std::string& caller, const Secret& secret);
  void give_back(const std::string& caller, const std::vector<Secret>& secrets);

  std::size_t bytes_max_;
  mutable std::mutex mutex_;  // guards what follows
  Tally all_;
  std::unordered_map<std::string, Tally> callers_;  // those who hold something
};

// What one request, or one WebSocket, holds.
class Holder {
 public:
  // Counts nothing, and refuses nothing.
  Holder() = default;

  // `all`: outlives it; null: as above. `caller`: "" unknown.
  Holder(Holdings* all, std::string_view caller) : all_(all), caller_(caller) {}

  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  Holder(Holder&& other) noexcept
      : all_(std::exchange(other.all_, nullptr)),
        caller_(std::move(other.caller_)),
        held_(std::exchange(other.held_, {})),
        bytes_(std::exchange(other.bytes_, 0)) {}

  Holder& operator=(Holder&& other) noexcept {
    if (this != &other) {
      release();
      all_ = std::exchange(other.all_, nullptr);
      caller_ = std::move(other.caller_);
      held_ = std::exchange(other.held_, {});
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }

  ~Holder() { release(); }

  // Counts the secret, and keeps a handle of it. False: that would be over the bound of one
  // connection, of its caller, or of all; then nothing is held.
  [[nodiscard]] bool hold(const Secret& secret);
  // Lets go of all.
  void release();

 private:
  Holdings* all_ = nullptr;
  std::string caller_;
  std::vector<Secret> held_;
  std::size_t bytes_ = 0;
};

}  // namespace keyswap::vault
