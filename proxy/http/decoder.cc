// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/decoder.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/chunked.h"
#include "proxy/http/grammar.h"
#include "proxy/http/head_parser.h"
#include "proxy/http/line_check.h"
#include "proxy/http/message_rules.h"

namespace keyswap::http {

namespace {

// The longest head that LineCheck lets grow: all fields, and a last line that turns out too long.
constexpr std::size_t kRequestPartBytesMax = base::bounds::kRequestHeadBytesMax +
                                             base::bounds::kTargetBytesMax +
                                             base::bounds::kRequestFieldBytesMax + 1024;
constexpr std::size_t kResponsePartBytesMax = base::bounds::kResponseHeadBytesMax +
                                              base::bounds::kStatusLineBytesMax +
                                              base::bounds::kResponseFieldBytesMax + 1024;

LineCheck::Section section_of(Decoder::Role role) {
  return role == Decoder::Role::request ? LineCheck::Section::request
                                        : LineCheck::Section::response;
}

HeadBlock copy_head(std::string_view bytes) {
  HeadBlock block;
  // Not make_unique, which would clear what is overwritten at once.
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): size is dynamic
  block.bytes = std::unique_ptr<char[]>(new char[bytes.size()]);
  block.size = bytes.size();
  std::memcpy(block.bytes.get(), bytes.data(), bytes.size());
  return block;
}

// White space after a value is no part of it (RFC 9112 section 5.1). llhttp knows only the space
// after a Content-Length or a Transfer-Encoding, so a tab there becomes one.
void replace_tabs_at_ends(HeadBlock& block) {
  char* const bytes = block.bytes.get();
  const std::string_view text(bytes, block.size);
  if (text.find('\t') == std::string_view::npos) {
    return;
  }
  for (std::size_t cr = text.find('\r'); cr != std::string_view::npos;
       cr = text.find('\r', cr + 1)) {
    for (std::size_t at = cr; at > 0 && grammar::is_space(bytes[at - 1]); --at) {
      bytes[at - 1] = ' ';
    }
  }
}

Version version_of(std::string_view text) {
  return text.back() == '1' ? Version::http_1_1 : Version::http_1_0;
}

}  // namespace

struct Decoder::State {
  // What the next byte belongs to.
  enum class Phase : std::uint8_t { head, length, chunked, until_close, end, dead };

  explicit State(Role role_given)
      : role(role_given),
        lines(section_of(role_given)),
        part(role_given == Role::request ? kRequestPartBytesMax : kResponsePartBytesMax) {}

  Step next_of_head(std::string_view input);
  Step begin_anew_after(std::size_t used, std::string_view input);
  Step next_of_length(std::string_view input);
  Step next_of_chunked(std::string_view input);
  Step fail(DecodeError kind, base::Note text, std::size_t consumed);
  Step end_message();

  Step finish_head(HeadBlock block, std::size_t consumed);
  base::Status judge(std::string_view bytes);
  base::Status judge_request_head(std::string_view bytes, std::string_view start_line);
  base::Status judge_response_head(std::string_view bytes, std::string_view start_line);
  void begin_body(const Framing& framing);
  [[nodiscard]] std::string_view find_line(std::string_view input) const;
  std::string_view append_to_part(std::string_view bytes);
  LineVerdict check(std::string_view line);

  Role role;
  Phase phase = Phase::head;
  AnswerTo answer_to = AnswerTo::other;
  bool head_is_due = false;  // a head was reported and not taken yet
  LineCheck lines;
  // The beginning of a head that came without its end; whole lines first, then a part of one.
  base::Buffer part;
  std::size_t part_line_begin = 0;
  std::uint64_t left = 0;  // of a body with a length
  ChunkedReader chunks;
  RequestHead request;
  ResponseHead response;
  DecodeError error = DecodeError::none;
  base::Note note = "";
};

