// SPDX-License-Identifier: Apache-2.0
//
// Where text without a secret in it is put together.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

class TextSink final : public base::ByteSink {
 public:
  [[nodiscard]] bool append(std::string_view bytes) override {
    text_ += bytes;
    return true;
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace keyswap::bindings
