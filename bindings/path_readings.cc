// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_readings.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/hex.h"
#include "proxy/base/utf8.h"
#include "proxy/base/words.h"

namespace keyswap::bindings {

namespace {

// What in a path could be read in another way.
using Marks = unsigned;
constexpr Marks kEscape = 1;     // '%'
constexpr Marks kParameter = 2;  // ';'
constexpr Marks kBackslash = 4;
constexpr Marks kEnd = 8;  // where some server thinks that a path ends: '?', '#', NUL
constexpr Marks kBeyondAscii = 16;
constexpr Marks kSlash = 32;
constexpr Marks kDot = 64;
constexpr Marks kUnreserved = 128;  // in RFC 3986
// Not of one byte alone.
constexpr Marks kSlashSlash = 256;
constexpr Marks kSlashDot = 512;
constexpr Marks kNotUtf8 = 1024;
constexpr Marks kFullwidth = 2048;

constexpr std::array<Marks, 256> make_byte_marks() {
  std::array<Marks, 256> marks{};
  for (std::size_t byte = 0x80; byte < marks.size(); ++byte) {
    marks.at(byte) = kBeyondAscii;
  }
  for (const char c :
       std::string_view("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    marks.at(static_cast<unsigned char>(c)) = kUnreserved;
  }
  marks['%'] = kEscape;
  marks[';'] = kParameter;
  marks['\\'] = kBackslash;
  marks['?'] = marks['#'] = marks['\0'] = kEnd;
  marks['/'] = kSlash;
  marks['.'] |= kDot;
  return marks;
}

constexpr std::array<Marks, 256> kByteMarks = make_byte_marks();

Marks marks_of(char c) {
  return kByteMarks[static_cast<unsigned char>(c)];
}

constexpr std::uint32_t kFirstFullwidth = 0xff01;
constexpr std::uint32_t kLastFullwidth = 0xff5e;

bool is_beyond_ascii(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

Marks character_marks(std::string_view path) {
  Marks marks = 0;
  const char* const end = path.data() + path.size();
  for (const char* at = path.data(); at != end;) {
    if (!is_beyond_ascii(*at)) {
      ++at;
      continue;
    }
    const auto character = base::read_utf8(between(at, end));
    if (character.bytes == 0) {
      marks |= kNotUtf8;
    } else if (character.code >= kFirstFullwidth && character.code <= kLastFullwidth) {
      marks |= kFullwidth;
    }
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return marks;
}

// Four at a time: every reading is looked through.
Marks byte_marks(std::string_view path) {
  const auto marks_at = [&path](std::size_t i) {
    return marks_of(path.data()[i]);
  };
  Marks marks = 0;
  std::size_t i = 0;
  for (; i + 4 <= path.size(); i += 4) {
    marks |= marks_at(i) | marks_at(i + 1) | marks_at(i + 2) | marks_at(i + 3);
  }
  for (; i < path.size(); ++i) {
    marks |= marks_at(i);
  }
  return marks;
}

Marks marks_in(std::string_view path) {
  Marks marks = byte_marks(path);
  if ((marks & kSlash) != 0) {
    marks |= base::has_pair(path, '/', '/') ? kSlashSlash : 0;
    marks |= base::has_pair(path, '/', '.') ? kSlashDot : 0;
  }
  return (marks & kBeyondAscii) != 0 ? marks | character_marks(path) : marks;
}

// The byte of the escape whose '%' is at `at`; negative: it is none.
int escaped_byte(const char* at, const char* end) {
  if (end - at < 3) {
    return -1;
  }
  const int high = base::hex_value(at[1]);
  const int low = base::hex_value(at[2]);
  return (high | low) < 0 ? -1 : high * 16 + low;
}

// What `write` makes of the path, no longer than that: it is given where to write, and tells where
// it stopped.
template <typename Write>
std::string rewritten(std::string_view path, Write write) {
  std::string result(path.size(), '\0');
  const char* const end = write(path.data(), path.data() + path.size(), result.data());
  result.resize(static_cast<std::size_t>(end - result.data()));
  return result;
}

template <typename Wanted>
std::string decode_if(std::string_view path, Wanted wanted) {
  return rewritten(path, [wanted](const char* at, const char* end, char* out) {
    while (at != end) {
      const int byte = *at == '%' ? escaped_byte(at, end) : -1;
      if (byte >= 0 && wanted(static_cast<char>(byte))) {
        *out++ = static_cast<char>(byte);
        at += 3;
      } else {
        *out++ = *at++;
      }
    }
    return out;
  });
}

// One pass: "%252e" becomes "%2e"; the next reading decodes that.
std::string decode(std::string_view path) {
  return decode_if(path, [](char) { return true; });
}

// As servers do that normalise escapes (RFC 3986 section 6.2.2.2) but keep "%2f" a part of its
// segment.
std::string decode_unreserved(std::string_view path) {
  return decode_if(path, [](char c) { return (marks_of(c) & kUnreserved) != 0; });
}

std::string merge_slashes(std::string_view path) {
  return rewritten(path, [](const char* at, const char* end, char* out) {
    char before = '\0';
    for (; at != end; ++at) {
      *out = *at;
      out += *at != '/' || before != '/' ? 1 : 0;
      before = *at;
    }
    return out;
  });
}

std::string cut_parameters(std::string_view path) {
  return rewritten(path, [](const char* at, const char* end, char* out) {
    bool is_parameter = false;
    for (; at != end; ++at) {
      is_parameter = *at == ';' || (is_parameter && *at != '/');
      *out = *at;
      out += is_parameter ? 0 : 1;
    }
    return out;
  });
}

std::string turn_backslashes(std::string_view path) {
  std::string result(path);
  std::replace(result.begin(), result.end(), '\\', '/');
  return result;
}

// Who decodes before he looks for the end takes a decoded '?' or '#' for it; a string of C ends at
// NUL.
std::string cut_end(std::string_view path) {
  return {path.begin(),
          std::find_if(path.begin(), path.end(), [](char c) { return (marks_of(c) & kEnd) != 0; })};
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

// Copies the path, but for each character beyond ASCII, and each byte that is part of none, what
// `replace(character, rest, out)` makes of it: it is given what begins there and where to write,
// and tells how much it has read, and where it stopped.
template <typename Replace>
std::string with_characters(std::string_view path, Replace replace) {
  return rewritten(path, [replace](const char* at, const char* end, char* out) {
    while (at != end) {
      if (is_beyond_ascii(*at)) {
        const auto rest = between(at, end);
        at += replace(base::read_utf8(rest), rest, out);
      } else {
        *out++ = *at++;
      }
    }
    return out;
  });
}

std::size_t keep(std::string_view bytes, char*& out) {
  for (const char c : bytes) {  // a few, so that a call would cost more
    *out++ = c;
  }
  return bytes.size();
}

// RFC 3629 section 10.
std::string read_overlong(std::string_view path) {
  return with_characters(
      path, [](base::Utf8Character character, std::string_view rest, char*& out) {
        const auto overlong = character.bytes > 0 ? Overlong{} : overlong_at(rest);
        if (overlong.bytes == 0) {
          return keep(rest.substr(0, std::max<std::size_t>(character.bytes, 1)), out);
        }
        std::string shortest;
        base::append_utf8(overlong.code, shortest);
        keep(shortest, out);
        return overlong.bytes;
      });
}

std::string drop_what_is_no_utf8(std::string_view path) {
  return with_characters(path,
                         [](base::Utf8Character character, std::string_view rest, char*& out) {
                           keep(rest.substr(0, character.bytes), out);
                           return std::max<std::size_t>(character.bytes, 1);
                         });
}

// U+FF01 to U+FF5E are ASCII in the width of a Chinese character; normal form KC and the code pages
// of Windows make them ASCII.
std::string narrow(std::string_view path) {
  return with_characters(
      path, [](base::Utf8Character character, std::string_view rest, char*& out) {
        if (character.bytes > 0 && character.code >= kFirstFullwidth &&
            character.code <= kLastFullwidth) {
          *out++ = static_cast<char>(character.code - kFirstFullwidth + '!');
          return character.bytes;
        }
        return keep(rest.substr(0, std::max<std::size_t>(character.bytes, 1)), out);
      });
}

struct Reading {
  Marks wanted;  // without it there is nothing that could be read so
  std::string (*read)(std::string_view path);
};

constexpr std::array<Reading, 10> kReadings = {{{kEscape, decode},
                                                {kEscape, decode_unreserved},
                                                {kSlashDot, resolve_dots},
                                                {kSlashSlash, merge_slashes},
                                                {kParameter, cut_parameters},
                                                {kBackslash, turn_backslashes},
                                                {kEnd, cut_end},
                                                {kNotUtf8, read_overlong},
                                                {kNotUtf8, drop_what_is_no_utf8},
                                                {kFullwidth, narrow}}};

// The readings, and the marks of all of them together.
struct Found {
  std::vector<std::string> readings;  // empty: they would be too many
  Marks marks = 0;
};

Found find_readings(std::string_view path) {
  Found found{{std::string(path)}, 0};
  std::size_t bytes = path.size();
  for (std::size_t i = 0; i < found.readings.size(); ++i) {
    const Marks marks = marks_in(found.readings[i]);
    found.marks |= marks;
    for (const Reading& way : kReadings) {
      if ((marks & way.wanted) == 0) {
        continue;
      }
      auto reading = way.read(found.readings[i]);
      if (std::find(found.readings.begin(), found.readings.end(), reading) !=
          found.readings.end()) {
        continue;
      }
      bytes += reading.size();
      // I10: of a path that is made to have many, no more is read than this.
      if (found.readings.size() == base::bounds::kPathReadingsMax ||
          bytes > bounds::kPathReadingsBytesMax) {
        return {{}, found.marks};
      }
      found.readings.push_back(std::move(reading));
    }
  }
  return found;
}

}  // namespace

std::string resolve_dots(std::string_view path) {
  return rewritten(path, [](const char* at, const char* end, char* out) {
    const char* const begin = out;
    while (at != end) {
      // A segment, with the slash before it.
      const char* const next = std::find(at + 1, end, '/');
      const std::string_view segment(at, static_cast<std::size_t>(next - at));
      const bool is_parent = segment == "/..";
      while (is_parent && out != begin && *--out != '/') {
      }
      if (!is_parent && segment != "/.") {
        out = std::copy(at, next, out);
      } else if (next == end) {
        *out++ = '/';
      }
      at = next;
    }
    return out;
  });
}

std::vector<std::string> path_readings(std::string_view path) {
  return find_readings(path).readings;
}

bool has_other_readings(std::string_view path) {
  constexpr Marks kAlways = kEscape | kParameter | kBackslash | kEnd | kBeyondAscii | kSlashSlash;
  const Marks marks = marks_in(path);
  return (marks & kAlways) != 0 || ((marks & kSlashDot) != 0 && resolve_dots(path) != path);
}

PathReadings::PathReadings(std::string_view path) : path_(path) {
  if (!has_other_readings(path)) {
    return;
  }
  auto found = find_readings(path);
  others_ = std::move(found.readings);
  are_too_many_ = others_.empty();
  are_utf8_ = (found.marks & kNotUtf8) == 0;
  if (!are_too_many_) {
    others_.erase(others_.begin());
  }
}

}  // namespace keyswap::bindings
