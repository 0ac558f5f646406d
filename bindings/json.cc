// SPDX-License-Identifier: Apache-2.0
#include "bindings/json.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "bindings/text_sink.h"
#include "proxy/base/assert.h"
#include "proxy/base/bytes.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

using Kind = JsonValue::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

// Of "e10", "E-3": how many bytes; nothing if it only begins like one, 0 if it does not.
std::optional<std::size_t> exponent_bytes(std::string_view text) {
  if (!text.starts_with('e') && !text.starts_with('E')) {
    return 0;
  }
  const auto sign = text.substr(1);
  const std::size_t digits_at = sign.starts_with('-') || sign.starts_with('+') ? 2 : 1;
  const auto digits = count_digits(text.substr(digits_at));
  return digits == 0 ? std::nullopt : std::optional(digits_at + digits);
}

// How many bytes of `text` are a number (RFC 8259 section 6); 0: none.
std::size_t number_bytes(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto whole = count_digits(text.substr(at));
  if (whole == 0 || (whole > 1 && text[at] == '0')) {
    return 0;
  }
  at += whole;
  if (text.substr(at).starts_with('.')) {
    const auto fraction = count_digits(text.substr(at + 1));
    if (fraction == 0) {
      return 0;
    }
    at += 1 + fraction;
  }
  const auto exponent = exponent_bytes(text.substr(at));
  return exponent ? at + *exponent : 0;
}

// Each take_... takes what it names off the front of the text, or fails.
class Reader {
 public:
  Reader(std::string_view text, const JsonBounds& bounds)
      : size_(text.size()), rest_(text), bounds_(bounds) {}

  std::optional<JsonValue> take_all() {
    auto value = take_value(bounds_.depth);
    skip_space();
    return rest_.empty() ? std::move(value) : std::nullopt;
  }

 private:
  void skip_space() {
    constexpr std::string_view kSpace = " \t\r\n";
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
  }

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // `depth`: how many arrays and objects may still begin.
  std::optional<JsonValue> take_value(std::size_t depth) {
    skip_space();
    const auto begin = size_ - rest_.size();
    auto value = take_any(depth);
    if (value) {
      value->begin = begin;
      value->end = size_ - rest_.size();
    }
    return value;
  }

  std::optional<JsonValue> take_any(std::size_t depth) {
    if (++values_ > bounds_.values) {
      return std::nullopt;
    }
    if (rest_.starts_with('{') || rest_.starts_with('[')) {
      const bool is_object = rest_.starts_with('{');
      rest_.remove_prefix(1);
      return depth == 0 ? std::nullopt : is_object ? take_object(depth - 1) : take_array(depth - 1);
    }
    return rest_.starts_with('"') ? take_string() : take_word();
  }

  std::optional<JsonValue> take_array(std::size_t depth) {
    JsonValue array;
    array.kind = Kind::array;
    if (take(']')) {
      return array;
    }
    do {
      auto item = take_value(depth);
      if (!item || array.items.size() == bounds_.items) {
        return std::nullopt;
      }
      array.items.push_back(std::move(*item));
    } while (take(','));
    return take(']') ? std::optional(std::move(array)) : std::nullopt;
  }

  std::optional<JsonValue> take_object(std::size_t depth) {
    JsonValue object;
    object.kind = Kind::object;
    std::set<std::string> known;  // I10: names may be long, and alike
    if (take('}')) {
      return object;
    }
    do {
      auto name = take('"') ? take_rest_of_string() : std::nullopt;
      auto value = name && take(':') ? take_value(depth) : std::nullopt;
      if (!value || !known.insert(base::to_lower(*name)).second ||
          object.items.size() == bounds_.items) {
        return std::nullopt;
      }
      object.names.push_back(std::move(*name));
      object.items.push_back(std::move(*value));
    } while (take(','));
    return take('}') ? std::optional(std::move(object)) : std::nullopt;
  }

  std::optional<JsonValue> take_string() {
    rest_.remove_prefix(1);
    auto text = take_rest_of_string();
    return text ? std::optional(scalar(Kind::string, std::move(*text))) : std::nullopt;
  }

