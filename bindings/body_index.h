// SPDX-License-Identifier: Apache-2.0
//
// Finds the placeholders that may be swapped in a body, in the ways in which programs write them
// there (bindings/body_text.h), in a body that comes in pieces. Matching is byte-exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/body_text.h"
#include "bindings/placeholder.h"

namespace keyswap::bindings {

class BodyIndex {
 public:
  struct Placeholder {
    std::uint32_t rule = 0;
    std::string_view text;
  };

  // None is contained in another.
  void build(const std::vector<Placeholder>& placeholders);

  [[nodiscard]] bool is_empty() const { return sorted_.empty(); }

  struct Hit {
    std::size_t at = 0;
    std::size_t size = 0;
    std::uint32_t rule = 0;
  };

  // The first that begins at `from` or later, as it is written in such a body.
  [[nodiscard]] std::optional<Hit> find_next(BodyText body,
                                             std::string_view text,
                                             std::size_t from) const;

  // So many bytes at the end of `text` may be the beginning of one.
  [[nodiscard]] std::size_t held_back(std::string_view text) const;

 private:
  struct Form {
    std::uint32_t rule = 0;
    std::optional<BodyText> only_in;  // nothing: the placeholder as it is
  };

  std::vector<Form> forms_;
  PlaceholderIndex index_;           // its numbers are those of forms_
  std::vector<std::string> sorted_;  // the texts of the forms
  std::array<bool, 256> first_bytes_{};
  std::size_t longest_ = 0;
};

}  // namespace keyswap::bindings
