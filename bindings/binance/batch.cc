// SPDX-License-Identifier: Apache-2.0
#include "bindings/binance/batch.h"

#include <algorithm>
#include <utility>

#include "bindings/binance/parameters.h"
#include "bindings/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

// Each take_... takes what it names off the front of the text, or fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<std::vector<TextFields>> take_array() {
    std::vector<TextFields> objects;
    if (!take('[')) {
      return std::nullopt;
    }
    do {
      auto object = take_object();
      if (!object || objects.size() == bounds::kBatchOrdersMax) {
        return std::nullopt;
      }
      objects.push_back(std::move(*object));
    } while (take(','));
    const bool is_whole = take(']');
    skip_space();
    return is_whole && rest_.empty() ? std::optional(std::move(objects)) : std::nullopt;
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

  std::optional<TextFields> take_object() {
    TextFields fields;
    if (!take('{')) {
      return std::nullopt;
    }
    do {
      auto name = take_string();
      auto value = name && take(':') ? take_value() : std::nullopt;
      if (!value || is_disguised_name(*name) || has_name(fields, *name) ||
          fields.size() == bounds::kSignedParametersMax) {
        return std::nullopt;
      }
      fields.push_back({std::move(*name), std::move(*value)});
    } while (take(','));
    return take('}') ? std::optional(std::move(fields)) : std::nullopt;
  }

  static bool has_name(const TextFields& fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [&](const TextField& field) {
      return base::equal_ignoring_case(field.name, name);
    });
  }

  std::optional<std::string> take_string() {
    if (!take('"')) {
      return std::nullopt;
    }
    const auto end = rest_.find('"');
    const auto text = rest_.substr(0, end);
    const bool is_plain = std::none_of(text.begin(), text.end(), [](char c) {
      return c == '\\' || static_cast<unsigned char>(c) < ' ';
    });
    if (end == std::string_view::npos || !is_plain) {
      return std::nullopt;
    }
    rest_.remove_prefix(end + 1);
    return std::string(text);
  }

  // A string, a number, true, false or null. Numbers are checked where they are used.
  std::optional<std::string> take_value() {
    skip_space();
    if (rest_.starts_with('"')) {
      return take_string();
    }
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' ||
             c == 'E';
    });
    const auto word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    const bool is_number = !word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'));
    if (!is_number && word != "true" && word != "false" && word != "null") {
      return std::nullopt;
    }
    rest_.remove_prefix(word.size());
    return std::string(word);
  }

  std::string_view rest_;
};

}  // namespace

const std::string* find_field(const TextFields& fields, std::string_view name) {
  const auto found = std::find_if(
      fields.begin(), fields.end(), [&](const TextField& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &found->value;
}

std::optional<std::vector<TextFields>> read_batch(std::string_view json) {
  return Reader(json).take_array();
}

}  // namespace keyswap::bindings::binance
