// SPDX-License-Identifier: Apache-2.0
#include "bindings/json_walk.h"

#include <algorithm>
#include <utility>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr unsigned kReplacement = 0xfffd;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool ends_string_run(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

std::string utf8(unsigned point) {
  const auto tail = [](unsigned bits) {
    return static_cast<char>(0x80U | (bits & 0x3fU));
  };
  if (point < 0x80) {
    return {static_cast<char>(point)};
  }
  if (point < 0x800) {
    return {static_cast<char>(0xc0U | (point >> 6U)), tail(point)};
  }
  if (point < 0x10000) {
    return {static_cast<char>(0xe0U | (point >> 12U)), tail(point >> 6U), tail(point)};
  }
  return {static_cast<char>(0xf0U | (point >> 18U)),
          tail(point >> 12U),
          tail(point >> 6U),
          tail(point)};
}

// RFC 8259 section 6.
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto skip_digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) {
      ++at;
    }
    return at - begin;
  };
  const bool has_zero = at < text.size() && text[at] == '0';
  const std::size_t whole = skip_digits();
  if (whole == 0 || (has_zero && whole > 1)) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (skip_digits() == 0) {
      return false;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    at += at < text.size() && (text[at] == '+' || text[at] == '-') ? 1 : 0;
    if (skip_digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

}  // namespace

bool JsonWalk::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::broken) {
    if (state_ == State::string) {
      bytes.remove_prefix(read_string(bytes));
    } else if (take(bytes.front())) {
      bytes.remove_prefix(1);
    }
  }
  return state_ != State::broken;
}

bool JsonWalk::end() {
  if (state_ == State::word && frames_.empty()) {
    end_word();
  }
  return state_ == State::done;
}

void JsonWalk::restart() {
  state_ = State::value;
  frames_.clear();
  text_.clear();
  digits_ = 0;
  high_ = 0;
}

// As far as it is plain; or the one character that is not.
std::size_t JsonWalk::read_string(std::string_view bytes) {
  const auto* const stop = std::find_if(bytes.begin(), bytes.end(), ends_string_run);
  if (const auto plain = static_cast<std::size_t>(stop - bytes.begin()); plain > 0) {
    add(bytes.substr(0, plain));
    return plain;
  }
  if (bytes.front() == '"') {
    end_string();
  } else {
    state_ = bytes.front() == '\\' ? State::escape : State::broken;
  }
  return 1;
}

// False: the character ended a word, and is to be taken once more.
bool JsonWalk::take(char c) {
  if (state_ == State::word) {
    const bool is_more =
        is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' || c == 'E';
    if (is_more) {
      add({&c, 1});
    } else {
      end_word();
    }
    return is_more;
  }
  if (state_ == State::escape) {
    read_escape(c);
  } else if (state_ == State::unicode) {
    read_digit(c);
  } else if (!is_space(c)) {
    take_token(c);
  }
  return true;
}

// Between values.
void JsonWalk::take_token(char c) {
  if (state_ == State::value || (state_ == State::first_item && c != ']')) {
    begin_value(c);
  } else if (state_ == State::first_item) {
    close(false);
  } else if (state_ == State::first_name && c == '}') {
    close(true);
  } else if ((state_ == State::first_name || state_ == State::next_name) && c == '"') {
    begin_string(true);
  } else if (state_ == State::colon && c == ':') {
    state_ = State::value;
  } else if (state_ == State::behind) {
    separate(c);
  } else {
    state_ = State::broken;
  }
}

void JsonWalk::begin_value(char c) {
  if (c == '{' || c == '[') {
    open(c == '{' ? Kind::object : Kind::array);
  } else if (c == '"') {
    begin_string(false);
  } else {
    text_.clear();
    bytes_ = 0;
    add({&c, 1});
    state_ = State::word;  // whether it is one shows at its end
  }
}

