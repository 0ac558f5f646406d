// SPDX-License-Identifier: Apache-2.0
//
// I5: what a body that is sent on as it comes says of methods (bindings/method_overrides.h). It
// gathers the pairs that name one, so that they are judged as those of a collected body are
// (check_body); where the body is cut does not matter (I15).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace keyswap::flow {

class OverrideWatch {
 public:
  void look(std::string_view piece);

  // No piece follows.
  void end() { end_pair(); }

  // A text that names what the body named so far, and nothing else.
  [[nodiscard]] std::string_view said() const { return said_; }

  // Was there anything new since this was asked last?
  [[nodiscard]] bool take_news() { return std::exchange(has_news_, false); }

 private:
  void look_for_quoted(std::string_view piece);
  void add_to_pair(std::string_view bytes);
  void end_pair();
  void say_unclear();

  std::string pair_;          // the begin of "name=value"
  bool is_too_long_ = false;  // and there was more of it
  std::string tail_;
  std::string said_;
  bool has_news_ = false;
  bool is_unclear_ = false;  // nothing can be added to what was said
};

}  // namespace keyswap::flow
