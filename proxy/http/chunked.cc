// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/chunked.h"

#include <algorithm>
#include <limits>

#include "proxy/base/assert.h"
#include "proxy/base/hex.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

// 16 digits are what 64 bits hold; the value itself may not pass 2^63-1, so that no recipient
// overflows.
constexpr unsigned int kSizeDigitsMax = 16;
constexpr std::uint64_t kSizeMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

ChunkedReader::Piece ChunkedReader::next(std::string_view input) {
  Piece piece;
  while (state_ != State::done && state_ != State::refused && piece.consumed < input.size()) {
    const std::string_view rest = input.substr(piece.consumed);
    if (state_ == State::data) {
      piece.kind = Piece::Kind::data;
      piece.data = rest.substr(0, std::min<std::uint64_t>(left_, rest.size()));
      piece.consumed += piece.data.size();
      left_ -= piece.data.size();
      state_ = left_ == 0 ? State::data_cr : State::data;
      return piece;
    }
    if (state_ == State::trailer) {
      piece.consumed += take_trailer(rest);
    } else {
      take_byte(rest.front());
      ++piece.consumed;
    }
  }
  if (state_ == State::done) {
    piece.kind = Piece::Kind::end;
  } else if (state_ == State::refused) {
    piece.kind = Piece::Kind::refused;
    piece.note = note_;
  }
  return piece;
}

// One byte of framing. No white space anywhere: RFC 9112 section 7.1.1 lets a recipient take "bad"
// white space around extensions, and recipients differ about it.
void ChunkedReader::take_byte(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
      return take_size(c);
    case State::extension_name:
    case State::extension_rest:
    case State::value_first:
    case State::value:
      return take_extension(c);
    case State::quoted:
    case State::quoted_pair:
      return take_quoted(c);
    case State::after_quoted:
      return end_extension(c);
    case State::size_lf:
      return end_size_line(c);
    case State::data_cr:
      return expect(c, '\r', State::data_lf);
    case State::data_lf:
      return expect(c, '\n', State::size_first);
    case State::data:
    case State::trailer:
    case State::done:
    case State::refused:
      break;
  }
  KS_UNREACHABLE();
}

void ChunkedReader::take_size(char c) {
  if (grammar::is(c, grammar::kHex)) {
    if (++digits_ > kSizeDigitsMax) {
      return refuse("a chunk size with too many digits");
    }
    left_ = left_ * 16 + static_cast<unsigned int>(base::hex_value(c));
    state_ = State::size;
    return;
  }
  if (state_ == State::size_first) {
    return refuse("a chunk without a size");
  }
  end_extension(c);
}

void ChunkedReader::take_extension(char c) {
  const bool is_token = grammar::is(c, grammar::kToken);
  const bool is_begun = state_ == State::extension_rest || state_ == State::value;
  if (is_begun && (c == ';' || c == '\r')) {
    return end_extension(c);
  }
  if (state_ == State::extension_rest && c == '=') {
    state_ = State::value_first;
  } else if (state_ == State::value_first && c == '"') {
    state_ = State::quoted;
  } else if (is_token && (state_ == State::extension_name || state_ == State::extension_rest)) {
    state_ = State::extension_rest;
  } else if (is_token) {
    state_ = State::value;
  } else {
    return refuse("a malformed chunk extension");
  }
  ++extra_bytes_;
  if (extra_bytes_ > base::bounds::kChunkExtraBytesMax) {
    refuse("too many bytes of chunk extensions");
  }
}

// Inside quotes (RFC 9110 section 5.6.4). A CR or LF is no field byte, so a quote hides no line's
// end.
void ChunkedReader::take_quoted(char c) {
  if (!grammar::is(c, grammar::kField)) {
    return refuse("a control byte in a chunk extension");
  }
  if (state_ == State::quoted_pair) {
    state_ = State::quoted;
  } else if (c == '\\') {
    state_ = State::quoted_pair;
  } else if (c == '"') {
    state_ = State::after_quoted;
  }
  ++extra_bytes_;
  if (extra_bytes_ > base::bounds::kChunkExtraBytesMax) {
    refuse("too many bytes of chunk extensions");
  }
}

// After a size or a whole extension: another one or the line's end.
void ChunkedReader::end_extension(char c) {
  if (c == ';') {
    ++extra_bytes_;
    state_ = State::extension_name;
    return;
  }
  expect(c, '\r', State::size_lf);
}

void ChunkedReader::end_size_line(char c) {
  if (left_ > kSizeMax) {
    return refuse("a chunk size that is too large");
  }
  digits_ = 0;
  expect(c, '\n', left_ == 0 ? State::trailer : State::data);
}

// Takes a line or a part of one; gives how many bytes that were.
std::size_t ChunkedReader::take_trailer(std::string_view input) {
  const std::size_t lf = input.find('\n');
  if (lf != std::string_view::npos && trailer_part_.empty()) {
    take_trailer_line(input.substr(0, lf + 1));
    return lf + 1;
  }
  const std::size_t taken = lf == std::string_view::npos ? input.size() : lf + 1;
  // One byte more than the bound: the CR of the empty line does not count.
  const bool fits = extra_bytes_ + trailer_part_.size() + taken <=
                    base::bounds::kChunkExtraBytesMax + (lf == std::string_view::npos ? 1 : 2);
  if (!fits || !trailer_part_.append(input.substr(0, taken))) {
    refuse("too many bytes of trailers");
  } else if (lf != std::string_view::npos) {
    take_trailer_line(trailer_part_.view());
    trailer_part_.clear();
  }
  return taken;
}

void ChunkedReader::take_trailer_line(std::string_view line) {
  const LineVerdict verdict = trailer_.check_line(line);
  switch (verdict.kind) {
    case LineVerdict::Kind::complete:
      state_ = State::done;
      return;
    case LineVerdict::Kind::refused:
      return refuse(verdict.note);
    case LineVerdict::Kind::more:
      extra_bytes_ += line.size();
      if (extra_bytes_ > base::bounds::kChunkExtraBytesMax) {
        refuse("too many bytes of trailers");
      }
      return;
    case LineVerdict::Kind::ignored:
      break;  // only before a request
  }
  KS_UNREACHABLE();
}

void ChunkedReader::expect(char c, char wanted, State next_state) {
  if (c != wanted) {
    return refuse("a line of the chunked framing without its CR LF");
  }
  state_ = next_state;
}

void ChunkedReader::refuse(base::Note note) {
  note_ = note;
  state_ = State::refused;
}

}  // namespace keyswap::http
