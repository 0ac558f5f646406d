// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/line_check.h"

#include <algorithm>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

namespace bounds = base::bounds;

constexpr std::size_t kVersionBytes = std::string_view("HTTP/1.1").size();
constexpr std::size_t kRequestLineBytesMax =
    bounds::kMethodBytesMax + 1 + bounds::kTargetBytesMax + 1 + kVersionBytes;

// What a head's fields may be, and in which words that it is passed: an answer tells them to
// people, so the numbers in the texts are compared with the bounds below.
struct FieldBounds {
  std::size_t count_max;
  std::size_t line_bytes_max;
  std::size_t bytes_max;
  base::Note too_many;
  base::Note too_long;
  base::Note too_large;
};

constexpr FieldBounds kRequestFields{bounds::kRequestFieldCountMax,
                                     bounds::kRequestFieldBytesMax,
                                     bounds::kRequestHeadBytesMax,
                                     "more than 128 fields in the head",
                                     "a field line of more than 32 KiB",
                                     "more than 64 KiB of fields in the head"};
constexpr FieldBounds kResponseFields{bounds::kResponseFieldCountMax,
                                      bounds::kResponseFieldBytesMax,
                                      bounds::kResponseHeadBytesMax,
                                      "more than 256 fields in the head",
                                      "a field line of more than 64 KiB",
                                      "more than 256 KiB of fields in the head"};
constexpr FieldBounds kTrailerFields{bounds::kRequestFieldCountMax,
                                     bounds::kChunkExtraBytesMax,
                                     bounds::kChunkExtraBytesMax,
                                     "more than 128 fields in the trailer section",
                                     "more than 16 KiB of trailers",
                                     "more than 16 KiB of trailers"};
static_assert(bounds::kRequestFieldCountMax == 128 && bounds::kResponseFieldCountMax == 256);
static_assert(bounds::kRequestFieldBytesMax == 32 * 1024);
static_assert(bounds::kRequestHeadBytesMax == 64 * 1024);
static_assert(bounds::kResponseFieldBytesMax == 64 * 1024);
static_assert(bounds::kResponseHeadBytesMax == 256 * 1024);
static_assert(bounds::kChunkExtraBytesMax == 16 * 1024);
static_assert(bounds::kMethodBytesMax == 64 && bounds::kTargetBytesMax == 8 * 1024);

const FieldBounds& bounds_of(LineCheck::Section section) {
  switch (section) {
    case LineCheck::Section::request:
      return kRequestFields;
    case LineCheck::Section::response:
      return kResponseFields;
    case LineCheck::Section::trailer:
      return kTrailerFields;
  }
  KS_UNREACHABLE();
}

LineVerdict refused(DecodeError error, base::Note note) {
  return {LineVerdict::Kind::refused, error, note};
}

LineVerdict malformed(base::Note note) {
  return refused(DecodeError::malformed, note);
}

LineVerdict passed() {
  return {};
}

bool is_version(std::string_view text) {
  return text == "HTTP/1.1" || text == "HTTP/1.0";
}

LineVerdict check_request_line(std::string_view line) {
  const RequestLine parts = LineCheck::split_request_line(line);
  if (parts.method.empty() || !grammar::all_are(parts.method, grammar::kToken)) {
    return malformed("the request does not begin with a method");
  }
  if (parts.method == "PRI" && parts.version == "HTTP/2.0") {
    return malformed("the preface of HTTP/2, where HTTP/1.1 is spoken");
  }
  if (!is_version(parts.version)) {
    return malformed("the request line does not end in HTTP/1.1 or HTTP/1.0");
  }
  if (parts.target.size() > bounds::kTargetBytesMax) {
    return refused(DecodeError::target_too_long, "a request target of more than 8 KiB");
  }
  if (parts.target.empty() || !grammar::is_target(parts.target)) {
    return malformed(
        "the request target is empty, or holds a space, a control or, in its path, a byte beyond "
        "ASCII");
  }
  if (parts.method.size() > bounds::kMethodBytesMax) {
    return refused(DecodeError::method_not_supported, "a method of more than 64 bytes");
  }
  if (parts.method == "PRI") {
    // RFC 9113 section 3.4: never a method; so that nobody takes us for a server of HTTP/2.
    return refused(DecodeError::method_not_supported, "the preface of HTTP/2");
  }
  return passed();
}

// RFC 9112 section 4. The space after the status is not asked for when there is no reason: many
// servers leave it out, and nothing else can be meant.
LineVerdict check_status_line(std::string_view line) {
  constexpr std::size_t kWithoutReason = kVersionBytes + 4;
  if (line.size() < kWithoutReason || !is_version(line.substr(0, kVersionBytes)) ||
      line[kVersionBytes] != ' ' ||
      !grammar::all_are(line.substr(kVersionBytes + 1, 3), grammar::kDigit) ||
      (line.size() > kWithoutReason && line[kWithoutReason] != ' ')) {
    return malformed("not an HTTP/1.1 or HTTP/1.0 status line");
  }
  if (LineCheck::split_status_line(line).status < 100) {
    return refused(DecodeError::status_out_of_range, "a status that is not between 100 and 999");
  }
  if (!grammar::is_field_text(line)) {
    return malformed("a control byte in the status line");
  }
  return passed();
}

}  // namespace

