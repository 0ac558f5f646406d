// SPDX-License-Identifier: Apache-2.0
//
// How a command ends and what it says when it cannot go on: one line that says what is wrong, one
// that says what to do (docs/operations.md, "Exit statuses"). Unlike base::Error the text may hold
// names that the operator gave (paths, secrets' names, addresses); never a value.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/error.h"

namespace keyswap::cli {

enum class Exit : int {
  done = 0,
  no = 1,      // the answer is no: a check failed
  usage = 2,   // used wrongly, or a broken configuration
  cannot = 3,  // I/O, permission, locked
};

struct Failure {
  Exit exit = Exit::cannot;
  std::string what;
  std::string hint;
};

// Nothing, or why not.
using Problem = std::optional<Failure>;

// A T, or why there is none.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  // `return value;` and `return failure;` read as meant.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Outcome(T value) : value_(std::move(value)) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  Outcome(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return value_.has_value(); }

  [[nodiscard]] T& value() & {
    KS_ASSERT(value_.has_value());
    return *value_;
  }

  [[nodiscard]] T&& value() && {
    KS_ASSERT(value_.has_value());
    return std::move(*value_);
  }

  T* operator->() { return &value(); }

  [[nodiscard]] const Failure& failure() const {
    KS_ASSERT(!value_.has_value());
    return failure_;
  }

 private:
  std::optional<T> value_;
  Failure failure_;
};

// "cannot write the file: No space left on device": the error's text, and errno's where it is one.
std::string explain(const base::Error& error);
// When no thread can be started (base::is_lack_of_threads).
Failure thread_failure(const base::Error& error);
// What errno says.
std::string explain_errno(int number);

}  // namespace keyswap::cli