Decoder::Decoder(Role role) : state_(std::make_unique<State>(role)) {}

Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Step Decoder::next(std::string_view input) {
  switch (state_->phase) {
    case State::Phase::head:
      return state_->next_of_head(input);
    case State::Phase::length:
      return state_->next_of_length(input);
    case State::Phase::chunked:
      return state_->next_of_chunked(input);
    case State::Phase::until_close:
      return {input.empty() ? Step::Kind::need_more : Step::Kind::body,
              input.size(),
              input,
              DecodeError::none,
              ""};
    case State::Phase::end:
      return state_->end_message();
    case State::Phase::dead:
      return state_->fail(state_->error, state_->note, 0);
  }
  KS_UNREACHABLE();
}

Step Decoder::finish() {
  switch (state_->phase) {
    case State::Phase::until_close:
    case State::Phase::end:
      return state_->end_message();
    case State::Phase::head:
      if (!is_mid_message()) {
        return {};
      }
      return state_->fail(DecodeError::malformed, "closed in the middle of a head", 0);
    case State::Phase::length:
    case State::Phase::chunked:
      return state_->fail(DecodeError::malformed, "closed in the middle of a body", 0);
    case State::Phase::dead:
      return state_->fail(state_->error, state_->note, 0);
  }
  KS_UNREACHABLE();
}

RequestHead Decoder::take_request() {
  KS_ASSERT(state_->role == Role::request && state_->head_is_due);
  state_->head_is_due = false;
  return std::move(state_->request);
}

ResponseHead Decoder::take_response() {
  KS_ASSERT(state_->role == Role::response && state_->head_is_due);
  state_->head_is_due = false;
  return std::move(state_->response);
}

void Decoder::expect(AnswerTo answer_to) {
  state_->answer_to = answer_to;
}

bool Decoder::is_mid_message() const {
  return state_->phase != State::Phase::head || !state_->part.empty();
}

bool Decoder::is_at_end() const {
  return state_->phase == State::Phase::end;
}

// Line by line: whole lines are judged where they lie, in the input or in `part`, and each byte is
// looked at once however the input was cut.
Step Decoder::State::next_of_head(std::string_view input) {
  if (input.empty()) {
    return {};
  }
  const bool is_in_place = part.empty();
  std::size_t used = 0;
  for (bool is_whole = true; is_whole;) {
    const std::string_view bytes = find_line(input.substr(used));
    is_whole = bytes.ends_with('\n');
    used += bytes.size();
    const std::string_view line = is_in_place ? bytes : append_to_part(bytes);
    const LineVerdict verdict = check(line);
    if (verdict.kind == LineVerdict::Kind::refused) {
      return fail(verdict.error, verdict.note, used);
    }
    if (verdict.kind == LineVerdict::Kind::ignored) {
      return begin_anew_after(used, input);
    }
    if (verdict.kind == LineVerdict::Kind::complete) {
      return finish_head(copy_head(is_in_place ? input.substr(0, used) : part.view()), used);
    }
    part_line_begin += is_whole ? line.size() : 0;
  }
  if (is_in_place) {
    append_to_part(input);
  }
  return {Step::Kind::need_more, input.size(), {}, DecodeError::none, ""};
}

// An empty line before a request: it is as if `input` began behind it. LineCheck counts them.
Step Decoder::State::begin_anew_after(std::size_t used, std::string_view input) {
  part.clear();
  part_line_begin = 0;
  Step step = next_of_head(input.substr(used));
  step.consumed += used;
  return step;
}

LineVerdict Decoder::State::check(std::string_view line) {
  return line.ends_with('\n') ? lines.check_line(line) : lines.check_part(line);
}

// `input` up to its first LF; without one, as much of it as LineCheck looks at. One byte past its
// bound decides, and what lies beyond must not, or the cut would matter (I15).
std::string_view Decoder::State::find_line(std::string_view input) const {
  const std::size_t begun = part.empty() ? 0 : part.size() - part_line_begin;
  const std::string_view looked_at = input.substr(0, lines.part_bytes_max() + 2 - begun);
  const std::size_t lf = looked_at.find('\n');
  return lf == std::string_view::npos ? looked_at : looked_at.substr(0, lf + 1);
}

// Gives the line, or the part of one, that `part` then ends in.
std::string_view Decoder::State::append_to_part(std::string_view bytes) {
  KS_ASSERT(part.append(bytes));  // within its bound: LineCheck refused the head before
  return part.view().substr(part_line_begin);
}