void JsonWalk::begin_string(bool is_name) {
  is_name_ = is_name;
  text_.clear();
  bytes_ = 0;
  high_ = 0;
  state_ = State::string;
}

void JsonWalk::end_string() {
  if (std::exchange(high_, 0) != 0) {
    add(utf8(kReplacement));
  }
  if (is_name_) {
    frames_.back().name = text_;
    state_ = State::colon;
    return;
  }
  visitor_->on_scalar(*this, Kind::string, text_, bytes_);
  after_value();
}

void JsonWalk::open(Kind kind) {
  if (frames_.size() >= bounds::kWalkDepthMax) {
    state_ = State::broken;
    return;
  }
  visitor_->on_begin(*this, kind);
  frames_.push_back({kind == Kind::object, {}});
  state_ = kind == Kind::object ? State::first_name : State::first_item;
}

void JsonWalk::close(bool is_object) {
  if (frames_.empty() || frames_.back().is_object != is_object) {
    state_ = State::broken;
    return;
  }
  frames_.pop_back();
  visitor_->on_end(*this, is_object ? Kind::object : Kind::array);
  after_value();
}

void JsonWalk::end_word() {
  const bool is_truth = text_ == "true" || text_ == "false";
  const bool is_whole = bytes_ == text_.size();
  if (!is_whole || (!is_truth && text_ != "null" && !is_number(text_))) {
    state_ = State::broken;
    return;
  }
  const Kind kind = is_truth ? Kind::boolean : text_ == "null" ? Kind::null : Kind::number;
  visitor_->on_scalar(*this, kind, text_, bytes_);
  after_value();
}

void JsonWalk::after_value() {
  state_ = frames_.empty() ? State::done : State::behind;
}

void JsonWalk::separate(char c) {
  if (c == ',') {
    state_ = frames_.back().is_object ? State::next_name : State::value;
  } else if (c == '}' || c == ']') {
    close(c == '}');
  } else {
    state_ = State::broken;
  }
}

void JsonWalk::read_escape(char c) {
  constexpr std::string_view kWritten = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (c == 'u') {
    digits_ = 0;
    unit_ = 0;
    state_ = State::unicode;
    return;
  }
  const auto found = kWritten.find(c);
  if (found == std::string_view::npos) {
    state_ = State::broken;
    return;
  }
  add(kMeant.substr(found, 1));
  state_ = State::string;
}

void JsonWalk::read_digit(char c) {
  const char low = static_cast<char>(static_cast<unsigned char>(c) | 0x20U);
  const bool is_letter = low >= 'a' && low <= 'f';
  if (!is_digit(c) && !is_letter) {
    state_ = State::broken;
    return;
  }
  unit_ = unit_ * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : low - 'a' + 10);
  if (++digits_ == 4) {
    add_code_unit();
    state_ = State::string;
  }
}

void JsonWalk::add_code_unit() {
  const bool is_high = unit_ >= 0xd800 && unit_ < 0xdc00;
  const bool is_low = unit_ >= 0xdc00 && unit_ < 0xe000;
  if (is_low && high_ != 0) {
    const unsigned point = 0x10000 + ((high_ - 0xd800) << 10U) + (unit_ - 0xdc00);
    high_ = 0;
    add(utf8(point));
    return;
  }
  if (std::exchange(high_, 0) != 0) {
    add(utf8(kReplacement));
  }
  if (is_high) {
    high_ = unit_;
  } else {
    add(utf8(is_low ? kReplacement : unit_));
  }
}

void JsonWalk::add(std::string_view bytes) {
  if (std::exchange(high_, 0) != 0) {
    add(utf8(kReplacement));  // a half whose other did not come
  }
  bytes_ += bytes.size();
  if (text_.size() < bounds::kWalkTextBytesMax) {
    text_.append(bytes.substr(0, bounds::kWalkTextBytesMax - text_.size()));
  }
}

}  // namespace keyswap::bindings
