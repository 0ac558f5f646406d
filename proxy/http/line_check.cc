// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/line_check.h"

#include <algorithm>
#include <array>

#include "proxy/base/limits.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

namespace limits = base::limits;

constexpr std::size_t kVersionBytes = std::string_view("HTTP/1.1").size();
// Room for the longest method we know (UNSUBSCRIBE) and then some.
constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kRequestLineBytesMax =
    kMethodBytesMax + 1 + limits::kTargetBytesMax + 1 + kVersionBytes;

// Those that llhttp's strict parser knows: not PRI (HTTP/2), not RTSP's and ICE's. TRACE is read,
// so that its refusal can be recorded with its path (flow/destination). In order of use.
constexpr std::array<std::string_view, 33> kMethods = {
    "GET",        "POST",      "PUT",      "DELETE",      "PATCH",  "HEAD",   "CONNECT",
    "OPTIONS",    "PROPFIND",  "REPORT",   "PROPPATCH",   "MKCOL",  "COPY",   "MOVE",
    "LOCK",       "UNLOCK",    "SEARCH",   "BIND",        "REBIND", "UNBIND", "ACL",
    "MKACTIVITY", "CHECKOUT",  "MERGE",    "MKCALENDAR",  "LINK",   "UNLINK", "PURGE",
    "NOTIFY",     "SUBSCRIBE", "M-SEARCH", "UNSUBSCRIBE", "TRACE"};

LineVerdict malformed(base::Note note) {
  return {LineVerdict::Kind::refused, DecodeError::malformed, note};
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
  if (!is_version(parts.version)) {
    return malformed("the request line does not end in HTTP/1.1 or HTTP/1.0");
  }
  if (parts.target.size() > limits::kTargetBytesMax) {
    return {
        LineVerdict::Kind::refused, DecodeError::target_too_long, "the request target is too long"};
  }
  if (parts.target.empty() || !grammar::all_are(parts.target, grammar::kVisible)) {
    return malformed(
        "the request target is empty or holds a space or a byte outside visible ASCII");
  }
  if (std::find(kMethods.begin(), kMethods.end(), parts.method) == kMethods.end()) {
    return {LineVerdict::Kind::refused,
            DecodeError::method_not_supported,
            "the method is not one that is passed on"};
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
  const int status = LineCheck::split_status_line(line).status;
  if (status < 100 || status > 599) {
    return malformed("the status is not between 100 and 599");
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
  if (auto verdict = check_first_byte(line); verdict.kind == LineVerdict::Kind::refused) {
    return verdict;
  }
  if (text.size() > line_bytes_max()) {
    return too_long();
  }
  if (!ends_in_cr) {
    return malformed("a line that ends in LF without CR");
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
  if (auto verdict = check_first_byte(part); verdict.kind == LineVerdict::Kind::refused) {
    return verdict;
  }
  return part.size() > part_bytes_max() ? too_long() : passed();
}

LineVerdict LineCheck::check_first_byte(std::string_view line) const {
  if (!is_first() || line.empty()) {
    return passed();
  }
  const bool can_begin = section_ == Section::request ? grammar::is(line.front(), grammar::kToken)
                                                      : line.front() == 'H';
  return can_begin ? passed() : malformed("the first byte cannot begin an HTTP message");
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
    return limits::kFieldBytesMax;
  }
  return section_ == Section::request ? kRequestLineBytesMax : limits::kStatusLineBytesMax;
}

LineVerdict LineCheck::too_long() const {
  if (section_ == Section::trailer) {
    return malformed("a trailer line that is too long");
  }
  if (!is_first()) {
    return {LineVerdict::Kind::refused, DecodeError::header_too_large, "a field line is too long"};
  }
  if (section_ == Section::response) {
    return malformed("the status line is too long");
  }
  return {LineVerdict::Kind::refused, DecodeError::target_too_long, "the request line is too long"};
}

LineVerdict LineCheck::check_field_line(std::string_view line, std::size_t line_bytes) {
  field_bytes_ += line_bytes;
  ++field_count_;
  if (field_bytes_ > limits::kHeadBytesMax || field_count_ > limits::kFieldCountMax) {
    return section_ == Section::trailer
               ? malformed("the trailer section is too large")
               : LineVerdict{LineVerdict::Kind::refused,
                             DecodeError::header_too_large,
                             "too many fields, or too many bytes of fields"};
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
