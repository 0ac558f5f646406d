// SPDX-License-Identifier: Apache-2.0
//
// Where a text stands towards the strings in it, as JSON writes them (RFC 8259 section 7). Many
// protocols put something before or around their JSON, so the rest of its grammar is not asked for.
// And towards the strings in what such a string says: often that is JSON itself, and what is put
// there is read twice.
#pragma once

#include <cstddef>
#include <string_view>

#include "bindings/body_text.h"

namespace keyswap::flow {

// Of a text in pieces.
class JsonStrings {
 public:
  void read(std::string_view bytes);

  // Between the quotes of a string.
  [[nodiscard]] bool are_inside() const { return outer_.is_inside; }

  // The next byte belongs to a backslash.
  [[nodiscard]] bool are_escaped() const { return outer_.is_escaped; }

  // Between the quotes of a string that the string's own text has in it.
  [[nodiscard]] bool are_nested() const { return inner_.is_inside; }

 private:
  // In one text.
  struct Place {
    bool is_inside = false;
    bool is_escaped = false;
  };

  bool read_code_unit(char c);
  void read_inner(char c);

  Place outer_;
  Place inner_;             // in what the string says
  std::size_t digits_ = 0;  // still to come of a \u
  unsigned code_unit_ = 0;  // as far as it was read
};

// Does a body stand where a value that is put in, and escaped once, is read twice: in a JSON string
// inside of a string of a JSON body, or inside of a form's field? In pieces.
class NestedStrings {
 public:
  explicit NestedStrings(bindings::BodyText text) : text_(text) {}

  void read(std::string_view bytes);

  [[nodiscard]] bool are_inside() const {
    return text_ == bindings::BodyText::json
               ? strings_.are_nested()
               : text_ == bindings::BodyText::form && strings_.are_inside();
  }

  // Is a credential that was written for this body the same, however often it is read?
  [[nodiscard]] bool are_safe_for(std::string_view written) const;

 private:
  void read_form_byte(char c);

  bindings::BodyText text_;
  JsonStrings strings_;     // of the body, or of the field as it is decoded
  std::size_t digits_ = 0;  // still to come of a %XX
  unsigned byte_ = 0;       // as far as it was read
};

}  // namespace keyswap::flow
