// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a T or an Error. Status: success or an Error. Both must be looked at ([[nodiscard]]),
// and a wrong access aborts. Member names are std::expected's, so that an alias can replace this.
#pragma once

#include <optional>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/error.h"

namespace keyswap::base {

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): `return value;` and `return error;` read as meant
  Result(T value) : value_(std::move(value)) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(error) {}

  [[nodiscard]] bool has_value() const { return value_.has_value(); }

  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & {
    KS_ASSERT(has_value());
    return *value_;
  }

  [[nodiscard]] const T& value() const& {
    KS_ASSERT(has_value());
    return *value_;
  }

  [[nodiscard]] T&& value() && {
    KS_ASSERT(has_value());
    return std::move(*value_);
  }

  T& operator*() & { return value(); }

  const T& operator*() const& { return value(); }

  T* operator->() { return &value(); }

  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const {
    KS_ASSERT(!has_value());
    return error_;
  }

 private:
  std::optional<T> value_;
  Error error_{Errc::invalid_input, "no error"};
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;

  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(error) {}

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }

  explicit operator bool() const { return has_value(); }

  [[nodiscard]] const Error& error() const {
    KS_ASSERT(!has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace keyswap::base

// Returns the error of a Status (or of a Result whose value is not wanted) to the caller.
#define KS_TRY(expression)                           \
  do {                                               \
    if (auto ks_status = (expression); !ks_status) { \
      return ks_status.error();                      \
    }                                                \
  } while (false)
