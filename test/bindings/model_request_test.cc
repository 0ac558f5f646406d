// SPDX-License-Identifier: Apache-2.0
#include "bindings/model_request.h"

#include <limits>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

using Words = std::vector<std::string>;

ModelRequest read(std::string_view body,
                  std::string_view target = "/v1/chat/completions",
                  std::string_view type = "application/json") {
  http::HeaderList fields;
  fields.add("Content-Type", type);
  return read_model_request(fields, target, body);
}

Words models_of(std::string_view body, std::string_view target = "/v1/chat/completions") {
  const auto asked = read(body, target);
  CHECK(asked.is_clear());
  return asked.models;
}

Words tools_of(const std::string& members) {
  const auto asked = read(R"({"model":"m",)" + members + "}");
  INFO(members);
  CHECK(asked.is_clear());
  return asked.tools;
}

}  // namespace

TEST_CASE("F44 the models that a body names are read, however it is written") {
  CHECK(models_of(R"({"model":"gpt-4o","messages":[{"role":"user","content":"model"}]})") ==
        Words{"gpt-4o"});
  CHECK(models_of(R"({"\u006dodel":"gpt\u002d4o"})") == Words{"gpt-4o"});
  CHECK(models_of(R"({"model":"a","models":["b","c"]})") == Words{"a", "b", "c"});
  CHECK(models_of(R"({"model":"models/gemini-2.5-pro"})") == Words{"gemini-2.5-pro"});
  CHECK(models_of(R"({"model":"a","tools":[{"type":"image_generation","model":"b"}]})") ==
        Words{"a", "b"});
  // Of what is deeper it is not the body's.
  CHECK(models_of(R"({"metadata":{"model":"x"},"model":"a"})") == Words{"a"});
}

TEST_CASE("F44 a path or a query may name the model, too") {
  CHECK(models_of("{}", "/v1beta/models/gemini-2.5-pro:generateContent?alt=sse") ==
        Words{"gemini-2.5-pro"});
  CHECK(models_of("{}",
                  "/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:rawPredict") ==
        Words{"claude@1"});
  CHECK(models_of("{}", "/openai/deployments/mine/chat/completions?api-version=1") ==
        Words{"mine"});
  CHECK(models_of(R"({"model":"b"})", "/openai/deployments/mine/chat/completions") ==
        Words{"mine", "b"});
  CHECK(models_of(R"({"model":"b"})", "/v1/x?Model=a&b=c") == Words{"a", "b"});
  for (const std::string_view target : {"/openai/deployments/a/../b/chat/completions",
                                        "/openai/deployments/a/deployments/b/chat/completions",
                                        "/v1beta/models/a%2e:generateContent",
                                        "/v1beta/models/a;x:generateContent",
                                        "/v1beta//models/a:generateContent",
                                        "/openai/Deployments/a/deployments/b/chat/completions",
                                        "/model/a%3a0/converse",
                                        "/v1/x?model=%61",
                                        "/v1/x?mod%65l=a",
                                        "/v1/x?c=d;model=a",
                                        "/v1/x?model[]=a"}) {
    INFO(target);
    CHECK_FALSE(read(R"({"model":"b"})", target).is_readable);
  }
  CHECK(models_of(R"({"model":"b"})", "/openai/Deployments/Mine/chat/completions") ==
        Words{"Mine", "b"});
  CHECK(models_of(R"({"model":"b"})", "/V1beta/Models/a:generateContent") == Words{"a", "b"});
  CHECK(models_of(R"({"model":"b"})", "/model/dear-v1:0/invoke") == Words{"dear-v1:0", "b"});
  CHECK(models_of(R"({"model":"b"})", "/v1/models/dear/predict") == Words{"dear", "b"});
  CHECK(read(R"({"model":"b"})", "/v1/x?c=d;model=a").models == Words{"a", "b"});
  CHECK(read_model_request({}, "/v1/x?mod%65l=a", "").asks_model());
  CHECK_FALSE(read_model_request({}, "/v1/models", "").asks_model());
  CHECK_FALSE(read_model_request({}, "/v1/models/gpt-4o", "").asks_model());
  CHECK(read_model_request({}, "/v1beta/models/a:generateContent", "").asks_model());
}

