// SPDX-License-Identifier: Apache-2.0
//
// The byte discipline of a head, line by line, before any parser sees it (I9). What llhttp's strict
// parser still lets through ends here: folded lines, a bare CR or LF, NUL and other controls,
// second spellings of the start line, sizes. A line is judged when it is whole, and a line that is
// too long is refused at the same byte however the input was cut (I15).
//
// Also for the trailer section of a chunked body. Not for what a head means: that is message_rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/error.h"
#include "proxy/http/decoder.h"

namespace keyswap::http {

struct LineVerdict {
  enum class Kind : std::uint8_t {
    more,      // well-formed so far
    ignored,   // an empty line before a request: what follows is as if it had not come
    complete,  // that was the empty line
    refused,
  };
  Kind kind = Kind::more;
  DecodeError error = DecodeError::none;
  base::Note note = "";
};

// "METHOD SP target SP HTTP/1.x": the three parts of a request line that check_line() let through.
struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

// "HTTP/1.x SP 3DIGIT [SP reason]"
struct StatusLine {
  std::string_view version;
  int status = 0;
  std::string_view reason;
};

class LineCheck {
 public:
  enum class Section : std::uint8_t { request, response, trailer };

  explicit LineCheck(Section section) : section_(section) {}

  // Judges the next line, given with its LF.
  LineVerdict check_line(std::string_view line);

  // Judges the beginning of a line whose LF has not come yet: is it too long already? Also refuses
  // first bytes that cannot begin a message (a TLS hello sent to the plain port), so that nobody
  // waits for the rest of it.
  [[nodiscard]] LineVerdict check_part(std::string_view part) const;

  // How many bytes of a line without LF are looked at before check_part() refuses it.
  [[nodiscard]] std::size_t part_bytes_max() const;

  // Field lines seen.
  [[nodiscard]] std::size_t field_count() const { return field_count_; }

  // Bytes of all lines seen, the empty one included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // The parts of a start line without CR LF that passed check_line().
  static RequestLine split_request_line(std::string_view line);
  static StatusLine split_status_line(std::string_view line);

 private:
  [[nodiscard]] bool is_first() const { return bytes_ == 0 && section_ != Section::trailer; }

  [[nodiscard]] std::size_t line_bytes_max() const;
  [[nodiscard]] LineVerdict check_beginning(std::string_view line) const;
  [[nodiscard]] LineVerdict too_long() const;
  LineVerdict ignore_empty_line();
  LineVerdict check_field_line(std::string_view line, std::size_t line_bytes);
  LineVerdict check_field_sizes(std::size_t line_bytes);

  Section section_;
  std::size_t empty_lines_ = 0;  // ignored
  std::size_t bytes_ = 0;
  std::size_t field_bytes_ = 0;
  std::size_t field_count_ = 0;
};

}  // namespace keyswap::http