  // A number, true, false or null.
  std::optional<JsonValue> take_word() {
    constexpr std::string_view kNull = "null";
    constexpr std::string_view kTrue = "true";
    constexpr std::string_view kFalse = "false";
    for (const auto word : {kNull, kTrue, kFalse}) {
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return scalar(word == kNull ? Kind::null : Kind::boolean, std::string(word));
      }
    }
    const auto bytes = number_bytes(rest_);
    if (bytes == 0) {
      return std::nullopt;
    }
    auto number = scalar(Kind::number, std::string(rest_.substr(0, bytes)));
    rest_.remove_prefix(bytes);
    return number;
  }

  static JsonValue scalar(Kind kind, std::string text) {
    JsonValue value;
    value.kind = kind;
    value.text = std::move(text);
    return value;
  }

  // What follows the opening quote, with the closing one.
  std::optional<std::string> take_rest_of_string() {
    std::string text;
    while (!rest_.starts_with('"')) {
      const bool is_escaped = rest_.starts_with('\\');
      const auto code = take_character();
      if (!code || (base::is_control_character(*code) && !may_be_control(*code, is_escaped))) {
        return std::nullopt;
      }
      base::append_utf8(*code, text);
    }
    rest_.remove_prefix(1);
    return text;
  }

  [[nodiscard]] bool may_be_control(std::uint32_t code, bool is_escaped) const {
    constexpr std::uint32_t kLastC0 = 0x1F;
    return bounds_.allows_controls && code != 0 && (is_escaped || code > kLastC0);
  }

  std::optional<std::uint32_t> take_character() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    if (rest_.front() == '\\') {
      rest_.remove_prefix(1);
      return take_escaped();
    }
    const auto character = base::read_utf8(rest_);
    if (character.bytes == 0) {
      return std::nullopt;
    }
    rest_.remove_prefix(character.bytes);
    return character.code;
  }

  // What follows a backslash (RFC 8259 section 7).
  std::optional<std::uint32_t> take_escaped() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"' || c == '\\' || c == '/') {
      return static_cast<std::uint32_t>(c);
    }
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kControls = "\b\f\n\r\t";
    if (const auto letter = kLetters.find(c); letter != std::string_view::npos) {
      return static_cast<std::uint32_t>(kControls[letter]);
    }
    return c == 'u' ? take_code_point() : std::nullopt;
  }

  std::optional<std::uint32_t> take_code_point() {
    const auto first = take_four_digits();
    if (!first || *first < 0xD800U || *first > 0xDFFFU) {
      return first;
    }
    if (*first > 0xDBFFU || !rest_.starts_with("\\u")) {
      return std::nullopt;
    }
    rest_.remove_prefix(2);
    const auto second = take_four_digits();
    if (!second || *second < 0xDC00U || *second > 0xDFFFU) {
      return std::nullopt;
    }
    return 0x10000U + ((*first - 0xD800U) << 10U) + (*second - 0xDC00U);
  }

  std::optional<std::uint32_t> take_four_digits() {
    constexpr std::string_view kDigits = "0123456789abcdef";
    constexpr std::size_t kCount = 4;
    if (rest_.size() < kCount) {
      return std::nullopt;
    }
    std::uint32_t code = 0;
    for (const char c : rest_.substr(0, kCount)) {
      const auto digit = kDigits.find(base::to_lower(c));
      if (digit == std::string_view::npos) {
        return std::nullopt;
      }
      code = code * 16U + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(kCount);
    return code;
  }

  std::size_t size_;  // of the whole text
  std::string_view rest_;
  JsonBounds bounds_;
  std::size_t values_ = 0;
};

bool write_escape(char c, base::ByteSink& out) {
  if (c == '"' || c == '\\') {
    return out.append("\\") && out.append({&c, 1});
  }
  return out.append("\\u00") && out.append(base::to_hex({&c, 1}));
}

bool write_items(const JsonValue& value, base::ByteSink& out) {
  const bool is_object = value.kind == Kind::object;
  bool fits = out.append(is_object ? "{" : "[");
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    fits = fits && (i == 0 || out.append(","));
    if (is_object) {
      fits = fits && write_json_string(value.names[i], out) && out.append(":");
    }
    fits = fits && write_json(value.items[i], out);
  }
  return fits && out.append(is_object ? "}" : "]");
}

template <typename Write>
std::string text_by(Write write) {
  TextSink sink;
  const bool fits = write(sink);
  KS_ASSERT(fits);
  return sink.take();
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

std::optional<JsonValue> read_json(std::string_view text, const JsonBounds& bounds) {
  return Reader(text, bounds).take_all();
}

bool write_json(const JsonValue& value, base::ByteSink& out) {
  if (!value.is_scalar()) {
    return write_items(value, out);
  }
  return value.kind == Kind::string ? write_json_string(value.text, out) : out.append(value.text);
}

bool write_json_string(std::string_view text, base::ByteSink& out) {
  bool fits = out.append("\"");
  while (!text.empty() && fits) {
    const auto* const special = std::find_if(text.begin(), text.end(), [](char c) {
      return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    const auto plain = static_cast<std::size_t>(special - text.begin());
    fits = out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) {
      fits = fits && write_escape(text.front(), out);
      text.remove_prefix(1);
    }
  }
  return fits && out.append("\"");
}

std::string json_text(const JsonValue& value) {
  return text_by([&](base::ByteSink& out) { return write_json(value, out); });
}

std::string json_string(std::string_view text) {
  return text_by([&](base::ByteSink& out) { return write_json_string(text, out); });
}

}  // namespace keyswap::bindings
