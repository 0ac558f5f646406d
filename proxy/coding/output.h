// SPDX-License-Identifier: Apache-2.0
//
// Where a library writes what it decoded, before it goes on: wiped, because it may hold a secret
// (I1).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::coding {

class Output {
 public:
  // Written before it is read: zeros first would cost as much as what is decoded.
  Output() {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init)

  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  Output(Output&&) = delete;
  Output& operator=(Output&&) = delete;

  ~Output() { base::wipe(bytes_.data(), used_); }

  char* data() { return bytes_.data(); }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  // Passes on the first `count` bytes.
  [[nodiscard]] base::Status pass(std::size_t count, base::ByteSink& out) {
    used_ = count > used_ ? count : used_;
    const bool is_taken = count == 0 || out.append({bytes_.data(), count});
    return is_taken ? base::Status{}
                    : base::Error{base::Errc::limit_exceeded, "no room for what was decoded"};
  }

 private:
  std::array<char, 32 * 1024> bytes_;
  std::size_t used_ = 0;
};

}  // namespace keyswap::coding
