// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/answer_capture.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>

#include "bindings/body_text.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/hex.h"
#include "proxy/flow/content_codings.h"
#include "proxy/flow/secret_forms.h"
#include "proxy/flow/set_cookie.h"
#include "proxy/http/date.h"
#include "proxy/http/grammar.h"
#include "vault/json.h"

namespace keyswap::flow {

namespace {

namespace bounds = base::bounds;
using base::Errc;
using base::Error;
using bindings::Capture;
using bindings::CaptureUse;
using http::grammar::trim;
using vault::JsonKind;
using vault::JsonView;
using vault::Secret;

constexpr int kPartialContent = 206;
constexpr Error kUnreadable{Errc::invalid_input, "an answer that is captured cannot be read"};

// Text in locked memory of a size that is known beforehand.
class LockedText final : public base::ByteSink {
 public:
  explicit LockedText(vault::LockedBytes room) : room_(std::move(room)) {}

  [[nodiscard]] bool append(std::string_view bytes) override {
    if (bytes.size() > room_.size() - size_) {
      return false;
    }
    std::ranges::copy(bytes, room_.data() + size_);
    size_ += bytes.size();
    return true;
  }

  [[nodiscard]] Secret take() { return Secret::adopt(std::move(room_), size_); }

 private:
  vault::LockedBytes room_;
  std::size_t size_ = 0;
};

// Hands the pieces, and then the end, to whatever changes a body.
template <typename Filters>
base::Status feed_all(const std::vector<Secret>& pieces, Filters& filters, base::ByteSink& out) {
  for (const Secret& piece : pieces) {
    KS_TRY(filters.feed(piece.reveal(), false, out));
  }
  return filters.feed({}, true, out);
}

// --- heads ---

bool is_of_body(const Capture& capture) {
  return capture.from == Capture::From::json || capture.from == Capture::From::form;
}

bool has_body(const http::Framing& framing) {
  return framing.kind != http::Framing::Kind::none &&
         (framing.kind != http::Framing::Kind::length || framing.length > 0);
}

// What a field of the head says, and for how long it is good.
struct PickedField {
  std::string_view text;
  std::optional<std::int64_t> life_s = std::nullopt;
};

std::optional<std::int64_t> sent_at(const http::ResponseHead& head) {
  const http::Field* const date = head.fields.find("date");
  return date == nullptr ? std::nullopt : http::parse_date(trim(date->value));
}

// Nothing: it is another field, or another cookie, or one that clears it ("deleted", as a rule).
std::optional<PickedField> value_in(const http::ResponseHead& head,
                                    const http::Field& field,
                                    const Capture& capture) {
  if (capture.from == Capture::From::cookie) {
    const auto cookie = base::equal_ignoring_case(field.name, "set-cookie")
                            ? read_set_cookie(field.value, capture.name, sent_at(head))
                            : std::nullopt;
    return cookie ? std::optional(PickedField{cookie->value, cookie->life_s}) : std::nullopt;
  }
  return capture.from == Capture::From::header &&
                 base::equal_ignoring_case(field.name, capture.name)
             ? std::optional(PickedField{trim(field.value)})
             : std::nullopt;
}

// --- JSON ---

JsonView item_of(JsonView array, std::string_view index) {
  std::size_t number = 0;
  const char* const end = index.data() + index.size();
  const auto read = std::from_chars(index.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) {
    return {};
  }
  vault::JsonItems items(array);
  for (std::size_t i = 0; items.next(); ++i) {
    if (i == number) {
      return items.value();
    }
  }
  return {};
}

JsonView value_at(JsonView value, const bindings::JsonPointer& pointer) {
  for (const std::string& name : pointer) {
    value = value.is(JsonKind::array) ? item_of(value, name) : value.member(name);
  }
  return value;
}

// --- forms ---

// What a name or a value of application/x-www-form-urlencoded says, byte by byte. A '%' that no two
// hex digits follow stands for itself.
class FormBytes {
 public:
  explicit FormBytes(std::string_view encoded) : rest_(encoded) {}

  // -1 behind the last.
  int next() {
    if (rest_.empty()) {
      return -1;
    }
    const char c = rest_.front();
    const int high = c == '%' && rest_.size() > 2 ? base::hex_value(rest_[1]) : -1;
    const int low = high < 0 ? -1 : base::hex_value(rest_[2]);
    rest_.remove_prefix(low < 0 ? 1 : 3);
    return low >= 0 ? high * 16 + low : c == '+' ? ' ' : static_cast<unsigned char>(c);
  }

