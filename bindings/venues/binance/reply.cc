// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/reply.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "bindings/json.h"
#include "bindings/venues/binance/message.h"

namespace keyswap::bindings::binance {

namespace {

// What may come next, at the depth where we are.
enum class Wanted : std::uint8_t {
  value,
  value_or_end,  // of an array that has none yet
  name_or_end,   // of an object that has none yet
  name,
  colon,
  comma_or_end,
  nothing,  // the outermost value is whole
};

// Which token is being kept.
enum class Kept : std::uint8_t { nothing, name, id, status };

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_word_byte(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' ||
         c == '.';
}

class JsonReplyReader final : public ReplyReader {
 public:
  void feed(std::string_view piece) override {
    for (const char c : piece) {
      if (has_failed_) {
        return;
      }
      take(c);
    }
  }

  std::optional<Reply> finish() override {
    if (in_word_) {
      end_token();
    }
    const bool is_whole = !has_failed_ && wanted_ == Wanted::nothing && !in_string_;
    std::optional<Reply> reply;
    if (is_whole && (id_ || status_ != 0)) {
      reply = Reply{id_.value_or(""), status_};
    }
    reset();
    return reply;
  }

 private:
  static constexpr unsigned kDepthMax = 64;
  // An id of 64 bytes with each escaped, and its quotes.
  static constexpr std::size_t kKeptBytesMax = 64 * 6 + 2;

  void reset() {
    in_string_ = in_word_ = is_escaped_ = has_failed_ = has_id_ = has_status_ = false;
    wanted_ = Wanted::value;
    kept_ = Kept::nothing;
    next_kept_ = Kept::nothing;
    depth_ = 0;
    arrays_ = 0;
    token_.clear();
    id_.reset();
    status_ = 0;
  }

  void take(char c) {
    if (in_string_) {
      take_in_string(c);
      return;
    }
    if (in_word_) {
      if (is_word_byte(c)) {
        keep(c);
        return;
      }
      end_token();
    }
    if (!has_failed_ && !is_space(c)) {
      take_structure(c);
    }
  }

  void take_in_string(char c) {
    keep(c);
    if (static_cast<unsigned char>(c) < ' ') {
      has_failed_ = true;
    } else if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      end_token();
    }
  }

  void take_structure(char c) {
    if (c == ',') {
      expect(wanted_ == Wanted::comma_or_end, is_in_array() ? Wanted::value : Wanted::name);
    } else if (c == ':') {
      expect(wanted_ == Wanted::colon, Wanted::value);
    } else if (c == '}' || c == ']') {
      end_nest(c == ']');
    } else if (wanted_ == Wanted::value || wanted_ == Wanted::value_or_end) {
      begin_value(c);
    } else if (c == '"' && is_name_wanted()) {
      begin_token(c, depth_ == 1 ? Kept::name : Kept::nothing);
    } else {
      has_failed_ = true;
    }
  }

  [[nodiscard]] bool is_name_wanted() const {
    return wanted_ == Wanted::name || wanted_ == Wanted::name_or_end;
  }

  void begin_value(char c) {
    if (c == '{' || c == '[') {
      begin_nest(c == '[');
    } else {
      begin_token(c, std::exchange(next_kept_, Kept::nothing));
    }
  }

  void expect(bool is_right, Wanted next) {
    has_failed_ = has_failed_ || !is_right;
    wanted_ = next;
  }

  // The outermost value is an object, and an id or status is none.
  void begin_nest(bool is_array) {
    if (depth_ == kDepthMax || (depth_ == 0 && is_array) || next_kept_ != Kept::nothing) {
      has_failed_ = true;
      return;
    }
    arrays_ = (arrays_ << 1U) | (is_array ? 1U : 0U);
    ++depth_;
    wanted_ = is_array ? Wanted::value_or_end : Wanted::name_or_end;
  }

