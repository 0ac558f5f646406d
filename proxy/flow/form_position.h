// SPDX-License-Identifier: Apache-2.0
//
// The position in a form (application/x-www-form-urlencoded) against the name of one field: inside
// of its value? A field of that name that comes a second time does not count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/flow/body_position.h"

namespace keyswap::flow {

class FormPosition final : public BodyPosition {
 public:
  // `field`: outlives it.
  explicit FormPosition(std::string_view field) : field_(field) {}

  void read(std::string_view bytes) override;

  [[nodiscard]] bool is_in_place() const override {
    return is_in_value_ && is_field_ && !is_ambiguous_;
  }

 private:
  void read_byte(char c);
  void end_name();

  std::string_view field_;
  std::string name_;  // as it is written, as far as it was read
  bool is_in_value_ = false;
  bool is_field_ = false;  // what is read is that field
  bool was_there_ = false;
  bool is_ambiguous_ = false;
};

}  // namespace keyswap::flow
