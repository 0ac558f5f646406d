// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/usage_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "bindings/bounds.h"

namespace keyswap::flow {

using bindings::JsonWalk;

// A number's name, and the object below the usage that it stands in; "": the usage itself.
struct UsageReader::Word {
  std::string_view within;
  std::string_view name;
  Number number;

  static const std::array<Word, 19>& all();
};

namespace {

constexpr std::string_view kData = "data:";

// Whose strings are what the model says.
constexpr std::array<std::string_view, 12> kTexts = {"text",
                                                     "content",
                                                     "delta",
                                                     "partial_json",
                                                     "arguments",
                                                     "input",
                                                     "thinking",
                                                     "reasoning",
                                                     "reasoning_content",
                                                     "refusal",
                                                     "code",
                                                     "transcript"};

bool is_usage(std::string_view name) {
  return name == "usage" || name == "usageMetadata";
}

// What may stand around a usage, in an event.
bool is_around(std::string_view name) {
  return name == "response" || name == "message" || name == "x_groq";
}

}  // namespace

const std::array<UsageReader::Word, 19>& UsageReader::Word::all() {
  static constexpr std::array<Word, 19> kWords = {
      Word{"", "prompt_tokens", Number::prompt},
      Word{"", "completion_tokens", Number::completion},
      Word{"", "input_tokens", Number::input},
      Word{"", "output_tokens", Number::completion},
      Word{"", "cache_read_input_tokens", Number::cache_read},
      Word{"", "cache_creation_input_tokens", Number::cache_write},
      Word{"cache_creation", "ephemeral_1h_input_tokens", Number::cache_write_long},
      Word{"prompt_tokens_details", "cached_tokens", Number::cached},
      Word{"input_tokens_details", "cached_tokens", Number::cached},
      Word{"completion_tokens_details", "reasoning_tokens", Number::reasoning},
      Word{"output_tokens_details", "reasoning_tokens", Number::reasoning},
      Word{"", "promptTokenCount", Number::gemini_prompt},
      Word{"", "cachedContentTokenCount", Number::gemini_cached},
      Word{"", "toolUsePromptTokenCount", Number::gemini_tools},
      Word{"", "candidatesTokenCount", Number::gemini_candidates},
      Word{"", "thoughtsTokenCount", Number::gemini_thoughts},
      Word{"", "prompt_token_count", Number::gemini_prompt},
      Word{"", "candidates_token_count", Number::gemini_candidates},
      Word{"", "thoughts_token_count", Number::gemini_thoughts},
  };
  return kWords;
}

bool UsageReader::append(std::string_view bytes) {
  if (form_ == Form::json) {
    static_cast<void>(walk_.feed(bytes));
    return true;
  }
  while (!bytes.empty()) {
    const auto end = bytes.find_first_of("\r\n");
    read_line(bytes.substr(0, end));
    if (end == std::string_view::npos) {
      return true;
    }
    const bool is_rest = bytes[end] == '\n' && end == 0 && was_return_;
    was_return_ = bytes[end] == '\r';
    if (!is_rest) {
      end_line();
    }
    bytes.remove_prefix(end + 1);
  }
  return true;
}

// A part of a line, without its end.
void UsageReader::read_line(std::string_view bytes) {
  if (bytes.empty() || is_other_) {
    return;
  }
  was_return_ = false;
  if (!is_data_) {
    const std::size_t missing = std::min(kData.size() - begin_.size(), bytes.size());
    begin_.append(bytes.substr(0, missing));
    bytes.remove_prefix(missing);
    is_other_ = !kData.starts_with(begin_);
    is_data_ = begin_ == kData;
    if (!is_data_) {
      return;
    }
    if (has_data_) {
      static_cast<void>(walk_.feed("\n"));
    }
    has_data_ = true;
  }
  // The space that may follow means nothing to JSON.
  static_cast<void>(walk_.feed(bytes));
}

void UsageReader::end_line() {
  const bool is_empty = begin_.empty() && !is_other_;
  begin_.clear();
  is_data_ = false;
  is_other_ = false;
  if (is_empty) {  // the event is over
    walk_.restart();
    has_data_ = false;
  }
}

void UsageReader::on_scalar(const JsonWalk& walk,
                            JsonWalk::Kind kind,
                            std::string_view text,
                            std::size_t bytes) {
  if (kind == JsonWalk::Kind::string) {
    const std::size_t depth = walk.depth();
    if (depth > 0 && walk.is_in_object(depth - 1) &&
        std::find(kTexts.begin(), kTexts.end(), walk.name(depth - 1)) != kTexts.end()) {
      text_bytes_ += bytes;
    }
  } else if (kind == JsonWalk::Kind::number) {
    take_number(walk, text);
  }
}

// Its usage stands at the top of an answer (or of one in a list of them), or in what an event says
// of the answer; nowhere else, where it may be something that the model said.
void UsageReader::take_number(const JsonWalk& walk, std::string_view text) {
  std::size_t level = walk.depth() > 0 && !walk.is_in_object(0) ? 1 : 0;
  const auto is_object_at = [&](std::size_t at) {
    return at < walk.depth() && walk.is_in_object(at);
  };
  const bool is_nested = is_object_at(level) && is_around(walk.name(level));
  level += is_nested ? 1 : 0;
  if (!is_object_at(level) || !is_usage(walk.name(level)) || !is_object_at(level + 1)) {
    return;
  }
  const bool is_within = walk.depth() == level + 3 && is_object_at(level + 2);
  if (!is_within && walk.depth() != level + 2) {
    return;
  }
  const std::string_view within = is_within ? std::string_view(walk.name(level + 1)) : "";
  const std::string_view name = walk.name(walk.depth() - 1);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value < 0) {
    return;
  }
  for (const Word& word : Word::all()) {
    if (word.within == within && word.name == name) {
      auto& kept = numbers_[static_cast<std::size_t>(word.number)];
      kept = std::max(kept, std::min(value, bindings::bounds::kBudgetTokensMax));
      // What begins a message says of its answer that it has begun.
      is_told_ = is_told_ || !is_nested || walk.name(level - 1) != "message";
    }
  }
}

bindings::TokenUsage UsageReader::usage() const {
  bindings::TokenUsage usage;
  const std::int64_t prompt = std::max(get(Number::prompt), get(Number::input));
  const std::int64_t cached = std::min(get(Number::cached), prompt);
  const std::int64_t of_gemini = get(Number::gemini_prompt) + get(Number::gemini_tools);
  const std::int64_t gemini_cached = std::min(get(Number::gemini_cached), of_gemini);
  usage.input = prompt - cached + of_gemini - gemini_cached;
  usage.cached = cached + get(Number::cache_read) + gemini_cached;
  usage.cache_write_long = get(Number::cache_write_long);
  usage.cache_write = std::max<std::int64_t>(get(Number::cache_write) - usage.cache_write_long, 0);
  usage.output =
      get(Number::completion) + get(Number::gemini_candidates) + get(Number::gemini_thoughts);
  usage.reasoning = get(Number::reasoning) + get(Number::gemini_thoughts);
  return usage;
}

}  // namespace keyswap::flow
