// SPDX-License-Identifier: Apache-2.0
//
// What a FrameDecoder makes of bytes, as lines of text that can be compared: pieces of one message
// joined, except where a control frame came between them. The same bytes must give the same trace
// however they are cut (I15).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/websocket.h"
#include "test/http/trace.h"

namespace keyswap::http::test {

inline std::string opcode_name(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation:
      return "continuation";
    case Opcode::text:
      return "text";
    case Opcode::binary:
      return "binary";
    case Opcode::close:
      return "close";
    case Opcode::ping:
      return "ping";
    case Opcode::pong:
      return "pong";
  }
  return "?";
}

class FrameTracer {
 public:
  explicit FrameTracer(FrameDecoder::Sender sender) : decoder_(sender) {}

  // "data text hello", "end text", "ping hello", "error NOTE"; after an error nothing more.
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  void feed(std::string_view input) {
    while (!is_dead_) {
      const FrameStep step = decoder_.next(input);
      input.remove_prefix(step.consumed);
      take(step);
      if (step.kind == FrameStep::Kind::need_more) {
        is_all_consumed_ = is_all_consumed_ && input.empty();
        return;
      }
    }
  }

  void finish() { end_data(); }

  // Did need_more always mean that nothing is left?
  [[nodiscard]] bool is_all_consumed() const { return is_all_consumed_; }

 private:
  void take(const FrameStep& step) {
    if (step.kind != FrameStep::Kind::data && step.kind != FrameStep::Kind::need_more) {
      end_data();
    }
    switch (step.kind) {
      case FrameStep::Kind::need_more:
        return;
      case FrameStep::Kind::data:
        take_piece(step);
        return;
      case FrameStep::Kind::control:
        lines_.push_back(opcode_name(step.opcode) + " " + escape(step.payload));
        return;
      case FrameStep::Kind::error:
        lines_.push_back(std::string("error ") + step.note.text());
        is_dead_ = true;
        return;
    }
  }

  void take_piece(const FrameStep& step) {
    has_empty_piece_ = has_empty_piece_ || (step.payload.empty() && !step.is_final);
    data_ += step.payload;
    if (!step.payload.empty() || has_empty_piece_) {
      data_name_ = "data " + opcode_name(step.opcode) + (has_empty_piece_ ? " EMPTY PIECE" : "");
    }
    if (step.is_final) {
      end_data();
      lines_.push_back("end " + opcode_name(step.opcode));
    }
  }

  void end_data() {
    if (!data_name_.empty()) {
      lines_.push_back(data_name_ + " " + escape(data_));
    }
    data_.clear();
    data_name_.clear();
  }

  FrameDecoder decoder_;
  std::vector<std::string> lines_;
  std::string data_;
  std::string data_name_;
  bool has_empty_piece_ = false;
  bool is_all_consumed_ = true;
  bool is_dead_ = false;
};

inline std::vector<std::string> trace_frames(FrameDecoder::Sender sender,
                                             std::string_view input,
                                             const Cut& cut) {
  FrameTracer tracer(sender);
  while (!input.empty()) {
    // A copy of its own, so that a view kept past its time is seen by the sanitizer.
    const std::string piece(input.substr(0, cut(input.size())));
    tracer.feed(piece);
    input.remove_prefix(piece.size());
  }
  tracer.finish();
  std::vector<std::string> lines = tracer.lines();
  if (!tracer.is_all_consumed()) {
    lines.emplace_back("INPUT LEFT");
  }
  return lines;
}

}  // namespace keyswap::http::test