TEST_CASE("F44 what two servers may read differently is not readable", "[I9]") {
  for (const std::string_view body : {R"({"model":"a","model":"b"})",
                                      R"({"model":"a","Model":"b"})",
                                      R"({"model":"a","MODEL":"b"})",
                                      R"({"model":["a"]})",
                                      R"({"model":{"name":"a"}})",
                                      R"({"model":null})",
                                      R"({"model":7})",
                                      R"({"model":""})",
                                      R"({"model":"a\u0000b"})",
                                      "{\"model\":\"\xc3\xa4\"}",
                                      "{\"model\":\"a\",\"model\xc5\xbf\":\"b\"}",
                                      "{\"model\":\"a\",\"mod\\u0000el\":\"b\"}",
                                      R"({"model":"a","models":"b"})",
                                      R"({"model":"a","models":{"x":"b"}})",
                                      R"({"model":"a","models":[["b"]]})",
                                      R"({"model":"a","fallbacks":["b"]})",
                                      R"({"model":"a","tools":"x"})",
                                      R"({"model":"a","tools":{"x":{"type":"web_search"}}})",
                                      R"({"model":"a","tools":["web_search"]})",
                                      R"({"model":"a","tools":[{"type":"function","type":"x"}]})",
                                      R"({"model":"a","tools":[{"type":["x"]}]})",
                                      R"({"model":"a","tools":[{"model":{"x":"b"}}]})",
                                      R"({"model":"a","plugins":[{"id":["web"]}]})",
                                      R"([{"model":"a"}])",
                                      R"("model")",
                                      R"({"model":"a"} {"model":"b"})",
                                      R"({"model":"a"}, )",
                                      "model=a"}) {
    INFO(body);
    const auto asked = read(body);
    CHECK_FALSE(asked.is_readable);
    CHECK(asked.prompt_bytes >= body.size());
  }
  const std::string_view good = R"({"model":"a"})";
  CHECK(read(good, "/", "application/json; charset=UTF-8").is_readable);
  CHECK_FALSE(read(good, "/", "application/json; charset=utf-16").is_readable);
  CHECK_FALSE(read(good, "/", "application/x-www-form-urlencoded").is_readable);
  CHECK_FALSE(read(good, "/", "multipart/form-data; boundary=x").is_readable);
  CHECK_FALSE(read_model_request({}, "/", good).is_readable);
  http::HeaderList twice;
  twice.add("Content-Type", "application/json");
  twice.add("content-type", "text/plain");
  CHECK_FALSE(read_model_request(twice, "/", good).is_readable);
  // CGI and its like read this as the same field.
  http::HeaderList alike;
  alike.add("Content-Type", "application/json");
  alike.add("Content_Type", "multipart/form-data; boundary=x");
  CHECK_FALSE(read_model_request(alike, "/", good).is_readable);
  const std::string many(bounds::kModelsMax, 'x');
  std::string list = R"({"models":["m")";
  for (std::size_t i = 0; i < bounds::kModelsMax; ++i) {
    list += R"(,"m")";
  }
  CHECK_FALSE(read(list + "]}").is_readable);
  CHECK_FALSE(read(R"({"model":")" + many + R"("})").is_readable);
}

