// SPDX-License-Identifier: Apache-2.0
#include "vault/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "proxy/base/hex.h"
#include "proxy/base/utf8.h"

namespace keyswap::vault {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Four hex digits at the beginning; nothing if they are none.
std::optional<std::uint32_t> read_unit(std::string_view text) {
  if (text.size() < 4) {
    return std::nullopt;
  }
  std::uint32_t unit = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = base::hex_value(c);
    if (digit < 0) {
      return std::nullopt;
    }
    unit = unit << 4U | static_cast<std::uint32_t>(digit);
  }
  return unit;
}

// What an escape stands for. `bytes`: of the escape, with its backslash; 0: it is none.
struct Escape {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

// "\ud83d\udc27" is one character; half of it is none.
Escape read_unicode_escape(std::string_view text) {
  constexpr std::size_t kBytes = 6;
  const auto first = read_unit(text.substr(2));
  if (!first || (*first >= 0xdc00 && *first < 0xe000)) {
    return {};
  }
  if (*first < 0xd800 || *first >= 0xe000) {
    return {*first, kBytes};
  }
  if (text.size() < 2 * kBytes || text.substr(kBytes, 2) != "\\u") {
    return {};
  }
  const auto second = read_unit(text.substr(kBytes + 2));
  if (!second || *second < 0xdc00 || *second >= 0xe000) {
    return {};
  }
  return {0x10000 + ((*first - 0xd800) << 10U) + (*second - 0xdc00), 2 * kBytes};
}

// `text` begins with a backslash.
Escape read_escape(std::string_view text) {
  if (text.size() < 2) {
    return {};
  }
  if (text[1] == 'u') {
    return read_unicode_escape(text);
  }
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kCharacters = "\"\\/\b\f\n\r\t";
  const std::size_t at = kNames.find(text[1]);
  if (at == std::string_view::npos) {
    return {};
  }
  return {static_cast<unsigned char>(kCharacters[at]), 2};
}

// The bytes of a string without its quotes, escapes undone. It was read before.
class Unescaped {
 public:
  explicit Unescaped(std::string_view inside) : rest_(inside) {}

  // -1 behind the last.
  int next() {
    if (pending_at_ < pending_size_) {
      return static_cast<unsigned char>(pending_.at(pending_at_++));
    }
    if (rest_.empty()) {
      return -1;
    }
    const char c = rest_.front();
    if (c != '\\') {
      rest_.remove_prefix(1);
      return static_cast<unsigned char>(c);
    }
    const Escape escape = read_escape(rest_);
    KS_ASSERT(escape.bytes != 0);
    rest_.remove_prefix(escape.bytes);
    keep(escape.code);
    return next();
  }

 private:
  // UTF-8, and not by way of a string: it can be a secret's character.
  void keep(std::uint32_t code) {
    pending_at_ = 0;
    pending_size_ = 0;
    if (code < 0x80) {
      add(code);
      return;
    }
    if (code < 0x800) {
      add(0xc0U | code >> 6U);
    } else if (code < 0x10000) {
      add(0xe0U | code >> 12U);
      add(0x80U | (code >> 6U & 0x3fU));
    } else {
      add(0xf0U | code >> 18U);
      add(0x80U | (code >> 12U & 0x3fU));
      add(0x80U | (code >> 6U & 0x3fU));
    }
    add(0x80U | (code & 0x3fU));
  }

  void add(std::uint32_t byte) { pending_.at(pending_size_++) = static_cast<char>(byte); }

  std::string_view rest_;
  std::array<char, 4> pending_{};
  std::size_t pending_at_ = 0;
  std::size_t pending_size_ = 0;
};

std::string_view inside_of(std::string_view string) {
  return string.substr(1, string.size() - 2);
}

// By what they stand for, however it is written.
struct IsBefore {
  bool operator()(std::string_view inside, std::string_view other_inside) const {
    Unescaped one(inside);
    Unescaped other(other_inside);
    int byte = 0;
    int other_byte = 0;
    do {
      byte = one.next();
      other_byte = other.next();
    } while (byte == other_byte && byte >= 0);
    return byte < other_byte;
  }
};

using Names = std::set<std::string_view, IsBefore>;

bool is_same_as(std::string_view inside, std::string_view text) {
  Unescaped bytes(inside);
  for (const char c : text) {
    if (bytes.next() != static_cast<unsigned char>(c)) {
      return false;
    }
  }
  return bytes.next() < 0;
}

// Goes over one value. Of a text that was checked before, names are not compared again.
class Scanner {
 public:
  explicit Scanner(std::string_view text, bool checks_names = false)
      : rest_(text), checks_names_(checks_names) {}

  [[nodiscard]] std::string_view rest() const { return rest_; }

