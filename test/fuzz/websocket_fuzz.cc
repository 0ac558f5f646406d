// SPDX-License-Identifier: Apache-2.0
//
// Any bytes, as the frames of a client or of a server. Three things must hold: nothing crashes;
// every cut gives the same steps (I15); and what was decoded, written anew, is decoded to the same
// by the other side (I9).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/assert.h"
#include "proxy/http/websocket.h"
#include "test/http/websocket_trace.h"

namespace keyswap::http {

namespace {

class StringSink final : public base::ByteSink {
 public:
  bool append(std::string_view bytes) override {
    text += bytes;
    return true;
  }

  std::string text;
};

// Writes each step as a frame; pieces of one message become its fragments.
class Rewriter {
 public:
  explicit Rewriter(const std::optional<Mask>& mask) : mask_(mask) {}

  [[nodiscard]] const std::string& text() const { return out_.text; }

  void take(const FrameStep& step) {
    switch (step.kind) {
      case FrameStep::Kind::data:
        write(opcode_of(step), step.is_final, step.payload);
        is_in_message_ = !step.is_final;
        return;
      case FrameStep::Kind::control:
        write(step.opcode, true, step.payload);
        return;
      case FrameStep::Kind::need_more:
      case FrameStep::Kind::error:
        return;
    }
  }

 private:
  [[nodiscard]] Opcode opcode_of(const FrameStep& step) const {
    return is_in_message_ ? Opcode::continuation : step.opcode;
  }

  void write(Opcode opcode, bool is_final, std::string_view payload) {
    KS_ASSERT(encode_frame(out_, opcode, is_final, payload, mask_).has_value());
  }

  std::optional<Mask> mask_;
  StringSink out_;
  bool is_in_message_ = false;
};

// `mask`: to write them as a client does; without one, as a server.
std::string rewrite(FrameDecoder::Sender sender,
                    std::string_view input,
                    const std::optional<Mask>& mask) {
  FrameDecoder decoder(sender);
  Rewriter rewriter(mask);
  for (;;) {
    const FrameStep step = decoder.next(input);
    KS_ASSERT(step.consumed <= input.size());
    input.remove_prefix(step.consumed);
    rewriter.take(step);
    if (step.kind == FrameStep::Kind::need_more || step.kind == FrameStep::Kind::error) {
      return rewriter.text();
    }
  }
}

void check_round_trip(FrameDecoder::Sender sender,
                      std::string_view input,
                      std::vector<std::string> expected,
                      const Mask& mask) {
  if (!expected.empty() && expected.back().rfind("error ", 0) == 0) {
    expected.pop_back();
  }
  KS_ASSERT(test::trace_frames(FrameDecoder::Sender::client,
                               rewrite(sender, input, mask),
                               test::whole) == expected);
  KS_ASSERT(test::trace_frames(FrameDecoder::Sender::server,
                               rewrite(sender, input, std::nullopt),
                               test::whole) == expected);
}

}  // namespace

}  // namespace keyswap::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = keyswap::http;
  if (size < 2) {
    return 0;
  }
  const auto sender =
      (data[0] & 1U) != 0 ? http::FrameDecoder::Sender::client : http::FrameDecoder::Sender::server;
  const std::size_t step = 1 + data[1];
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto expected = http::test::trace_frames(sender, input, http::test::whole);
  KS_ASSERT(http::test::trace_frames(sender, input, http::test::bytewise) == expected);
  KS_ASSERT(http::test::trace_frames(sender, input, [step](std::size_t left) {
              return std::min(left, step);
            }) == expected);
  const http::Mask mask = {data[0], data[1], static_cast<std::uint8_t>(size), 0xa5};
  http::check_round_trip(sender, input, expected, mask);
  return 0;
}
