// SPDX-License-Identifier: Apache-2.0
//
// What a request asks of a language model: which one, with which tools, how much. It is read out of
// the bodies of OpenAI's chat completions and responses, Anthropic's messages, Gemini's
// generateContent, and what speaks like them. What is not clear is said to be not clear, and whose
// rules ask for it refuses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"

namespace keyswap::bindings {

struct ModelRequest {
  bool has_body = false;
  bool is_readable = false;         // one JSON object, and nothing in it says a thing twice
  bool is_of_path = false;          // the path names a model
  std::vector<std::string> models;  // whatever may answer, the one that the path names first
  // That the provider runs, each once, as hosted_tool_name() gives them.
  std::vector<std::string> tools;
  // Of all its texts; of what is not readable at least that.
  std::uint64_t prompt_bytes = 0;

  // Is there something that may be a question for one?
  [[nodiscard]] bool asks_model() const { return has_body || is_of_path; }

  [[nodiscard]] bool is_clear() const { return is_readable && !models.empty(); }
};

// `target`: in origin form, as it is sent. `body`: whole.
ModelRequest read_model_request(const http::HeaderList& fields,
                                std::string_view target,
                                std::string_view body);

}  // namespace keyswap::bindings
