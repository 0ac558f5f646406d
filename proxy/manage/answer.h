// SPDX-License-Identifier: Apache-2.0
//
// An answer of the management API, before it is HTTP. Errors are problem+json (RFC 9457) with a
// member `error` besides, where clients of other managers look for the text. I1: no answer holds a
// secret's value, or a part of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/services/slow_service.h"

namespace keyswap::manage {

struct Answer {
  int status = 200;
  std::string body;
  std::string_view type = "application/json";                      // constant
  std::vector<std::pair<std::string_view, std::string>> fields{};  // with constant names
  std::shared_ptr<services::AnswerRest> rest{};
  std::int64_t delay_ms = 0;
};

// `json`: the text of a JSON value.
Answer answer_json(int status, std::string json);

// One sentence, in our words: nothing of the request is in it.
Answer answer_error(int status, std::string_view text);
// 429, with when to come again.
Answer answer_later(std::string_view text, std::int64_t seconds);

// With the fields that every answer has, so that no browser keeps it, guesses at it, frames it, or
// lets another origin read it. `keeps`: may the connection go on?
services::SlowAnswer to_http(Answer answer, bool keeps);

}  // namespace keyswap::manage
