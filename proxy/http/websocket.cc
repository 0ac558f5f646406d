// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/websocket.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "proxy/base/assert.h"
#include "proxy/base/utf8.h"

namespace keyswap::http {

namespace {

// Bits of a frame's first two bytes (RFC 6455 section 5.2).
constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0f;
constexpr std::uint8_t kMaskedBit = 0x80;
constexpr std::uint8_t kLengthBits = 0x7f;

// Length codes: up to 125 they are the length, then they say how many bytes of it follow.
constexpr std::uint8_t kLengthIn2Bytes = 126;
constexpr std::uint8_t kLengthIn8Bytes = 127;
constexpr std::uint64_t kLengthOfCodeMax = 125;
constexpr std::uint64_t kLengthIn2BytesMax = 0xffff;
constexpr std::uint64_t kLengthMax = std::numeric_limits<std::int64_t>::max();

// Masked payload is shown in pieces of this size.
constexpr std::size_t kPieceBytesMax = 16UL * 1024;
// And written through a block of this size, a multiple of the mask's.
constexpr std::size_t kMaskedBlockBytes = 1024;
static_assert(kMaskedBlockBytes % std::tuple_size_v<Mask> == 0);

base::Error refused(base::Note note) {
  return {base::Errc::invalid_input, note};
}

bool is_known(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      return true;
  }
  return false;
}

bool is_control(Opcode opcode) {
  return opcode == Opcode::close || opcode == Opcode::ping || opcode == Opcode::pong;
}

// How many bytes of length follow a length code.
std::size_t length_bytes_after(std::uint8_t code) {
  if (code == kLengthIn8Bytes) {
    return 8;
  }
  return code == kLengthIn2Bytes ? 2 : 0;
}

// Masking and unmasking are one (section 5.3). `phase`: which byte of the mask is the first's.
void apply_mask(char* out, std::string_view bytes, const Mask& mask, std::size_t phase) {
  std::array<std::uint8_t, sizeof(std::uint64_t)> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) {
    turned.at(i) = mask.at((phase + i) % mask.size());
  }
  std::uint64_t mask_word = 0;
  std::memcpy(&mask_word, turned.data(), sizeof(mask_word));
  std::size_t at = 0;
  for (; bytes.size() - at >= sizeof(mask_word); at += sizeof(mask_word)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    word ^= mask_word;
    std::memcpy(out + at, &word, sizeof(word));
  }
  for (; at < bytes.size(); ++at) {
    out[at] =
        static_cast<char>(static_cast<std::uint8_t>(bytes[at]) ^ turned.at(at % turned.size()));
  }
}

}  // namespace

// --- reading ---

FrameDecoder::FrameDecoder(Sender sender) : sender_(sender), own_(kPieceBytesMax) {}

FrameStep FrameDecoder::next(std::string_view input) {
  if (phase_ != Phase::control) {
    own_.clear();  // what the last step showed
  }
  std::size_t consumed = 0;
  for (;;) {
    FrameStep step = next_of_phase(input.substr(consumed));
    consumed += step.consumed;
    step.consumed = consumed;
    if (step.kind != FrameStep::Kind::need_more) {
      return step;
    }
    const bool is_payload_over = phase_ != Phase::head && left_ == 0;
    if (consumed == input.size() && !is_payload_over) {
      if (phase_ != Phase::control) {
        own_.release();
      }
      return step;
    }
  }
}

// need_more: nothing to report yet; there may be input left, and a payload that is over.
FrameStep FrameDecoder::next_of_phase(std::string_view input) {
  switch (phase_) {
    case Phase::head:
      return next_of_head(input);
    case Phase::data:
      return next_of_data(input);
    case Phase::control:
      return next_of_control(input);
    case Phase::dead:
      return fail(note_, 0);
  }
  KS_UNREACHABLE();
}

FrameStep FrameDecoder::next_of_head(std::string_view input) {
  FrameStep step;
  while (phase_ == Phase::head && step.consumed < input.size()) {
    const auto byte = static_cast<std::uint8_t>(input[step.consumed++]);
    if (const auto taken = take_head_byte(byte); !taken) {
      return fail(taken.error().note, step.consumed);
    }
  }
  return step;
}

FrameStep FrameDecoder::next_of_data(std::string_view input) {
  FrameStep step;
  step.opcode = message_opcode_;
  const bool is_masked = sender_ == Sender::client;
  step.payload = take_payload(input, is_masked ? kPieceBytesMax : input.size());
  step.consumed = step.payload.size();
  if (left_ == 0) {
    phase_ = Phase::head;
    is_in_message_ = !is_final_;
    step.is_final = is_final_;
  }
  const bool is_told = !step.payload.empty() || step.is_final;
  step.kind = is_told ? FrameStep::Kind::data : FrameStep::Kind::need_more;
  if (is_masked) {
    copy_to_own(step.payload);
    step.payload = own_.view();
  }
  return step;
}

