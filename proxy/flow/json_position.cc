// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/json_position.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

constexpr std::size_t kCodeUnitDigits = 4;
constexpr unsigned kHighSurrogates = 0xD800;
constexpr unsigned kLowSurrogates = 0xDC00;
constexpr unsigned kSurrogatesEnd = 0xE000;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// RFC 3629.
std::string utf8_of(unsigned code) {
  const auto byte = [](unsigned value) {
    return static_cast<char>(value);
  };
  if (code < 0x80) {
    return {byte(code)};
  }
  if (code < 0x800) {
    return {byte(0xC0U | code >> 6U), byte(0x80U | (code & 0x3FU))};
  }
  if (code < 0x10000) {
    return {byte(0xE0U | code >> 12U),
            byte(0x80U | (code >> 6U & 0x3FU)),
            byte(0x80U | (code & 0x3FU))};
  }
  return {byte(0xF0U | code >> 18U),
          byte(0x80U | (code >> 12U & 0x3FU)),
          byte(0x80U | (code >> 6U & 0x3FU)),
          byte(0x80U | (code & 0x3FU))};
}

// What a letter behind a backslash says; 0: nothing.
char said_by(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

JsonPosition::JsonPosition(const bindings::JsonPointer& pointer)
    : pointer_(&pointer), was_there_(pointer.size(), false) {}

void JsonPosition::read(std::string_view bytes) {
  for (const char c : bytes) {
    read_byte(c);
  }
}

bool JsonPosition::is_in_place() const {
  return expects_ == Expects::string && !is_name_ && is_on_way_ && on_way_ == pointer_->size() &&
         levels_.size() == on_way_ && escape_ == 0 && high_surrogate_ == 0 && !is_ambiguous_;
}

void JsonPosition::read_byte(char c) {
  if (expects_ == Expects::string) {
    read_string_byte(c);
    return;
  }
  if (expects_ == Expects::scalar) {
    if (!literal_.empty()) {
      read_literal_byte(c);
      return;
    }
    if (is_of_number(c)) {
      return;
    }
    end_value();  // of a number; what ends it is read below
  }
  if (is_space(c)) {
    return;
  }
  switch (expects_) {
    case Expects::value:
      begin_value(c);
      return;
    case Expects::value_or_end:
    case Expects::comma_or_end:
      if (c == ']' || c == '}') {
        end_level(c);
      } else if (expects_ == Expects::value_or_end) {
        begin_value(c);
      } else if (c == ',') {
        expects_ = levels_.back().is_object ? Expects::name : Expects::value;
      } else {
        lose();
      }
      return;
    case Expects::name_or_end:
      if (c == '}') {
        end_level(c);
        return;
      }
      [[fallthrough]];
    case Expects::name:
      if (c == '"') {
        is_name_ = true;
        begin_string();
      } else {
        lose();
      }
      return;
    case Expects::colon:
      if (c == ':') {
        expects_ = Expects::value;
      } else {
        lose();
      }
      return;
    case Expects::string:
    case Expects::scalar:
    case Expects::end:
    case Expects::nothing_good:
      lose();
      return;
  }
}

void JsonPosition::read_literal_byte(char c) {
  if (c != literal_.front()) {
    lose();
    return;
  }
  literal_.remove_prefix(1);
  if (literal_.empty()) {
    end_value();
  }
}

// --- values ---

void JsonPosition::begin_value(char c) {
  if (!levels_.empty() && !levels_.back().is_object) {
    step(std::to_string(levels_.back().index));
  }
  if (c == '"') {
    is_name_ = false;
    begin_string();
  } else if (c == '{' || c == '[') {
    begin_level(c);
  } else if (c == 't' || c == 'f' || c == 'n') {
    constexpr std::string_view kTrue = "true";
    constexpr std::string_view kFalse = "false";
    constexpr std::string_view kNull = "null";
    literal_ = (c == 't' ? kTrue : c == 'f' ? kFalse : kNull).substr(1);
    expects_ = Expects::scalar;
  } else if (is_of_number(c)) {
    literal_ = {};
    expects_ = Expects::scalar;
  } else {
    lose();
  }
}

void JsonPosition::begin_level(char c) {
  if (levels_.size() == base::bounds::kBodyJsonDepthMax) {
    lose();
    return;
  }
  is_on_way_ = false;  // what is in it says so itself
  levels_.push_back({c == '{'});
  expects_ = c == '{' ? Expects::name_or_end : Expects::value_or_end;
}

void JsonPosition::end_level(char c) {
  if (levels_.empty() || levels_.back().is_object != (c == '}')) {
    lose();
    return;
  }
  levels_.pop_back();
  end_value();
}

void JsonPosition::end_value() {
  if (levels_.empty()) {
    expects_ = Expects::end;
    return;
  }
  // Back to the level that holds the value; the next one may lead along the pointer.
  on_way_ = std::min(on_way_, levels_.size() - 1);
  is_on_way_ = false;
  ++levels_.back().index;
  expects_ = Expects::comma_or_end;
}

// --- the way ---

// The value that comes has this name, or number, in the innermost level.
void JsonPosition::step(std::string_view name) {
  const std::size_t depth = levels_.size() - 1;
  is_on_way_ = on_way_ == depth && depth < pointer_->size() && (*pointer_)[depth] == name;
  if (!is_on_way_) {
    return;
  }
  is_ambiguous_ = is_ambiguous_ || was_there_[depth];
  was_there_[depth] = true;
  on_way_ = depth + 1;
}

// --- strings ---

void JsonPosition::begin_string() {
  expects_ = Expects::string;
  name_.clear();
  escape_ = 0;
  high_surrogate_ = 0;
}

void JsonPosition::read_string_byte(char c) {
  constexpr unsigned char kSpace = 0x20;
  if (escape_ > 1) {
    read_code_unit(c);
  } else if (escape_ == 1) {
    read_escape(c);
  } else if (c == '\\') {
    escape_ = 1;
  } else if (high_surrogate_ != 0 || static_cast<unsigned char>(c) < kSpace) {
    lose();
  } else if (c == '"') {
    end_string();
  } else {
    add_to_name({&c, 1});
  }
}

void JsonPosition::read_escape(char c) {
  if (c == 'u') {
    escape_ = 2;
    code_unit_ = 0;
    return;
  }
  const char said = said_by(c);
  if (said == 0 || high_surrogate_ != 0) {
    lose();
    return;
  }
  escape_ = 0;
  add_to_name({&said, 1});
}

void JsonPosition::read_code_unit(char c) {
  const char lower = base::to_lower(c);
  const bool is_digit = c >= '0' && c <= '9';
  if (!is_digit && (lower < 'a' || lower > 'f')) {
    lose();
    return;
  }
  code_unit_ = code_unit_ << 4U | static_cast<unsigned>(is_digit ? c - '0' : lower - 'a' + 10);
  if (++escape_ < 2 + kCodeUnitDigits) {
    return;
  }
  escape_ = 0;
  const bool is_high = code_unit_ >= kHighSurrogates && code_unit_ < kLowSurrogates;
  const bool is_low = code_unit_ >= kLowSurrogates && code_unit_ < kSurrogatesEnd;
  if (is_low != (high_surrogate_ != 0)) {
    lose();  // half a character
  } else if (is_high) {
    high_surrogate_ = code_unit_;
  } else if (is_low) {
    add_to_name(utf8_of(0x10000 + ((high_surrogate_ - kHighSurrogates) << 10U) +
                        (code_unit_ - kLowSurrogates)));
    high_surrogate_ = 0;
  } else {
    add_to_name(utf8_of(code_unit_));
  }
}

// Past the bound it is no name of the pointer's any more, whatever comes.
void JsonPosition::add_to_name(std::string_view bytes) {
  if (is_name_ && name_.size() <= base::bounds::kBodyNameBytesMax) {
    name_.append(bytes);
  }
}

void JsonPosition::end_string() {
  if (!is_name_) {
    end_value();
    return;
  }
  is_name_ = false;
  step(name_);
  expects_ = Expects::colon;
}

}  // namespace keyswap::flow
