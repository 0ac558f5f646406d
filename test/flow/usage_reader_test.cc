// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/usage_reader.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using bindings::TokenUsage;
using AnswerForm = UsageReader::Form;

struct Read {
  bool is_told = false;
  TokenUsage usage;
  std::uint64_t text_bytes = 0;

  bool operator==(const Read&) const = default;
};

Read read_in_pieces(AnswerForm form, std::string_view text, std::size_t piece) {
  UsageReader reader(form);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    CHECK(reader.append(text.substr(at, piece)));
  }
  return {reader.is_told(), reader.usage(), reader.text_bytes()};
}

// The same however it is cut.
Read read(AnswerForm form, std::string_view text) {
  const Read whole = read_in_pieces(form, text, text.size());
  for (std::size_t piece = 1; piece < 12; ++piece) {
    CHECK(read_in_pieces(form, text, piece) == whole);
  }
  return whole;
}

}  // namespace

TEST_CASE("the usage of OpenAI's chat completions is read", "[I15]") {
  const auto got = read(AnswerForm::json, R"({"id":"x","choices":[{"message":{"content":"hello"}}],
    "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
      "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
      "completion_tokens_details":{"reasoning_tokens":3}}})");
  CHECK(got.is_told);
  CHECK(got.usage == TokenUsage{.input = 15, .cached = 4, .output = 10, .reasoning = 3});
  CHECK(got.text_bytes == 5);
}

TEST_CASE("the usage of OpenAI's responses is read, also of its events", "[I15]") {
  const std::string usage = R"("usage":{"input_tokens":36,"input_tokens_details":
    {"cached_tokens":6},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":2},
    "total_tokens":123})";
  std::string one = usage;
  one.erase(std::remove(one.begin(), one.end(), '\n'), one.end());
  const TokenUsage wanted{.input = 30, .cached = 6, .output = 87, .reasoning = 2};
  CHECK(read(AnswerForm::json, "{" + usage + "}").usage == wanted);
  const auto got = read(AnswerForm::events,
                        "event: response.output_text.delta\ndata: {\"delta\":\"hi\"}\n\n"
                        "event: response.completed\ndata: {\"response\":{" +
                            one + "}}\n\n");
  CHECK(got.is_told);
  CHECK(got.usage == wanted);
  CHECK(got.text_bytes == 2);
}

TEST_CASE("the usage of Anthropic's messages is read, also of its events", "[I15]") {
  const auto got = read(AnswerForm::json, R"({"content":[{"type":"text","text":"hey"}],"usage":
    {"input_tokens":100,"cache_read_input_tokens":7,"cache_creation_input_tokens":50,
     "cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},
     "output_tokens":9}})");
  CHECK(got.is_told);
  CHECK(got.usage ==
        TokenUsage{
            .input = 100, .cached = 7, .cache_write = 20, .cache_write_long = 30, .output = 9});
  const std::string begin =
      "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
      "{\"input_tokens\":25,\"output_tokens\":1}}}\r\n\r\n"
      "event: content_block_delta\r\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}"
      "\r\n\r\n";
  const auto cut = read(AnswerForm::events, begin);
  CHECK_FALSE(cut.is_told);  // that it began is not what it came to
  CHECK(cut.usage == TokenUsage{.input = 25, .output = 1});
  CHECK(cut.text_bytes == 5);
  const auto whole =
      read(AnswerForm::events,
           begin + "event: message_delta\r\ndata: {\"usage\":{\"output_tokens\":15}}\r\n\r\n");
  CHECK(whole.is_told);
  CHECK(whole.usage == TokenUsage{.input = 25, .output = 15});
}

TEST_CASE("the usage of Gemini is read, as one text, as a list, and in events", "[I15]") {
  const std::string usage =
      R"({"candidates":[{"content":{"parts":[{"text":"ab"}]}}],"usageMetadata":)"
      R"({"promptTokenCount":8,"cachedContentTokenCount":3,"candidatesTokenCount":4,)"
      R"("thoughtsTokenCount":5,"toolUsePromptTokenCount":2,"totalTokenCount":19}})";
  const TokenUsage wanted{.input = 7, .cached = 3, .output = 9, .reasoning = 5};
  CHECK(read(AnswerForm::json, usage).usage == wanted);
  CHECK(read(AnswerForm::json, "[" + usage + ",\n" + usage + "]").usage == wanted);
  CHECK(read(AnswerForm::events, "data: " + usage + "\n\ndata: " + usage + "\n\n").usage == wanted);
}

TEST_CASE("OpenAI's events tell the usage at their end if they are asked to", "[I15]") {
  const std::string begin =
      ": a comment\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n";
  const auto without = read(AnswerForm::events, begin + "data: [DONE]\n\n");
  CHECK_FALSE(without.is_told);
  CHECK(without.text_bytes == 2);
  const auto with = read(AnswerForm::events,
                         begin +
                             "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                             "\"completion_tokens\":6}}\n\ndata: [DONE]\n\n");
  CHECK(with.is_told);
  CHECK(with.usage == TokenUsage{.input = 5, .output = 6});
}

TEST_CASE("what a model says is no usage, and what cannot be read says nothing", "[I15]") {
  for (const std::string_view text : {R"({"choices":[{"message":{"usage":{"prompt_tokens":1}}}]})",
                                      R"({"output":{"usage":{"input_tokens":1}}})",
                                      R"({"usage":{"prompt_tokens":-1}})",
                                      R"({"usage":{"prompt_tokens":1.5}})",
                                      R"({"usage":{"prompt_tokens":"1"}})",
                                      R"({"usage":[{"prompt_tokens":1}]})",
                                      R"({"usage":{"other":{"prompt_tokens":1}}})",
                                      R"({"text":"{\"usage\":{\"prompt_tokens\":1}}"})",
                                      "no JSON, \"usage\":{\"prompt_tokens\":1}",
                                      ""}) {
    INFO(text);
    const auto got = text.empty() ? Read() : read(AnswerForm::json, text);
    CHECK_FALSE(got.is_told);
    CHECK(got.usage == TokenUsage());
  }
  // An event that is broken does not spoil the next.
  const auto got =
      read(AnswerForm::events, "data: {\"x\":\n\ndata: {\"usage\":{\"output_tokens\":3}}\n\n");
  CHECK(got.usage.output == 3);
}

TEST_CASE("numbers that are said more than once only grow") {
  const auto got = read(AnswerForm::events,
                        "data: {\"usage\":{\"output_tokens\":7}}\n\n"
                        "data: {\"usage\":{\"output_tokens\":5}}\n\n");
  CHECK(got.usage.output == 7);
}

}  // namespace keyswap::flow
