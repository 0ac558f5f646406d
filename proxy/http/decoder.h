// SPDX-License-Identifier: Apache-2.0
//
// Bytes in; heads, pieces of body and ends out. The head is collected whole (bounded), checked byte
// by byte (http/line_check), parsed by llhttp in strict mode (http/head_parser), and judged as a
// message (http/message_rules) before it is handed out, so that no caller can forget a check (I9).
// The outcome does not depend on how the input is cut (I15).
//
//   for (;;) {                            // also when input is empty: an `end` may still be due
//     auto step = decoder.next(input);
//     input.remove_prefix(step.consumed);
//     if (step.kind == Step::Kind::need_more) break;  // or error
//     ...
//   }
//
// Bytes after the end of a message are not consumed: they belong to the next one, or after a 101 to
// another protocol. Chunks are read by http/chunked; trailers are checked, bounded and dropped.
// What a request means is decided elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/base/error.h"
#include "proxy/http/message.h"

namespace keyswap::http {

// Why a message was not accepted; the step's note says it in words, with the bound that was passed.
enum class DecodeError : std::uint8_t {
  none,
  malformed,             // 400; 502 when it is the upstream's, as is all that follows
  too_many_fields,       // 431
  field_too_long,        // 431
  head_too_large,        // 431: all fields together
  status_out_of_range,   // a response's, not between 100 and 999
  target_too_long,       // 414
  method_not_supported,  // 501: one that is too long, or that is never passed on
};

struct Step {
  enum class Kind : std::uint8_t {
    need_more,  // all input consumed, nothing to report yet
    head,       // take_request() or take_response() is due
    body,       // `body` holds a piece, a view into the input given to next()
    end,        // message complete; the decoder is ready for the next one
    error,      // `error` and `note` say what; the decoder is dead
  };
  Kind kind = Kind::need_more;
  std::size_t consumed = 0;  // bytes of the input that were used up
  std::string_view body;
  DecodeError error = DecodeError::none;
  base::Note note = "";
};

class Decoder {
 public:
  enum class Role : std::uint8_t { request, response };

  explicit Decoder(Role role);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  // The next step; after `error` always `error` again.
  Step next(std::string_view input);

  // The other side closed. Gives `end` when that completes an until_close body, `need_more` when no
  // message was under way, `error` when one is cut short.
  Step finish();

  // After Kind::head, once.
  RequestHead take_request();
  ResponseHead take_response();

  // Responses: what the one that comes next answers; until this is called, and again after that
  // response, AnswerTo::other. Interim responses before it change nothing.
  void expect(AnswerTo answer_to);

  // Has the first byte of a message come that is not complete yet?
  [[nodiscard]] bool is_mid_message() const;

  // Is the end of a message the next step, without a byte more?
  [[nodiscard]] bool is_at_end() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::http