TEST_CASE("of a body that is coded nobody knows how long it is") {
  http::HeaderList fields;
  fields.add("Content-Type", "application/json");
  fields.add("Content-Encoding", "gzip");
  const auto asked = read_model_request(fields, "/", R"({"model":"a"})");
  CHECK_FALSE(asked.is_readable);
  CHECK(asked.prompt_bytes == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("F44 tools that the provider runs are told from those that the client runs") {
  CHECK(
      tools_of(R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}])").empty());
  CHECK(
      tools_of(R"("tools":[{"name":"f","description":"d","input_schema":{"type":"x"}}])").empty());
  CHECK(tools_of(R"("tools":[{"type":"custom","name":"f","input_schema":{}}])").empty());
  CHECK(tools_of(R"("tools":[{"functionDeclarations":[{"name":"f"}]}])").empty());
  CHECK(tools_of(R"("tools":[{"type":"web_search_20250305","name":"web_search"}])") ==
        Words{"web_search"});
  CHECK(tools_of(R"("tools":[{"type":"web_search_preview_2025_03_11"},{"type":"web_search"}])") ==
        Words{"web_search"});
  CHECK(tools_of(R"("tools":[{"googleSearch":{}},{"codeExecution":{}}])") ==
        Words{"google_search", "code_execution"});
  CHECK(tools_of(R"("tools":[{"type":"code_interpreter","container":{"type":"auto"}}])") ==
        Words{"code_interpreter"});
  CHECK(tools_of(R"("tools":[{"type":"function","function":{},"server_url":"x"}])") ==
        Words{"server_url"});
  CHECK(tools_of(R"("tools":null,"web_search_options":{})") == Words{"web_search"});
  CHECK(tools_of(R"("enable_search":true)") == Words{"web_search"});
  CHECK(tools_of(R"("enable_search":false)").empty());
  CHECK(tools_of(R"("mcp_servers":[{"url":"x"}])") == Words{"mcp"});
  CHECK(tools_of(R"("plugins":[{"id":"web"}])") == Words{"web_search"});
  CHECK(tools_of(R"("prompt":{"id":"p"})") == Words{"prompt"});
  CHECK(tools_of(R"("prompt":"a text")").empty());
  CHECK(tools_of(R"("cachedContent":"x")") == Words{"cached_content"});
  CHECK(read(R"({"model":"x/y:online"})").tools == Words{"web_search"});
  std::string many = R"({"model":"m","tools":[{"type":"t"})";
  for (std::size_t i = 0; i < bounds::kHostedToolsMax; ++i) {
    many += ",{\"type\":\"t" + std::string(i + 1, 'x') + "\"}";
  }
  CHECK_FALSE(read(many + "]}").is_readable);
}

TEST_CASE("F44 the length of a prompt is that of all texts, and of what stands for some") {
  CHECK(read(R"({"model":"abc","messages":[{"role":"user","content":"\u00e9\n12345"}]})")
            .prompt_bytes == 3 + 4 + 8);
  CHECK(read(R"({"model":"a","input":[[123,4567]]})").prompt_bytes == 1 + 7);
  CHECK(read(R"({"model":"a","stream":true})").prompt_bytes == 1);
}

TEST_CASE("how long an answer may be is what the request says, for all answers together") {
  const auto tokens = [](const std::string& members) {
    const auto asked = read(R"({"model":"m",)" + members + "}");
    CHECK(asked.is_readable);
    return asked.answer_tokens;
  };
  CHECK(tokens(R"("max_tokens":10)") == 10);
  CHECK(tokens(R"("max_tokens":10,"max_completion_tokens":20)") == 20);
  CHECK(tokens(R"("max_output_tokens":30,"n":1)") == 30);
  CHECK(tokens(R"("max_tokens":10,"n":3)") == 30);
  CHECK(tokens(R"("max_tokens":10,"best_of":4)") == 40);
  CHECK(tokens(R"("generationConfig":{"maxOutputTokens":7,"candidateCount":2})") == 14);
  CHECK(tokens(R"("max_tokens":null)") == bounds::kAnswerTokensAssumed);
  CHECK(tokens(R"("n":2)") == 2 * bounds::kAnswerTokensAssumed);
  CHECK(tokens(R"("max_tokens":99999999999,"n":1000)") == bounds::kBudgetTokensMax);
  for (const std::string_view value : {"-1", "1.5", "\"5\"", "true", "[1]"}) {
    INFO(value);
    const auto asked = read(R"({"model":"m","max_tokens":)" + std::string(value) + "}");
    // What is no number of tokens bounds nothing.
    CHECK(asked.answer_tokens == bounds::kAnswerTokensAssumed);
  }
}

TEST_CASE("a request is taken for its texts, and for the longest answer that it asks for") {
  CHECK(estimated_usage(read(R"({"model":"m","max_tokens":5,"input":"123456"})")) ==
        TokenUsage{.input = 3, .output = 5});
  const auto counting = read(R"({"model":"m","messages":[]})", "/v1/messages/count_tokens");
  CHECK(counting.counts_alone);
  CHECK(estimated_usage(counting) == TokenUsage());
  CHECK(estimated_usage(ModelRequest()) == TokenUsage());
  // Whoever asks without a body gets an answer, too.
  CHECK(estimated_usage(read("", "/v1beta/models/a:generateContent")) ==
        TokenUsage{.input = 0, .output = bounds::kAnswerTokensAssumed});
  CHECK(estimated_usage(read("", "/v1/models")) == TokenUsage());
}

}  // namespace keyswap::bindings