Step Decoder::State::next_of_length(std::string_view input) {
  if (input.empty()) {
    return {};
  }
  const std::string_view body = input.substr(0, std::min<std::uint64_t>(left, input.size()));
  left -= body.size();
  if (left == 0) {
    phase = Phase::end;
  }
  return {Step::Kind::body, body.size(), body, DecodeError::none, ""};
}

Step Decoder::State::next_of_chunked(std::string_view input) {
  const ChunkedReader::Piece piece = chunks.next(input);
  switch (piece.kind) {
    case ChunkedReader::Piece::Kind::need_more:
      return {Step::Kind::need_more, piece.consumed, {}, DecodeError::none, ""};
    case ChunkedReader::Piece::Kind::data:
      return {Step::Kind::body, piece.consumed, piece.data, DecodeError::none, ""};
    case ChunkedReader::Piece::Kind::end: {
      Step step = end_message();
      step.consumed = piece.consumed;
      return step;
    }
    case ChunkedReader::Piece::Kind::refused:
      return fail(DecodeError::malformed, piece.note, piece.consumed);
  }
  KS_UNREACHABLE();
}

Step Decoder::State::fail(DecodeError kind, base::Note text, std::size_t consumed) {
  phase = Phase::dead;
  error = kind;
  note = text;
  part.release();
  return {Step::Kind::error, consumed, {}, kind, text};
}

Step Decoder::State::end_message() {
  phase = Phase::head;
  return {Step::Kind::end, 0, {}, DecodeError::none, ""};
}

Step Decoder::State::finish_head(HeadBlock block, std::size_t consumed) {
  replace_tabs_at_ends(block);
  const std::string_view bytes(block.bytes.get(), block.size);
  const base::Status judged = judge(bytes);
  part.release();
  part_line_begin = 0;
  lines = LineCheck(section_of(role));
  if (!judged) {
    return fail(DecodeError::malformed, judged.error().note, consumed);
  }
  if (role == Role::request) {
    request.block = std::move(block);
    begin_body(request.framing);
  } else {
    response.block = std::move(block);
    begin_body(response.framing);
    // Interim responses come before the one that is expected.
    answer_to = response.is_interim() ? answer_to : AnswerTo::other;
  }
  head_is_due = true;
  return {Step::Kind::head, consumed, {}, DecodeError::none, ""};
}

// Two readers must agree: LineCheck found these lines, llhttp must find the same (I9).
base::Status Decoder::State::judge(std::string_view bytes) {
  const std::string_view start_line = bytes.substr(0, bytes.find('\r'));
  return role == Role::request ? judge_request_head(bytes, start_line)
                               : judge_response_head(bytes, start_line);
}

base::Status Decoder::State::judge_request_head(std::string_view bytes,
                                                std::string_view start_line) {
  const RequestLine line = LineCheck::split_request_line(start_line);
  auto fields = parse_request_head(bytes, line, lines.field_count());
  if (!fields) {
    return fields.error();
  }
  request = {};
  request.method = line.method;
  request.target = line.target;
  request.version = version_of(line.version);
  request.fields = std::move(*fields);
  return judge_request(request);
}

base::Status Decoder::State::judge_response_head(std::string_view bytes,
                                                 std::string_view start_line) {
  const StatusLine line = LineCheck::split_status_line(start_line);
  auto fields = parse_response_head(bytes, line, lines.field_count());
  if (!fields) {
    return fields.error();
  }
  response = {};
  response.status = line.status;
  response.reason = line.reason;
  response.version = version_of(line.version);
  response.fields = std::move(*fields);
  return judge_response(response, answer_to);
}

void Decoder::State::begin_body(const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::none:
      phase = Phase::end;
      return;
    case Framing::Kind::length:
      left = framing.length;
      phase = left == 0 ? Phase::end : Phase::length;
      return;
    case Framing::Kind::chunked:
      chunks = ChunkedReader();
      phase = Phase::chunked;
      return;
    case Framing::Kind::until_close:
      phase = Phase::until_close;
      return;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::http