 private:
  std::string_view rest_;
};

bool says(std::string_view encoded, std::string_view text) {
  FormBytes bytes(encoded);
  return std::ranges::all_of(
             text, [&](char c) { return bytes.next() == static_cast<unsigned char>(c); }) &&
         bytes.next() < 0;
}

base::Result<Secret> decoded(std::string_view encoded) {
  auto room = vault::LockedBytes::of_size(std::max<std::size_t>(encoded.size(), 1));
  if (!room) {
    return room.error();
  }
  std::size_t size = 0;
  FormBytes bytes(encoded);
  for (int byte = bytes.next(); byte >= 0; byte = bytes.next()) {
    room->data()[size++] = static_cast<char>(byte);
  }
  return Secret::adopt(std::move(*room), size);
}

// The first of that name.
std::optional<std::string_view> field_in(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view part = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(part.size() + 1, form.size()));
    const auto equals = std::min(part.find('='), part.size());
    if (says(part.substr(0, equals), name)) {
      return part.substr(std::min(equals + 1, part.size()));
    }
  }
  return std::nullopt;
}

// --- how long a value is good ---

// What is longer than anybody waits for is as good as this.
constexpr std::int64_t kLifeMaxS = std::int64_t{100} * 366 * 24 * 3600;

base::Result<std::int64_t> seconds_in(std::string_view digits) {
  std::int64_t seconds = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, seconds);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) {
    return kUnreadable;
  }
  if (read.ec != std::errc{}) {
    return digits.starts_with('-') ? 0 : kLifeMaxS;  // out of range
  }
  return std::clamp<std::int64_t>(seconds, 0, kLifeMaxS);
}

// A whole number, or one in a text, as some servers write it.
base::Result<std::int64_t> seconds_in(JsonView value) {
  constexpr std::size_t kDigitsMax = 20;
  if (const auto number = value.integer()) {
    return std::clamp<std::int64_t>(*number, 0, kLifeMaxS);
  }
  const auto text = value.plain_text(kDigitsMax);
  return text ? seconds_in(std::string_view(*text)) : base::Result<std::int64_t>(kUnreadable);
}

// --- JWTs ---

bool is_part(std::string_view text) {
  return !text.empty() && base::is_base64url(text);
}

// The third part of a JWT (RFC 7519). What is none stays as it is.
base::Result<Secret> signature_of(Secret value) {
  const std::string_view text = value.reveal();
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  const bool is_jwt =
      first != std::string_view::npos && first < last && is_part(text.substr(0, first)) &&
      is_part(text.substr(first + 1, last - first - 1)) && is_part(text.substr(last + 1));
  if (!is_jwt) {
    return value;
  }
  return Secret::copy_of(text.substr(last + 1));
}

}  // namespace

std::vector<CaptureUse> AnswerCapture::uses_for(const bindings::Bindings& bindings,
                                                std::span<const CaptureUse> uses,
                                                const http::ResponseHead& head) {
  const bool is_success = head.status >= 200 && head.status < 300;
  const bool is_redirect = head.status >= 300 && head.status < 400;
  std::vector<CaptureUse> found;
  for (const CaptureUse& use : uses) {
    const Capture& capture = bindings.rules[use.rule].captures[use.capture];
    const bool is_there = is_of_body(capture)
                              ? is_success && has_body(head.framing)
                              : (is_success || is_redirect) &&
                                    std::ranges::any_of(head.fields, [&](const http::Field& field) {
                                      return value_in(head, field, capture).has_value();
                                    });
    if (is_there) {
      found.push_back(use);
    }
  }
  return found;
}

base::Status AnswerCapture::hold(std::string_view piece) {
  if (piece.empty()) {
    return {};
  }
  bytes_ += piece.size();
  if (bytes_ > bounds::kCapturedAnswerBytesMax ||
      pieces_.size() == bounds::kCapturedAnswerPiecesMax) {
    return Error{Errc::limit_exceeded, "an answer that is captured is too long"};
  }
  auto held = Secret::copy_of(piece);
  if (!held) {
    return held.error();
  }
  if (!holder_.hold(*held)) {
    return Error{Errc::unavailable, "too much locked memory is held already"};
  }
  pieces_.push_back(std::move(*held));
  return {};
}

base::Status AnswerCapture::pick() {
  KS_TRY(pick_from_fields());
  return pick_from_body();
}

base::Status AnswerCapture::pick_from_fields() {
  for (const CaptureUse& use : uses_) {
    for (const http::Field& field : head_.fields) {
      KS_TRY(pick_from_field(use, field));
    }
  }
  return {};
}

base::Status AnswerCapture::pick_from_field(const CaptureUse& use, const http::Field& field) {
  const auto found = value_in(head_, field, capture_of(use));
  if (!found || found->text.empty()) {
    return {};
  }
  KS_TRY(take(use, Secret::copy_of(found->text)));
  return found->life_s ? limit_life(use, *found->life_s) : base::Status();
}