  void skip_space() {
    rest_.remove_prefix(
        static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_space) - rest_.begin()));
  }

  // Over `c`, if it comes next behind white space.
  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool value(std::size_t depth = 0) {
    skip_space();
    if (rest_.empty()) {
      return false;
    }
    switch (rest_.front()) {
      case '"':
        return string();
      case '{':
        return depth < base::bounds::kAnswerJsonDepthMax && object(depth + 1);
      case '[':
        return depth < base::bounds::kAnswerJsonDepthMax && array(depth + 1);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool string() {
    if (!take('"')) {
      return false;
    }
    while (!rest_.empty()) {
      const char c = rest_.front();
      const std::size_t step = c == '\\' ? read_escape(rest_).bytes : 1;
      if (step == 0 || static_cast<unsigned char>(c) < 0x20) {
        return false;
      }
      rest_.remove_prefix(step);
      if (c == '"') {
        return true;
      }
    }
    return false;
  }

 private:
  bool word(std::string_view word) {
    if (!rest_.starts_with(word)) {
      return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }

  bool digits() {
    const auto count =
        static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_digit) - rest_.begin());
    rest_.remove_prefix(count);
    return count != 0;
  }

  bool number() {
    word("-");
    if (!word("0") && !digits()) {
      return false;
    }
    if (word(".") && !digits()) {
      return false;
    }
    if (word("e") || word("E")) {
      if (!word("+")) {
        word("-");
      }
      return digits();
    }
    return true;
  }

  bool array(std::size_t depth) {
    take('[');
    if (take(']')) {
      return true;
    }
    do {
      if (!value(depth)) {
        return false;
      }
    } while (take(','));
    return take(']');
  }

  bool object(std::size_t depth) {
    Names names;  // I10: they may be many, long and alike
    take('{');
    if (take('}')) {
      return true;
    }
    do {
      skip_space();
      const std::string_view from = rest_;
      if (!string() || !is_new(from.substr(0, from.size() - rest_.size()), names) || !take(':') ||
          !value(depth)) {
        return false;
      }
    } while (take(','));
    return take('}');
  }

  bool is_new(std::string_view name, Names& names) const {
    return !checks_names_ || (names.size() < base::bounds::kAnswerJsonMembersMax &&
                              names.insert(inside_of(name)).second);
  }

  std::string_view rest_;
  bool checks_names_;
};

// The value that comes next in `rest`, which is cut behind it.
std::string_view take_value(std::string_view& rest) {
  Scanner scanner(rest);
  scanner.skip_space();
  const std::string_view from = scanner.rest();
  KS_ASSERT(scanner.value());
  rest = scanner.rest();
  return from.substr(0, from.size() - rest.size());
}

bool take_character(std::string_view& rest, char c) {
  Scanner scanner(rest);
  const bool is_there = scanner.take(c);
  rest = scanner.rest();
  return is_there;
}

}  // namespace

JsonKind JsonView::kind() const {
  if (bytes_.empty()) {
    return JsonKind::none;
  }
  switch (bytes_.front()) {
    case '"':
      return JsonKind::string;
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

JsonView JsonView::member(std::string_view name) const {
  if (!is(JsonKind::object)) {
    return {};
  }
  JsonItems members(*this);
  while (members.next()) {
    if (members.name().is_text(name)) {
      return members.value();
    }
  }
  return {};
}

JsonView JsonView::find(std::string_view pointer) const {
  JsonView found = *this;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::string_view name = pointer.substr(0, pointer.find('/'));
    found = found.member(name);
    pointer.remove_prefix(name.size());
  }
  return found;
}

bool JsonView::is_text(std::string_view text) const {
  return is(JsonKind::string) && is_same_as(inside_of(bytes_), text);
}

base::Result<Secret> JsonView::text() const {
  if (!is(JsonKind::string)) {
    return base::Error{base::Errc::invalid_input, "a string of JSON was expected"};
  }
  const std::string_view inside = inside_of(bytes_);
  auto room = LockedBytes::of_size(inside.size());  // an escape is longer than what it stands for
  if (!room) {
    return room.error();
  }
  std::size_t size = 0;
  Unescaped bytes(inside);
  for (int byte = bytes.next(); byte >= 0; byte = bytes.next()) {
    room->data()[size++] = static_cast<char>(byte);
  }
  return Secret::adopt(std::move(*room), size);
}

std::optional<std::string> JsonView::plain_text(std::size_t bytes_max) const {
  if (!is(JsonKind::string)) {
    return std::nullopt;
  }
  const std::string_view inside = inside_of(bytes_);
  const bool is_plain =
      std::ranges::all_of(inside, [](char c) { return c >= ' ' && c < '\x7f' && c != '\\'; });
  return is_plain && inside.size() <= bytes_max ? std::optional<std::string>(inside) : std::nullopt;
}

std::optional<std::int64_t> JsonView::integer() const {
  std::int64_t number = 0;
  const char* const end = bytes_.data() + bytes_.size();
  const auto read = std::from_chars(bytes_.data(), end, number);
  return is(JsonKind::number) && read.ec == std::errc{} && read.ptr == end ? std::optional(number)
                                                                           : std::nullopt;
}

JsonItems::JsonItems(JsonView container)
    : rest_(container.bytes_), has_names_(container.is(JsonKind::object)) {
  if (!has_names_ && !container.is(JsonKind::array)) {
    rest_ = {};
  }
}

bool JsonItems::next() {
  // Behind the bracket that opens, then behind the comma of each; the one that closes ends it.
  rest_.remove_prefix(std::min<std::size_t>(rest_.size(), 1));
  Scanner scanner(rest_);
  scanner.skip_space();
  rest_ = scanner.rest();
  if (rest_.empty() || rest_.front() == ']' || rest_.front() == '}') {
    rest_ = {};
    return false;
  }
  if (has_names_) {
    name_ = JsonView(take_value(rest_));
    take_character(rest_, ':');
  }
  value_ = JsonView(take_value(rest_));
  Scanner behind(rest_);
  behind.skip_space();
  rest_ = behind.rest();
  if (rest_.starts_with(']') || rest_.starts_with('}')) {
    rest_ = {};
  }
  return true;
}

base::Result<JsonText> JsonText::read(Secret text) {
  const std::string_view bytes = text.reveal();
  Scanner scanner(bytes, true);
  const bool is_value = base::is_utf8(bytes) && scanner.value();
  scanner.skip_space();
  if (!is_value || !scanner.rest().empty()) {
    return base::Error{base::Errc::invalid_input, "this is no JSON text that reads in one way"};
  }
  return JsonText(std::move(text));
}

JsonView JsonText::root() const {
  std::string_view bytes = text_.reveal();
  return JsonView(take_value(bytes));
}

}  // namespace keyswap::vault
