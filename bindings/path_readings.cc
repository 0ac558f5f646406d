// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_readings.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/limits.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

// One more reading of a path; nothing: it has nothing that could be read so.
using Further = std::optional<std::string>;

bool has(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

// Where some server thinks that a path ends.
bool is_path_end(char c) {
  return c == '?' || c == '#' || c == '\0';
}

bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_not_utf8(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_beyond_ascii) && !base::is_utf8(text);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte of the escape that begins `text`, or nothing if there is no valid one.
std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') {
    return std::nullopt;
  }
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) {
    return std::nullopt;
  }
  return static_cast<char>(static_cast<unsigned char>(high * 16 + low));
}

bool is_unreserved(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

template <typename Wanted>
Further decode_if(std::string_view path, Wanted wanted) {
  if (!has(path, '%')) {
    return std::nullopt;
  }
  std::string result;
  result.reserve(path.size());
  while (!path.empty()) {
    const auto literal = std::min(path.find('%'), path.size());
    result += path.substr(0, literal);
    path.remove_prefix(literal);
    const auto byte = escaped_byte(path);
    const bool takes = byte.has_value() && wanted(*byte);
    const std::size_t size = takes ? 3 : std::min<std::size_t>(path.size(), 1);
    if (takes) {
      result += *byte;
    } else {
      result += path.substr(0, size);
    }
    path.remove_prefix(size);
  }
  return result;
}

// One pass: "%252e" becomes "%2e"; the next reading decodes that.
Further decode(std::string_view path) {
  return decode_if(path, [](char) { return true; });
}

// As servers do that normalise escapes (RFC 3986 section 6.2.2.2) but keep "%2f" a part of its
// segment.
Further decode_unreserved(std::string_view path) {
  return decode_if(path, is_unreserved);
}

Further without_dots(std::string_view path) {
  return path.find("/.") == std::string_view::npos ? std::nullopt : Further(resolve_dots(path));
}

Further merge_slashes(std::string_view path) {
  if (path.find("//") == std::string_view::npos) {
    return std::nullopt;
  }
  std::string result;
  result.reserve(path.size());
  for (const char c : path) {
    if (c != '/' || result.empty() || result.back() != '/') {
      result += c;
    }
  }
  return result;
}

Further cut_parameters(std::string_view path) {
  if (!has(path, ';')) {
    return std::nullopt;
  }
  std::string result;
  result.reserve(path.size());
  while (!path.empty()) {
    result += path.substr(0, path.find(';'));
    path.remove_prefix(std::min(path.find(';'), path.size()));
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  return result;
}

Further turn_backslashes(std::string_view path) {
  if (!has(path, '\\')) {
    return std::nullopt;
  }
  std::string result(path);
  std::replace(result.begin(), result.end(), '\\', '/');
  return result;
}

// Who decodes before he looks for the end takes a decoded '?' or '#' for it; a string of C ends at
// NUL.
Further cut_end(std::string_view path) {
  const auto* const end = std::find_if(path.begin(), path.end(), is_path_end);
  return end == path.end() ? std::nullopt : Further(std::string(path.begin(), end));
}

struct Overlong {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: it is none
};

// The overlong form that begins `text`, up to the six bytes of RFC 2279; also with continuation
// bytes that are none, which old decoders did not look at: of "%c0%ae" and "%c0%6e" both made '.'.
Overlong overlong_at(std::string_view text) {
  constexpr std::array<unsigned, 7> kLeads = {0, 0, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc};
  constexpr std::array<std::uint32_t, 7> kFewest = {
      0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
  const unsigned lead = static_cast<unsigned char>(text.front());
  std::size_t bytes = 6;
  while (bytes > 1 && lead < kLeads.at(bytes)) {
    --bytes;
  }
  if (bytes < 2 || lead >= 0xfe || text.size() < bytes) {
    return {};
  }
  std::uint32_t code = lead - kLeads.at(bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  return code < kFewest.at(bytes) && code <= 0x10ffff && !is_surrogate ? Overlong{code, bytes}
                                                                       : Overlong{};
}

// RFC 3629 section 10.
Further read_overlong(std::string_view path) {
  if (!is_not_utf8(path)) {
    return std::nullopt;
  }
  std::string result;
  while (!path.empty()) {
    const auto valid = base::read_utf8(path).bytes;
    const auto overlong = valid > 0 ? Overlong{} : overlong_at(path);
    if (overlong.bytes > 0) {
      base::append_utf8(overlong.code, result);
    } else {
      result += path.substr(0, std::max<std::size_t>(valid, 1));
    }
    path.remove_prefix(std::max({valid, overlong.bytes, std::size_t{1}}));
  }
  return result;
}

Further drop_what_is_no_utf8(std::string_view path) {
  if (!is_not_utf8(path)) {
    return std::nullopt;
  }
  std::string result;
  while (!path.empty()) {
    const auto valid = base::read_utf8(path).bytes;
    result += path.substr(0, valid);
    path.remove_prefix(std::max<std::size_t>(valid, 1));
  }
  return result;
}

// U+FF01 to U+FF5E are ASCII in the width of a Chinese character; normal form KC and the code pages
// of Windows make them ASCII.
Further narrow(std::string_view path) {
  constexpr std::string_view kFullwidth = "\xef\xbc";
  constexpr std::string_view kFullwidthToo = "\xef\xbd";
  if (path.find(kFullwidth) == std::string_view::npos &&
      path.find(kFullwidthToo) == std::string_view::npos) {
    return std::nullopt;
  }
  constexpr std::uint32_t kFirst = 0xff01;
  constexpr std::uint32_t kLast = 0xff5e;
  std::string result;
  while (!path.empty()) {
    const auto character = base::read_utf8(path);
    const auto size = std::max<std::size_t>(character.bytes, 1);
    if (character.bytes > 0 && character.code >= kFirst && character.code <= kLast) {
      result += static_cast<char>(character.code - kFirst + '!');
    } else {
      result += path.substr(0, size);
    }
    path.remove_prefix(size);
  }
  return result;
}

using Reading = Further (*)(std::string_view);

constexpr std::array<Reading, 10> kReadings = {decode,
                                               decode_unreserved,
                                               without_dots,
                                               merge_slashes,
                                               cut_parameters,
                                               turn_backslashes,
                                               cut_end,
                                               read_overlong,
                                               drop_what_is_no_utf8,
                                               narrow};

// Is the segment that begins `path` "." or ".."?
bool is_dot_segment(std::string_view path) {
  const auto segment = path.substr(0, path.find('/'));
  return segment == "." || segment == "..";
}

}  // namespace

std::string resolve_dots(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    const auto segment = path.substr(at, end - at);  // with the slash before it
    const bool is_parent = segment == "/..";
    if (is_parent) {
      const auto parent = result.rfind('/');
      result.erase(parent == std::string::npos ? 0 : parent);
    }
    if (!is_parent && segment != "/.") {
      result += segment;
    } else if (end == path.size()) {
      result += '/';
    }
    at = end;
  }
  return result;
}

std::vector<std::string> path_readings(std::string_view path) {
  std::vector<std::string> readings = {std::string(path)};
  std::size_t bytes = path.size();
  for (std::size_t i = 0; i < readings.size() * kReadings.size(); ++i) {
    auto reading = kReadings.at(i % kReadings.size())(readings[i / kReadings.size()]);
    if (!reading || std::find(readings.begin(), readings.end(), *reading) != readings.end()) {
      continue;
    }
    bytes += reading->size();
    // I10: of a path that is made to have many, no more is read than this.
    if (readings.size() == base::limits::kPathReadingsMax ||
        bytes > bounds::kPathReadingsBytesMax) {
      return {};
    }
    readings.push_back(std::move(*reading));
  }
  return readings;
}

bool has_other_readings(std::string_view path) {
  char before = '\0';
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool begins_segment = before == '/';
    if (c == '%' || c == ';' || c == '\\' || is_path_end(c) || is_beyond_ascii(c) ||
        (begins_segment && c == '/') ||
        (begins_segment && c == '.' && is_dot_segment(path.substr(i)))) {
      return true;
    }
    before = c;
  }
  return false;
}

PathReadings::PathReadings(std::string_view path) : path_(path) {
  if (!has_other_readings(path)) {
    return;
  }
  others_ = path_readings(path);
  are_too_many_ = others_.empty();
  are_utf8_ = std::none_of(others_.begin(), others_.end(), is_not_utf8);
  if (!are_too_many_) {
    others_.erase(others_.begin());
  }
}

}  // namespace keyswap::bindings