FrameStep FrameDecoder::next_of_control(std::string_view input) {
  FrameStep step;
  const std::string_view payload = take_payload(input, kControlPayloadBytesMax);
  step.consumed = payload.size();
  copy_to_own(payload);
  if (left_ > 0) {
    return step;
  }
  if (opcode_ == Opcode::close && !is_close_payload(own_.view())) {
    return fail("a WebSocket Close frame with a wrong code or reason", step.consumed);
  }
  phase_ = Phase::head;
  step.kind = FrameStep::Kind::control;
  step.opcode = opcode_;
  step.payload = own_.view();
  return step;
}

FrameStep FrameDecoder::fail(base::Note note, std::size_t consumed) {
  phase_ = Phase::dead;
  note_ = note;
  own_.release();
  FrameStep step;
  step.kind = FrameStep::Kind::error;
  step.consumed = consumed;
  step.note = note;
  return step;
}

// Each rule is judged with the last byte that it is about, so that the cut cannot matter (I15).
base::Status FrameDecoder::take_head_byte(std::uint8_t byte) {
  head_.at(head_size_++) = byte;
  if (head_size_ == 1) {
    return judge_first_byte();
  }
  if (head_size_ == 2) {
    KS_TRY(judge_second_byte());
  }
  if (head_size_ == 2 + length_bytes_after(head_[1] & kLengthBits)) {
    KS_TRY(judge_length());
  }
  if (head_size_ == head_size_wanted_) {
    begin_payload();
  }
  return {};
}

base::Status FrameDecoder::judge_first_byte() {
  opcode_ = static_cast<Opcode>(head_[0] & kOpcodeBits);
  is_final_ = (head_[0] & kFinalBit) != 0;
  if ((head_[0] & kReservedBits) != 0) {
    return refused("a reserved bit in a WebSocket frame without an extension");
  }
  if (!is_known(opcode_)) {
    return refused("an unknown WebSocket opcode");
  }
  if (is_control(opcode_)) {
    return is_final_ ? base::Status() : refused("a fragment of a WebSocket control frame");
  }
  // Section 5.4: the fragments of one message stand together, only control frames between them.
  const bool continues = opcode_ == Opcode::continuation;
  if (continues && !is_in_message_) {
    return refused("a continuation of no WebSocket message");
  }
  if (!continues && is_in_message_) {
    return refused("a new WebSocket message inside another");
  }
  return {};
}

base::Status FrameDecoder::judge_second_byte() {
  const bool is_masked = (head_[1] & kMaskedBit) != 0;
  const auto code = static_cast<std::uint8_t>(head_[1] & kLengthBits);
  if (is_masked && sender_ == Sender::server) {
    return refused("a masked WebSocket frame of a server");
  }
  if (!is_masked && sender_ == Sender::client) {
    return refused("an unmasked WebSocket frame of a client");
  }
  if (is_control(opcode_) && code > kControlPayloadBytesMax) {
    return refused("a WebSocket control frame that is too long");
  }
  head_size_wanted_ = 2 + length_bytes_after(code) + (is_masked ? mask_.size() : 0);
  return {};
}

base::Status FrameDecoder::judge_length() {
  const auto code = static_cast<std::uint8_t>(head_[1] & kLengthBits);
  const std::size_t count = length_bytes_after(code);
  left_ = count == 0 ? code : 0;
  for (std::size_t i = 0; i < count; ++i) {
    left_ = left_ << 8U | head_.at(2 + i);
  }
  if (left_ > kLengthMax) {
    return refused("a WebSocket frame that is too long");
  }
  if ((count == 2 && left_ <= kLengthOfCodeMax) || (count == 8 && left_ <= kLengthIn2BytesMax)) {
    return refused("a WebSocket frame's length not in its shortest form");
  }
  return {};
}

void FrameDecoder::begin_payload() {
  if (sender_ == Sender::client) {
    std::memcpy(mask_.data(), head_.data() + head_size_ - mask_.size(), mask_.size());
  }
  mask_phase_ = 0;
  head_size_ = 0;
  head_size_wanted_ = 2;
  if (is_control(opcode_)) {
    phase_ = Phase::control;
    return;
  }
  phase_ = Phase::data;
  if (opcode_ != Opcode::continuation) {
    message_opcode_ = opcode_;
  }
  is_in_message_ = true;
}

