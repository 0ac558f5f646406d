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

#include "bindings/prices.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

struct ModelRequest {
  bool has_body = false;
  bool is_readable = false;         // one JSON object, and nothing in it says a thing twice
  bool is_of_path = false;          // the path names a model
  bool counts_alone = false;        // it asks how many tokens something has: that costs nothing
  std::vector<std::string> models;  // whatever may answer, the one that the path names first
  // That the provider runs, each once, as hosted_tool_name() gives them.
  std::vector<std::string> tools;
  // Of all its texts; of what is not readable at least that.
  std::uint64_t prompt_bytes = 0;
  std::int64_t answer_tokens = 0;  // at most, of all answers together; where it says that
  bool has_answer_tokens = false;  // else they are assumed

  // Is there something that may be a question for one?
  [[nodiscard]] bool asks_model() const { return has_body || is_of_path; }

  [[nodiscard]] bool is_clear() const { return is_readable && !models.empty(); }

  // The one it is paid for.
  [[nodiscard]] std::string_view model() const {
    return models.empty() ? std::string_view() : std::string_view(models.front());
  }
};

// `target`: in origin form, as it is sent. `body`: whole.
ModelRequest read_model_request(const http::HeaderList& fields,
                                std::string_view target,
                                std::string_view body);

// What it is taken for until its answer says it: more than most of them need, never less than what
// it asks for itself.
TokenUsage estimated_usage(const ModelRequest& asked);

}  // namespace keyswap::bindings
