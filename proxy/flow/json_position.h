// SPDX-License-Identifier: Apache-2.0
//
// The position in a JSON text (RFC 8259) against one JSON pointer (RFC 6901): inside of the string
// that it names? Only the first value on the way counts: a name that an object has twice, on the
// way to the string, ends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/body_place.h"
#include "proxy/flow/body_position.h"

namespace keyswap::flow {

class JsonPosition final : public BodyPosition {
 public:
  // `pointer`: outlives it.
  explicit JsonPosition(const bindings::JsonPointer& pointer);

  void read(std::string_view bytes) override;

  [[nodiscard]] bool is_in_place() const override;

  // Is it a JSON text so far?
  [[nodiscard]] bool is_lost() const { return expects_ == Expects::nothing_good; }

 private:
  // What the grammar takes next.
  enum class Expects : std::uint8_t {
    value,
    value_or_end,  // of an array that has just begun
    name_or_end,   // of an object that has just begun
    name,
    colon,
    comma_or_end,
    string,  // its rest; of a name, too
    scalar,  // its rest: of a number, true, false, null
    end,     // of the text: space
    nothing_good,
  };

  struct Level {
    bool is_object = false;
    std::size_t index = 0;  // of an array: of the value that comes
  };

  void read_byte(char c);
  void read_literal_byte(char c);
  void read_string_byte(char c);
  void read_escape(char c);
  void read_code_unit(char c);
  void begin_value(char c);
  void begin_string();
  void end_string();
  void begin_level(char c);
  void end_level(char c);
  void end_value();
  void step(std::string_view name);
  void add_to_name(std::string_view bytes);

  void lose() { expects_ = Expects::nothing_good; }

  const bindings::JsonPointer* pointer_;
  std::vector<Level> levels_;
  std::vector<bool> was_there_;  // of each part of the pointer
  std::size_t on_way_ = 0;       // so many levels lead along the pointer
  bool is_on_way_ = true;        // and the value that comes does, too
  bool is_ambiguous_ = false;
  Expects expects_ = Expects::value;
  bool is_name_ = false;         // the string is one
  std::string name_;             // as far as it was read
  std::size_t escape_ = 0;       // 0: in none; 1: behind the backslash; then so many digits
  unsigned code_unit_ = 0;       // of \u
  unsigned high_surrogate_ = 0;  // that waits for the low one
  std::string_view literal_;     // the rest of true, false or null; empty: a number
};

}  // namespace keyswap::flow
