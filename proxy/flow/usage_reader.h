// SPDX-License-Identifier: Apache-2.0
//
// What an answer of a language model says it used: of OpenAI's chat completions and responses,
// Anthropic's messages, Gemini's generateContent, and what speaks like them; one JSON text, or
// events (text/event-stream) with one each. It reads the plain bytes in any pieces, keeps numbers
// alone, and never holds what it read up: what it does not understand says nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bindings/json_walk.h"
#include "bindings/prices.h"
#include "proxy/base/bytes.h"

namespace keyswap::flow {

class UsageReader final : public base::ByteSink, private bindings::JsonWalk::Visitor {
 public:
  enum class Form : std::uint8_t { json, events };

  explicit UsageReader(Form form) : form_(form), walk_(*this) {}

  UsageReader(const UsageReader&) = delete;
  UsageReader& operator=(const UsageReader&) = delete;
  UsageReader(UsageReader&&) = delete;
  UsageReader& operator=(UsageReader&&) = delete;
  ~UsageReader() override = default;

  // The next piece. Always true.
  [[nodiscard]] bool append(std::string_view bytes) override;

  // Did it say what was used of the whole answer, as far as it goes?
  [[nodiscard]] bool is_told() const { return is_told_; }

  // The largest of each number that was said: they only grow in an answer.
  [[nodiscard]] bindings::TokenUsage usage() const;

  // Of the texts that the model said, as far as they came.
  [[nodiscard]] std::uint64_t text_bytes() const { return text_bytes_; }

 private:
  // What is said, in all the words that vendors have for it.
  enum class Number : std::uint8_t {
    prompt,       // with what was cached
    input,        // with what was cached, or without it
    cached,       // a part of these
    cache_read,   // beside `input`
    cache_write,  // beside it; with those for an hour
    cache_write_long,
    completion,
    reasoning,  // a part of that
    gemini_prompt,
    gemini_cached,  // a part of that
    gemini_tools,
    gemini_candidates,
    gemini_thoughts,  // beside them
  };
  static constexpr std::size_t kNumbers = 13;

  struct Word;

  void on_scalar(const bindings::JsonWalk& walk,
                 bindings::JsonWalk::Kind kind,
                 std::string_view text,
                 std::size_t bytes) override;

  void on_begin(const bindings::JsonWalk& /*walk*/, bindings::JsonWalk::Kind /*kind*/) override {}

  void on_end(const bindings::JsonWalk& /*walk*/, bindings::JsonWalk::Kind /*kind*/) override {}

  void take_number(const bindings::JsonWalk& walk, std::string_view text);
  void read_line(std::string_view bytes);
  void end_line();

  [[nodiscard]] std::int64_t get(Number number) const {
    return numbers_[static_cast<std::size_t>(number)];
  }

  Form form_;
  bindings::JsonWalk walk_;
  std::array<std::int64_t, kNumbers> numbers_{};
  std::uint64_t text_bytes_ = 0;
  bool is_told_ = false;

  // Of events: the line that is read.
  std::string begin_;  // of it, until it shows whether it is data
  bool is_data_ = false;
  bool is_other_ = false;
  bool has_data_ = false;    // of the event
  bool was_return_ = false;  // a line may end with two characters
};

}  // namespace keyswap::flow
