// SPDX-License-Identifier: Apache-2.0
//
// Which secrets came back in an answer, where and how they were written, and how often: for its
// record (I8). Names and counts, never a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/flow/secret_forms.h"

namespace keyswap::flow {

// `message`: on a WebSocket, control frames too.
enum class FoundIn : std::uint8_t { head, body, message };

std::string_view to_string(FoundIn where);

struct Finding {
  std::string secret;  // its name
  FoundIn where = FoundIn::body;
  Encoding encoding = Encoding::plain;
  std::uint64_t count = 0;
};

class Findings {
 public:
  // Past base::bounds::kFindingsMax kinds no more are told apart: they count as the last.
  void add(std::string_view secret, FoundIn where, Encoding encoding);

  [[nodiscard]] const std::vector<Finding>& list() const { return list_; }

 private:
  std::vector<Finding> list_;
};

}  // namespace keyswap::flow
