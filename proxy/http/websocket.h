// SPDX-License-Identifier: Apache-2.0
//
// Frames of a WebSocket connection (RFC 6455 section 5): bytes in; pieces of messages and control
// frames out; and the writing of frames. No extension is spoken, so any reserved bit is an error.
// Strict (I9): lengths in their shortest form, the client's frames masked and the server's not,
// fragments in order. The outcome does not depend on how the input is cut (I15). Not for what a
// message says: whether a text is UTF-8 is for whoever has it whole (base/utf8.h). Not for the
// order of a closing: what comes after a Close frame is decoded like anything else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/error.h"
#include "proxy/base/result.h"

namespace keyswap::http {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

// Bytes that a frame has besides its payload, at most.
inline constexpr std::size_t kFrameHeadBytesMax = 14;
// Bytes of payload that a control frame may have (section 5.5).
inline constexpr std::size_t kControlPayloadBytesMax = 125;

using Mask = std::array<std::uint8_t, 4>;

struct FrameStep {
  enum class Kind : std::uint8_t {
    need_more,  // all input consumed, nothing to report yet
    data,       // a piece of a message; empty only if it is the last
    control,    // a whole control frame; it may come between the pieces of a message
    error,      // `note` says what; the decoder is dead
  };
  Kind kind = Kind::need_more;
  std::size_t consumed = 0;       // bytes of the input that were used up
  Opcode opcode = Opcode::text;   // data: text or binary; control: close, ping or pong
  bool is_final = false;          // data: the message is complete with it
  std::string_view payload = {};  // data, control: unmasked; lives until next() is called again
  base::Note note = "";
};

class FrameDecoder {
 public:
  // Whose frames these are: a client's are masked, a server's are not (section 5.1).
  enum class Sender : std::uint8_t { client, server };

  explicit FrameDecoder(Sender sender);

  // The next step; after `error` always `error` again. Call until need_more.
  FrameStep next(std::string_view input);

 private:
  // What the next byte belongs to.
  enum class Phase : std::uint8_t { head, data, control, dead };

  FrameStep next_of_phase(std::string_view input);
  FrameStep next_of_head(std::string_view input);
  FrameStep next_of_data(std::string_view input);
  FrameStep next_of_control(std::string_view input);
  FrameStep fail(base::Note note, std::size_t consumed);

  base::Status take_head_byte(std::uint8_t byte);
  base::Status judge_first_byte();
  base::Status judge_second_byte();
  base::Status judge_length();
  void begin_payload();
  std::string_view take_payload(std::string_view input, std::size_t bytes_max);
  void copy_to_own(std::string_view bytes);

  Sender sender_;
  Phase phase_ = Phase::head;

  // Of the frame under way.
  std::array<std::uint8_t, kFrameHeadBytesMax> head_{};
  std::size_t head_size_ = 0;
  std::size_t head_size_wanted_ = 2;  // more once the second byte is known
  Opcode opcode_ = Opcode::text;      // as in the frame
  bool is_final_ = false;
  std::uint64_t left_ = 0;  // of its payload
  Mask mask_{};             // of zeroes when the sender masks nothing
  std::size_t mask_phase_ = 0;

  // Of the message under way.
  bool is_in_message_ = false;
  Opcode message_opcode_ = Opcode::text;

  // Payload that cannot be shown where it lies: unmasked, or of a control frame. Given back, and
  // with that wiped, as soon as nobody may look at it any more: a client's token may be in it, and
  // a connection that waits should cost no block.
  base::Buffer own_;
  base::Note note_ = "";
};

// Writes one frame; with a mask as a client must, without as a server must. invalid_input for a
// control frame that a FrameDecoder would refuse (nothing is written then); limit_exceeded when the
// sink is full (it then holds a part of a frame and must be thrown away).
base::Status encode_frame(base::ByteSink& out,
                          Opcode opcode,
                          bool is_final,
                          std::string_view payload,
                          const std::optional<Mask>& mask);

// May this be the payload of a Close frame: nothing, or a code that may be sent (section 7.4) and a
// reason in UTF-8?
bool is_close_payload(std::string_view payload);
// `code`: one that may be sent. `reason`: ASCII, 123 bytes at most.
std::string close_payload(std::uint16_t code, std::string_view reason);

}  // namespace keyswap::http