// As much of the payload as `input` has, as it lies there.
std::string_view FrameDecoder::take_payload(std::string_view input, std::size_t bytes_max) {
  const std::string_view payload =
      input.substr(0, std::min<std::uint64_t>(left_, std::min(bytes_max, input.size())));
  left_ -= payload.size();
  return payload;
}

// Unmasked, at the end of what is there.
void FrameDecoder::copy_to_own(std::string_view bytes) {
  if (bytes.empty()) {
    return;  // without taking a block
  }
  char* room = own_.prepare(bytes.size());
  KS_ASSERT(room != nullptr);  // a piece, or a control frame's payload
  apply_mask(room, bytes, mask_, mask_phase_);
  mask_phase_ = (mask_phase_ + bytes.size()) % mask_.size();
  own_.commit(bytes.size());
}

// --- writing ---

namespace {

struct FrameHead {
  std::array<char, kFrameHeadBytesMax> bytes{};
  std::size_t size = 0;

  void add(std::uint64_t byte) { bytes.at(size++) = static_cast<char>(byte & 0xffU); }

  void add_number(std::uint64_t number, std::size_t byte_count) {
    for (std::size_t left = byte_count; left > 0; --left) {
      add(number >> (8 * (left - 1)));
    }
  }
};

FrameHead head_of(Opcode opcode, bool is_final, std::size_t size, const Mask* mask) {
  FrameHead head;
  const std::uint8_t masked = mask != nullptr ? kMaskedBit : 0;
  head.add(static_cast<std::uint64_t>(opcode) | (is_final ? kFinalBit : 0U));
  if (size <= kLengthOfCodeMax) {
    head.add(masked | size);
  } else if (size <= kLengthIn2BytesMax) {
    head.add(masked | kLengthIn2Bytes);
    head.add_number(size, 2);
  } else {
    head.add(masked | kLengthIn8Bytes);
    head.add_number(size, 8);
  }
  for (std::size_t i = 0; mask != nullptr && i < mask->size(); ++i) {
    head.add(mask->at(i));
  }
  return head;
}

bool append_masked(base::ByteSink& out, std::string_view payload, const Mask& mask) {
  std::array<char, kMaskedBlockBytes> block{};
  bool is_room = true;
  while (is_room && !payload.empty()) {
    const std::string_view piece = payload.substr(0, block.size());
    apply_mask(block.data(), piece, mask, 0);
    is_room = out.append({block.data(), piece.size()});
    payload.remove_prefix(piece.size());
  }
  base::wipe(block.data(), block.size());  // the mask stands beside it and hides nothing
  return is_room;
}

}  // namespace

base::Status encode_frame(base::ByteSink& out,
                          Opcode opcode,
                          bool is_final,
                          std::string_view payload,
                          const std::optional<Mask>& mask) {
  if (is_control(opcode) && (!is_final || payload.size() > kControlPayloadBytesMax)) {
    return refused("the WebSocket control frame to send is too long or a fragment");
  }
  if (opcode == Opcode::close && !is_close_payload(payload)) {
    return refused("the WebSocket Close frame to send has a wrong code or reason");
  }
  const FrameHead head = head_of(opcode, is_final, payload.size(), mask ? &*mask : nullptr);
  const bool is_room =
      out.append({head.bytes.data(), head.size}) &&
      (mask ? append_masked(out, payload, *mask) : payload.empty() || out.append(payload));
  if (!is_room) {
    return base::Error{base::Errc::limit_exceeded, "the buffer for outgoing bytes is full"};
  }
  return {};
}

// --- what frames say ---

namespace {

// Section 7.4.1 and IANA's registry (https://www.iana.org/assignments/websocket): 1004 is reserved;
// 1005, 1006 and 1015 are for use inside a program only. Section 7.4.2: 3000 to 3999 for libraries,
// 4000 to 4999 for anybody.
bool may_be_sent(unsigned int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

bool is_close_payload(std::string_view payload) {
  if (payload.empty()) {
    return true;
  }
  if (payload.size() < 2 || payload.size() > kControlPayloadBytesMax) {
    return false;
  }
  const unsigned int high = static_cast<unsigned char>(payload[0]);
  const unsigned int low = static_cast<unsigned char>(payload[1]);
  return may_be_sent(high << 8U | low) && base::is_utf8(payload.substr(2));
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8U);
  payload += static_cast<char>(code & 0xffU);
  payload += reason;
  KS_ASSERT(is_close_payload(payload));
  return payload;
}

}  // namespace keyswap::http