  void end_nest(bool is_array) {
    const auto wanted_if_empty = is_array ? Wanted::value_or_end : Wanted::name_or_end;
    if (depth_ == 0 || is_in_array() != is_array ||
        (wanted_ != Wanted::comma_or_end && wanted_ != wanted_if_empty)) {
      has_failed_ = true;
      return;
    }
    arrays_ >>= 1U;
    --depth_;
    wanted_ = depth_ == 0 ? Wanted::nothing : Wanted::comma_or_end;
  }

  [[nodiscard]] bool is_in_array() const { return depth_ > 0 && (arrays_ & 1U) != 0; }

  void begin_token(char c, Kept kept) {
    kept_ = kept;
    token_.clear();
    keep(c);
    in_string_ = c == '"';
    in_word_ = !in_string_;
    // Outermost there is only an object; else no other byte begins a value.
    has_failed_ = has_failed_ || depth_ == 0 || (in_word_ && !is_word_byte(c));
  }

  // Names that are too long are not ours; an id that is too long is none of ours either.
  void keep(char c) {
    if (kept_ != Kept::nothing && token_.size() <= kKeptBytesMax) {
      token_ += c;
    }
  }

  void end_token() {
    in_word_ = false;
    wanted_ = is_name_wanted() ? Wanted::colon : Wanted::comma_or_end;
    const auto kept = std::exchange(kept_, Kept::nothing);
    if (kept == Kept::nothing) {
      return;
    }
    const auto value = read_json(token_, {0, 0});
    if (kept == Kept::name) {
      end_name(value);
    } else if (!value || !(kept == Kept::id ? end_id(*value) : end_status(*value))) {
      has_failed_ = true;
    }
  }

  // `name`: nothing if it is not read, and so cannot be one of the two.
  void end_name(const std::optional<JsonValue>& name) {
    if (!name) {
      return;
    }
    if (name->text == "id") {
      has_failed_ = has_failed_ || std::exchange(has_id_, true);
      next_kept_ = Kept::id;
    } else if (name->text == "status") {
      has_failed_ = has_failed_ || std::exchange(has_status_, true);
      next_kept_ = Kept::status;
    }
  }

  // False: it is none of a message's ids.
  bool end_id(const JsonValue& value) {
    auto id = read_message_id(value);
    if (id && *id != "null") {
      id_ = std::move(id);
      return true;
    }
    return id.has_value();
  }

  bool end_status(const JsonValue& value) {
    constexpr int kLeast = 100;
    constexpr int kMost = 599;
    status_ = whole_number<int>(&value).value_or(0);
    return status_ >= kLeast && status_ <= kMost;
  }

  bool in_string_ = false;
  bool in_word_ = false;  // a number, true, false, null
  bool is_escaped_ = false;
  bool has_failed_ = false;
  bool has_id_ = false;
  bool has_status_ = false;
  Wanted wanted_ = Wanted::value;
  Kept kept_ = Kept::nothing;
  Kept next_kept_ = Kept::nothing;  // the value of the name that was just read
  unsigned depth_ = 0;
  std::uint64_t arrays_ = 0;  // a bit for each depth, the innermost lowest
  std::string token_;
  std::optional<std::string> id_;
  int status_ = 0;
};

}  // namespace

std::unique_ptr<ReplyReader> make_reply_reader() {
  return std::make_unique<JsonReplyReader>();
}

std::string refusal_text(const MessageRefusal& refusal) {
  std::string text = "{\"id\":";
  text += refusal.id.empty() ? std::string_view("null") : refusal.id;
  text += ",\"status\":" + std::to_string(refusal.status);
  text += ",\"error\":{\"code\":-1,\"msg\":";
  text += json_string("keyswap: " + std::string(refusal.detail));
  text += ",\"data\":{\"reason\":" + json_string(refusal.reason);
  text += ",\"request_id\":" + json_string(refusal.request_id);
  if (refusal.retry_after_ms > 0) {
    text += ",\"retryAfterMs\":" + std::to_string(refusal.retry_after_ms);
  }
  text += "}}}";
  return text;
}

}  // namespace keyswap::bindings::binance
