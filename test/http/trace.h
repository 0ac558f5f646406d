// SPDX-License-Identifier: Apache-2.0
//
// What a decoder makes of bytes, as lines of text that can be compared: one line for each event,
// pieces of one body joined. The same bytes must give the same trace however they are cut (I15).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/http/decoder.h"

namespace keyswap::http::test {

// Printable bytes as they are, the rest as \r \n \t \xNN.
inline std::string escape(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (c == '\\') {
      text += "\\\\";
    } else if (c < ' ' || c > '~') {
      text += "\\x" + base::to_hex({&c, 1});
    } else {
      text += c;
    }
  }
  return text;
}

inline std::string framing_name(const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::none:
      return "none";
    case Framing::Kind::length:
      return "length " + std::to_string(framing.length);
    case Framing::Kind::chunked:
      return "chunked";
    case Framing::Kind::until_close:
      return "until_close";
  }
  return "?";
}

inline std::string error_name(DecodeError error) {
  switch (error) {
    case DecodeError::none:
      return "none";
    case DecodeError::malformed:
      return "malformed";
    case DecodeError::too_many_fields:
      return "too_many_fields";
    case DecodeError::field_too_long:
      return "field_too_long";
    case DecodeError::head_too_large:
      return "head_too_large";
    case DecodeError::status_out_of_range:
      return "status_out_of_range";
    case DecodeError::target_too_long:
      return "target_too_long";
    case DecodeError::method_not_supported:
      return "method_not_supported";
  }
  return "?";
}

// Runs one decoder over pieces of input and keeps what came out.
class Tracer {
 public:
  explicit Tracer(Decoder::Role role) : role_(role), decoder_(role) {}

  Decoder& decoder() { return decoder_; }

  [[nodiscard]] bool is_dead() const { return is_dead_; }

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  void feed(std::string_view input) {
    while (!is_dead_) {
      const Step step = decoder_.next(input);
      input.remove_prefix(step.consumed);
      if (!take(step)) {
        return;
      }
    }
  }

  void finish() {
    if (is_dead_) {
      return;
    }
    const Step step = decoder_.finish();
    if (step.kind == Step::Kind::error) {
      end_body();
      lines_.emplace_back("cut");
      return;
    }
    take(step);
  }

 private:
  // False when there is nothing more to be had.
  bool take(const Step& step) {
    if (step.kind != Step::Kind::body && step.kind != Step::Kind::need_more) {
      end_body();
    }
    switch (step.kind) {
      case Step::Kind::need_more:
        return false;
      case Step::Kind::head:
        take_head();
        return true;
      case Step::Kind::body:
        body_ += step.body;
        has_body_ = true;
        return true;
      case Step::Kind::end:
        lines_.emplace_back("end");
        return true;
      case Step::Kind::error:
        lines_.push_back("error " + error_name(step.error));
        is_dead_ = true;
        return false;
    }
    return false;
  }

  void end_body() {
    if (has_body_) {
      lines_.push_back("body " + escape(body_));
    }
    body_.clear();
    has_body_ = false;
  }

  void take_head() {
    if (role_ == Decoder::Role::request) {
      const RequestHead head = decoder_.take_request();
      lines_.push_back("request " + std::string(head.method) + " " + std::string(head.target) +
                       (head.version == Version::http_1_1 ? " 1.1 " : " 1.0 ") +
                       framing_name(head.framing) + (head.keeps_alive ? " keep" : " close") +
                       (head.expects_continue ? " continue" : "") +
                       (head.expects_more ? " more" : ""));
      add_fields(head.fields);
      return;
    }
    const ResponseHead head = decoder_.take_response();
    lines_.push_back("response " + std::to_string(head.status) + " [" + escape(head.reason) + "]" +
                     (head.version == Version::http_1_1 ? " 1.1 " : " 1.0 ") +
                     framing_name(head.framing) + (head.keeps_alive ? " keep" : " close"));
    add_fields(head.fields);
  }

  void add_fields(const HeaderList& fields) {
    for (const Field& field : fields) {
      if (field.name.substr(0, 2) == "X-") {
        lines_.push_back("field " + std::string(field.name) + " [" + escape(field.value) + "]");
      }
    }
  }

  Decoder::Role role_;
  Decoder decoder_;
  std::vector<std::string> lines_;
  std::string body_;
  bool has_body_ = false;
  bool is_dead_ = false;
};

// How an input is cut: gives the size of the next piece, given what is left.
using Cut = std::function<std::size_t(std::size_t left)>;
using Prepare = std::function<void(Decoder&)>;

inline std::vector<std::string> trace(Decoder::Role role,
                                      std::string_view input,
                                      const Cut& cut,
                                      const Prepare& prepare = nullptr) {
  Tracer tracer(role);
  if (prepare) {
    prepare(tracer.decoder());
  }
  while (!input.empty()) {
    const std::size_t size = cut(input.size());
    // A copy of its own, so that a view kept past its time is seen by the sanitizer.
    const std::string piece(input.substr(0, size));
    tracer.feed(piece);
    input.remove_prefix(piece.size());
  }
  tracer.finish();
  return tracer.lines();
}

inline std::size_t whole(std::size_t left) {
  return left;
}

inline std::size_t bytewise(std::size_t /*left*/) {
  return 1;
}

}  // namespace keyswap::http::test
