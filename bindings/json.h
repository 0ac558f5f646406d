// SPDX-License-Identifier: Apache-2.0
//
// JSON (RFC 8259), read so strictly that no other reader can find something else in it, and
// written: for what venues' requests and messages say.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  // Of a string: decoded, UTF-8 without controls. Of a number, true, false and null: as written.
  std::string text;
  std::vector<std::string> names;  // of an object's members, one for each item
  std::vector<JsonValue> items;
  // Where it stands in the text that it was read from, a string with its quotes.
  std::size_t begin = 0;
  std::size_t end = 0;

  // The member of that name, compared byte by byte, or nullptr; also where this is no object.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;

  // No array, no object.
  [[nodiscard]] bool is_scalar() const { return kind != Kind::array && kind != Kind::object; }
};

// Nothing: there is no value, it is no number, has a point or an exponent, or a Number cannot hold
// it.
template <typename Number>
std::optional<Number> whole_number(const JsonValue* value) {
  if (value == nullptr || value->kind != JsonValue::Kind::number) {
    return std::nullopt;
  }
  Number number = 0;
  const char* const end = value->text.data() + value->text.size();
  const auto read = std::from_chars(value->text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

struct JsonBounds {
  std::size_t depth;            // of arrays and objects in each other; 0: a scalar alone
  std::size_t items;            // of one array or object
  std::size_t values = 50'000;  // of all together: each takes far more memory than its text (I10)
  // Controls in strings, where they are escaped; NUL is never. They are in `text` as they are.
  bool allows_controls = false;
};

// Nothing for what is no JSON text, exceeds the bounds, is not UTF-8 (or begins with a byte order
// mark), has half a surrogate pair, a control character or NUL in a string, escaped or not (unless
// the bounds say otherwise), or a name twice in an object, also when they differ only by ASCII
// case.
std::optional<JsonValue> read_json(std::string_view text, const JsonBounds& bounds);

// `value` as read_json() reads it, without white space, strings in the shortest way; never longer
// than the text it was read from. False when the sink is full.
[[nodiscard]] bool write_json(const JsonValue& value, base::ByteSink& out);

// `text` (UTF-8) as a JSON string, with its quotes.
[[nodiscard]] bool write_json_string(std::string_view text, base::ByteSink& out);

// The same as texts, for what is not secret.
std::string json_text(const JsonValue& value);
std::string json_string(std::string_view text);

}  // namespace keyswap::bindings