// A body is read by what it says that it is. Where it is none that a rule's entries read, that
// rule's value may stand in it all the same.
base::Status AnswerCapture::pick_from_body() {
  const auto is_for_body = [&](const CaptureUse& use) {
    return is_of_body(capture_of(use));
  };
  if (bytes_ == 0 || std::ranges::none_of(uses_, is_for_body)) {
    return {};
  }
  // A part may be one of the value, or what its client cut out of something else.
  if (head_.status == kPartialContent) {
    return kUnreadable;
  }
  const http::Field* const type = head_.fields.find("content-type");
  const bool is_form =
      type != nullptr &&
      bindings::body_text_of(bindings::media_type_of(type->value)) == bindings::BodyText::form;
  const auto from = is_form ? Capture::From::form : Capture::From::json;
  const auto is_read = [&](const CaptureUse& use) {
    return std::ranges::any_of(uses_, [&](const CaptureUse& other) {
      return other.rule == use.rule && capture_of(other).from == from;
    });
  };
  if (!std::ranges::all_of(
          uses_, [&](const CaptureUse& use) { return !is_for_body(use) || is_read(use); })) {
    return kUnreadable;
  }
  return is_form ? pick_from_form() : pick_from_json();
}

base::Status AnswerCapture::pick_from_json() {
  auto whole = text();
  if (!whole) {
    return whole.error();
  }
  const auto json = vault::JsonText::read(std::move(*whole));
  if (!json) {
    return json.error();
  }
  for (const CaptureUse& use : uses_) {
    const Capture& capture = capture_of(use);
    if (capture.from != Capture::From::json) {
      continue;
    }
    const JsonView value = value_at(json->root(), capture.pointer);
    if (!value.is(JsonKind::none) && !value.is(JsonKind::null)) {
      KS_TRY(take(use, value.text()));
    }
  }
  for (const CaptureUse& use : uses_) {  // once all values are there
    const Capture& capture = capture_of(use);
    const JsonView life = value_at(json->root(), capture.life_pointer);
    if (capture.from == Capture::From::json && !capture.life_pointer.empty() &&
        !life.is(JsonKind::none) && !life.is(JsonKind::null)) {
      KS_TRY(limit_life(use, seconds_in(life)));
    }
  }
  return {};
}

base::Status AnswerCapture::pick_from_form() {
  const auto whole = text();
  if (!whole) {
    return whole.error();
  }
  std::string_view rest = whole->reveal();
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    KS_TRY(take_form_field(part.substr(0, equals), value));
  }
  for (const CaptureUse& use : uses_) {
    const Capture& capture = capture_of(use);
    const auto life =
        capture.life_name.empty() ? std::nullopt : field_in(whole->reveal(), capture.life_name);
    if (life) {
      KS_TRY(limit_life(use, seconds_in(*life)));
    }
  }
  return {};
}

base::Status AnswerCapture::take_form_field(std::string_view name, std::string_view value) {
  for (const CaptureUse& use : uses_) {
    const Capture& capture = capture_of(use);
    if (capture.from == Capture::From::form && says(name, capture.name)) {
      KS_TRY(take(use, decoded(value)));
    }
  }
  return {};
}

// One that is empty takes something back, or says that there is none.
base::Status AnswerCapture::take(const CaptureUse& use, base::Result<Secret> value) {
  if (value && capture_of(use).is_signature) {
    value = signature_of(std::move(*value));
  }
  if (!value) {
    return value.error();
  }
  if (value->size() == 0) {
    return {};
  }
  if (!use.is_certain) {
    return kUnreadable;
  }
  // I8: what is shorter is looked for as a whole token alone, if at all.
  if (value->size() < kFormBytesMin) {
    return Error{Errc::invalid_input, "a captured value has fewer than 8 characters"};
  }
  const auto same = std::ranges::find(values_, use.rule, &CapturedValue::rule);
  if (same != values_.end()) {
    // One that is there twice is not clear: the client may read either.
    return same->value.reveal() == value->reveal() ? base::Status{} : base::Status(kUnreadable);
  }
  if (!holder_.hold(*value)) {
    return Error{Errc::unavailable, "too much locked memory is held already"};
  }
  values_.push_back({use.rule, std::move(*value)});
  return {};
}

// Where several say it of one value, the first that is over counts. Of a value that did not come it
// says nothing.
base::Status AnswerCapture::limit_life(const CaptureUse& use, base::Result<std::int64_t> life_s) {
  const auto value = std::ranges::find(values_, use.rule, &CapturedValue::rule);
  if (value == values_.end()) {
    return {};
  }
  if (!life_s) {
    return life_s.error();
  }
  value->life_s = std::min(value->life_s.value_or(*life_s), *life_s);
  return {};
}

base::Status AnswerCapture::feed(AnswerFilters& filters, base::ByteSink& out) const {
  return feed_all(pieces_, filters, out);
}

// The body without its codings.
base::Result<Secret> AnswerCapture::text() const {
  const auto codings = content_codings(head_.fields);
  if (!codings) {
    return kUnreadable;
  }
  FilterChain decode;
  KS_TRY(add_decoders(*codings, decode));
  auto room =
      vault::LockedBytes::of_size(codings->empty() ? bytes_ : bounds::kCapturedAnswerBytesMax);
  if (!room) {
    return room.error();
  }
  LockedText whole(std::move(*room));
  KS_TRY(feed_all(pieces_, decode, whole));
  return whole.take();
}

const Capture& AnswerCapture::capture_of(const CaptureUse& use) const {
  return bindings_->rules[use.rule].captures[use.capture];
}

}  // namespace keyswap::flow
