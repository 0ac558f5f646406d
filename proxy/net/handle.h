// SPDX-License-Identifier: Apache-2.0
//
// A way back to somebody who may be gone when an answer to it comes: a record that became durable,
// a charge, a certificate. Whoever waits has an Anchor; what is handed to others is a Handle. No
// table of who is there, and no pointer that outlives what it points to.
#pragma once

#include <memory>
#include <utility>

namespace keyswap::net {

// May be copied and dropped on any thread; asked only on the loop's.
template <typename T>
class Handle {
 public:
  explicit Handle(std::shared_ptr<T*> target) : target_(std::move(target)) {}

  // Null when it is gone.
  [[nodiscard]] T* get() const { return *target_; }

 private:
  std::shared_ptr<T*> target_;
};

// A member of what is to be found; on the loop's thread.
template <typename T>
class Anchor {
 public:
  explicit Anchor(T& target) : target_(std::make_shared<T*>(&target)) {}

  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;
  Anchor(Anchor&&) = delete;
  Anchor& operator=(Anchor&&) = delete;

  ~Anchor() { *target_ = nullptr; }

  [[nodiscard]] Handle<T> handle() const { return Handle<T>(target_); }

 private:
  std::shared_ptr<T*> target_;
};

}  // namespace keyswap::net
