// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/form_position.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "proxy/flow/unescape.h"

namespace keyswap::flow {

namespace {

// Each byte of a name may be an escape of three.
constexpr std::size_t kWrittenNameBytesMax = 3 * base::bounds::kBodyNameBytesMax;

std::string name_said_by(std::string written) {
  std::ranges::replace(written, '+', ' ');
  return unescape(Escaping::percent, written);
}

}  // namespace

void FormPosition::read(std::string_view bytes) {
  for (const char c : bytes) {
    read_byte(c);
  }
}

void FormPosition::read_byte(char c) {
  if (c == '&') {
    end_name();  // of a field without a value
    is_in_value_ = false;
    is_field_ = false;
    name_.clear();
  } else if (is_in_value_) {
    // Some servers end a value there: what follows may be another field's to them.
    is_field_ = is_field_ && c != ';';
  } else if (c == '=') {
    end_name();
    is_in_value_ = true;
  } else if (name_.size() <= kWrittenNameBytesMax) {
    name_ += c;  // past the bound it is no name of ours
  }
}

void FormPosition::end_name() {
  if (is_in_value_) {
    return;
  }
  is_field_ = name_said_by(name_) == field_;
  is_ambiguous_ = is_ambiguous_ || (is_field_ && was_there_);
  was_there_ = was_there_ || is_field_;
}

}  // namespace keyswap::flow
