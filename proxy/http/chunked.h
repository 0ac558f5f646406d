// SPDX-License-Identifier: Apache-2.0
//
// The framing of a chunked body (RFC 9112 section 7.1): sizes, extensions, data, trailer section.
// Ours and not llhttp's, because 8.1.0 refuses legal extensions ("1;a=b;c=d"), has no bound for the
// digits of a size, and takes bare LFs and folded lines in trailers (I9). Extensions and trailers
// are checked, bounded together (kChunkExtraBytesMax) and dropped. Data is handed out as views of
// the input. Not for deciding whether a body is chunked: that is message_rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/error.h"
#include "proxy/http/line_check.h"

namespace keyswap::http {

class ChunkedReader {
 public:
  struct Piece {
    enum class Kind : std::uint8_t { need_more, data, end, refused };
    Kind kind = Kind::need_more;
    std::size_t consumed = 0;
    std::string_view data;
    base::Note note = "";
  };

  // The next piece of the body in `input`. After `end` or `refused` the reader is used up.
  Piece next(std::string_view input);

 private:
  enum class State : std::uint8_t {
    size_first,      // a digit must come
    size,            // digits, ';' or CR
    extension_name,  // after ';'
    extension_rest,  // name bytes, '=', ';' or CR
    value_first,     // after '='
    value,           // token bytes, ';' or CR
    quoted,          // after '"'
    quoted_pair,     // after '\' in quotes
    after_quoted,    // ';' or CR
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    refused,
  };

  void take_byte(char c);
  void take_size(char c);
  void take_extension(char c);
  void take_quoted(char c);
  void end_extension(char c);
  void end_size_line(char c);
  std::size_t take_trailer(std::string_view input);
  void take_trailer_line(std::string_view line);
  void expect(char c, char wanted, State next_state);
  void refuse(base::Note note);

  State state_ = State::size_first;
  std::uint64_t left_ = 0;  // of the chunk: its size while that is read, then data still to come
  unsigned int digits_ = 0;
  std::size_t extra_bytes_ = 0;  // of extensions and trailers
  base::Note note_ = "";
  LineCheck trailer_{LineCheck::Section::trailer};
  // The part of a trailer line that came without its end.
  base::Buffer trailer_part_{base::bounds::kChunkExtraBytesMax + 2};
};

}  // namespace keyswap::http