LineVerdict LineCheck::check_line(std::string_view line) {
  const std::size_t line_bytes = line.size();
  const std::string_view content = line.substr(0, line.size() - 1);
  const bool ends_in_cr = !content.empty() && content.back() == '\r';
  const std::string_view text = content.substr(0, content.size() - (ends_in_cr ? 1 : 0));
  // I15: first what check_part() looks at, so that the cut of the input makes no difference.
  if (auto verdict = check_beginning(line); verdict.kind == LineVerdict::Kind::refused) {
    return verdict;
  }
  if (text.size() > line_bytes_max()) {
    return too_long();
  }
  if (!ends_in_cr) {
    return malformed("a line that ends in LF without CR");
  }
  if (text.empty() && is_first()) {
    return ignore_empty_line();
  }
  const bool was_first = is_first();
  bytes_ += line_bytes;
  if (was_first) {
    return section_ == Section::request ? check_request_line(text) : check_status_line(text);
  }
  if (text.empty()) {
    return {LineVerdict::Kind::complete, DecodeError::none, ""};
  }
  return check_field_line(text, line_bytes);
}

LineVerdict LineCheck::check_part(std::string_view part) const {
  if (auto verdict = check_beginning(part); verdict.kind == LineVerdict::Kind::refused) {
    return verdict;
  }
  return part.size() > part_bytes_max() ? too_long() : passed();
}

LineVerdict LineCheck::check_beginning(std::string_view line) const {
  if (!is_first() || line.empty()) {
    return passed();
  }
  bool can_begin = line.front() == 'H';
  if (section_ == Section::request) {
    const bool is_empty_line = line.front() == '\r' && (line.size() == 1 || line[1] == '\n');
    can_begin = is_empty_line || grammar::is(line.front(), grammar::kToken);
  }
  return can_begin ? passed() : malformed("the first byte cannot begin an HTTP message");
}

// RFC 9112 section 2.2: some clients send one after the body of a request.
LineVerdict LineCheck::ignore_empty_line() {
  if (++empty_lines_ > bounds::kEmptyLinesMax) {
    return malformed("too many empty lines before a request");
  }
  return {LineVerdict::Kind::ignored, DecodeError::none, ""};
}

std::size_t LineCheck::part_bytes_max() const {
  return line_bytes_max() + 1;
}

RequestLine LineCheck::split_request_line(std::string_view line) {
  const std::size_t first = std::min(line.find(' '), line.size());
  const std::size_t last = line.rfind(' ');
  if (last == std::string_view::npos || last == first) {
    return {line.substr(0, first), {}, {}};
  }
  return {line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
}

StatusLine LineCheck::split_status_line(std::string_view line) {
  int status = 0;
  for (const char digit : line.substr(kVersionBytes + 1, 3)) {
    status = status * 10 + (digit - '0');
  }
  return {
      line.substr(0, kVersionBytes), status, line.substr(std::min(line.size(), kVersionBytes + 5))};
}

std::size_t LineCheck::line_bytes_max() const {
  if (!is_first()) {
    return bounds_of(section_).line_bytes_max;
  }
  return section_ == Section::request ? kRequestLineBytesMax : bounds::kStatusLineBytesMax;
}

LineVerdict LineCheck::too_long() const {
  if (!is_first()) {
    return refused(
        section_ == Section::trailer ? DecodeError::malformed : DecodeError::field_too_long,
        bounds_of(section_).too_long);
  }
  if (section_ == Section::response) {
    return malformed("the status line is too long");
  }
  return refused(DecodeError::target_too_long, "a request target of more than 8 KiB");
}

LineVerdict LineCheck::check_field_sizes(std::size_t line_bytes) {
  const FieldBounds& bounds = bounds_of(section_);
  const bool is_trailer = section_ == Section::trailer;
  field_bytes_ += line_bytes;
  ++field_count_;
  if (field_count_ > bounds.count_max) {
    return refused(is_trailer ? DecodeError::malformed : DecodeError::too_many_fields,
                   bounds.too_many);
  }
  if (field_bytes_ > bounds.bytes_max) {
    return refused(is_trailer ? DecodeError::malformed : DecodeError::head_too_large,
                   bounds.too_large);
  }
  return passed();
}

LineVerdict LineCheck::check_field_line(std::string_view line, std::size_t line_bytes) {
  if (auto verdict = check_field_sizes(line_bytes); verdict.kind == LineVerdict::Kind::refused) {
    return verdict;
  }
  if (grammar::is_space(line.front())) {
    return malformed("a folded field line");  // RFC 9112 section 5.2
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return malformed("a field line without a name");
  }
  // A space before the colon is refused here too (RFC 9112 section 5.1).
  if (!grammar::all_are(line.substr(0, colon), grammar::kToken)) {
    return malformed("a field name with bytes that are not allowed");
  }
  if (!grammar::is_field_text(line.substr(colon + 1))) {
    return malformed("a control byte in a field value");
  }
  return passed();
}

}  // namespace keyswap::http
