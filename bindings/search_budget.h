// SPDX-License-Identifier: Apache-2.0
//
// I10: how much of one request's readings its rules may look through. A rule whose glob has to
// search ("*/admin/*") costs the length of each reading, and a client chooses how many readings his
// path has. So all rules of a request share this; what is left undone is not allowed, and blocked.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "bindings/bounds.h"
#include "bindings/glob.h"

namespace keyswap::bindings {

class SearchBudget {
 public:
  // A further rule is judged. It brings an allowance of its own, so that a path of usual length is
  // never too much, however many rules there are.
  void begin_rule() { left_ += bounds::kSearchedBytesPerRule; }

  // As glob_matches; nothing when it would be more than is left. A text that differs before the
  // first star costs nothing.
  std::optional<bool> matches(std::string_view glob, std::string_view text, Star star);

 private:
  std::size_t left_ = bounds::kSearchedBytesMax;
};

}  // namespace keyswap::bindings
