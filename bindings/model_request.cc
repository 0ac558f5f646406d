// SPDX-License-Identifier: Apache-2.0
#include "bindings/model_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "bindings/body_json.h"
#include "bindings/body_text.h"
#include "bindings/bounds.h"
#include "bindings/json_walk.h"
#include "bindings/model_rules.h"
#include "bindings/url_query.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Kind = JsonWalk::Kind;

// Three bytes a token: English has four and a half, code and other languages have fewer.
constexpr std::uint64_t kBytesPerToken = 3;

// Names that may stand in an entry of `tools` that the client runs itself. An entry with any other
// says what the provider is to run.
constexpr std::array<std::string_view, 18> kClientToolKeys = {"type",
                                                              "name",
                                                              "title",
                                                              "description",
                                                              "input_schema",
                                                              "output_schema",
                                                              "parameters",
                                                              "strict",
                                                              "function",
                                                              "custom",
                                                              "format",
                                                              "cache_control",
                                                              "functiondeclarations",
                                                              "function_declarations",
                                                              "defer_loading",
                                                              "input_examples",
                                                              "allowed_callers",
                                                              "eager_input_streaming"};
constexpr std::array<std::string_view, 2> kClientToolTypes = {"function", "custom"};

// Members of the body that bring tools of the provider, or tools that the body does not show.
struct Bringer {
  std::string_view member;  // lower case
  std::string_view tool;
};

constexpr std::array kBringers = {Bringer{"web_search_options", "web_search"},
                                  Bringer{"search_parameters", "web_search"},
                                  Bringer{"enable_search", "web_search"},
                                  Bringer{"connectors", "connectors"},
                                  Bringer{"mcp_servers", "mcp"},
                                  Bringer{"assistant_id", "assistant"},
                                  Bringer{"cachedcontent", "cached_content"},
                                  Bringer{"cached_content", "cached_content"}};

// Members that let models answer that are named in ways of some gateway's own.
constexpr std::array<std::string_view, 3> kOtherModels = {
    "fallbacks", "fallback_models", "model_list"};

constexpr std::array<std::string_view, 3> kAnswerBounds = {
    "max_tokens", "max_completion_tokens", "max_output_tokens"};
constexpr std::array<std::string_view, 2> kAnswerCounts = {"n", "best_of"};
constexpr std::array<std::string_view, 2> kGeminiSettings = {"generationconfig",
                                                             "generation_config"};
constexpr std::array<std::string_view, 2> kGeminiBounds = {"maxoutputtokens", "max_output_tokens"};
constexpr std::array<std::string_view, 2> kGeminiCounts = {"candidatecount", "candidate_count"};

template <typename List>
bool is_one_of(std::string_view word, const List& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<std::int64_t> tokens_of(Kind kind, std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return kind == Kind::number && is_whole && number >= 0
             ? std::optional(std::min(number, bounds::kBudgetTokensMax))
             : std::nullopt;
}

bool is_plain_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Reads the body. Names are compared without regard to case, as some servers do.
class BodyReader final : public JsonWalk::Visitor {
 public:
  explicit BodyReader(ModelRequest& asked) : asked_(&asked) {}

  [[nodiscard]] bool is_ambiguous() const { return is_ambiguous_; }

  // How many answers it asks for.
  [[nodiscard]] std::int64_t count() const { return std::max<std::int64_t>(count_, 1); }

  void on_scalar(const JsonWalk& walk,
                 Kind kind,
                 std::string_view text,
                 std::size_t bytes) override {
    demand(walk.depth() > 0);
    see_member(walk, kind, text);
    if (kind == Kind::string || kind == Kind::number) {
      asked_->prompt_bytes += bytes;  // a prompt may be numbers, of tokens
    }
    if (is_at(walk, 1) && member(walk, 0) == "model") {
      take_model(kind, text, bytes);
    } else if (is_at(walk, 2) && member(walk, 0) == "models") {
      take_model(kind, text, bytes);
    } else if (is_at(walk, 3) && member(walk, 0) == "tools" && member(walk, 2) == "model") {
      take_model(kind, text, bytes);
    } else if (is_at(walk, 3) && member(walk, 0) == "plugins" && member(walk, 2) == "id") {
      add_tool(text == "web" ? "web_search" : text);
    } else if (is_at(walk, 3) && member(walk, 0) == "tools" && member(walk, 2) == "type") {
      demand(kind == Kind::string && tool_type_.empty());
      tool_type_ = text;
    } else {
      take_bound(walk, kind, text);
    }
  }

  void on_begin(const JsonWalk& walk, Kind kind) override {
    demand(walk.depth() > 0 || kind == Kind::object);
    see_member(walk, kind, {});
    if (is_at(walk, 2) && member(walk, 0) == "tools") {
      tool_keys_.clear();
      tool_type_.clear();
    }
    if (is_at(walk, 1)) {
      demand(member(walk, 0) != "model" && (kind == Kind::array || member(walk, 0) != "models"));
    }
    // What is looked at in an entry of a list is no list itself.
    if (is_at(walk, 3) && is_one_of(member(walk, 0), kLists)) {
      demand(!is_one_of(member(walk, 2), kOfEntries));
    }
  }

  void on_end(const JsonWalk& walk, Kind kind) override {
    if (!is_at(walk, 2) || member(walk, 0) != "tools" || kind != Kind::object) {
      return;
    }
    if (!tool_type_.empty() && !is_one_of(tool_type_, kClientToolTypes)) {
      add_tool(tool_type_);
      return;
    }
    for (const std::string& key : tool_keys_) {
      if (!is_one_of(base::to_lower(key), kClientToolKeys)) {
        add_tool(key);
      }
    }
  }

 private:
  static constexpr std::size_t kMembersMax = 256;

  static bool is_at(const JsonWalk& walk, std::size_t depth) { return walk.depth() == depth; }

  static std::string member(const JsonWalk& walk, std::size_t level) {
    return base::to_lower(walk.name(level));
  }

  void demand(bool is_clear) { is_ambiguous_ = is_ambiguous_ || !is_clear; }

  // A member that begins: of the body itself, or of one of its tools.
  void see_member(const JsonWalk& walk, Kind kind, std::string_view text) {
    if (is_at(walk, 1)) {
      see_own_member(member(walk, 0), kind, text);
    } else if (is_at(walk, 2) && is_one_of(member(walk, 0), kLists)) {
      const Kind wanted = member(walk, 0) == "models" ? Kind::string : Kind::object;
      demand(!walk.is_in_object(1) && kind == wanted);
    } else if (is_at(walk, 3) && member(walk, 0) == "tools") {
      // Of what is not ASCII some server makes a letter.
      demand(tool_keys_.size() < kMembersMax && is_plain_text(walk.name(2)));
      if (!is_ambiguous_) {
        tool_keys_.push_back(walk.name(2));
      }
    }
  }

  void see_own_member(std::string name, Kind kind, std::string_view text) {
    demand(is_plain_text(name) && !is_one_of(name, seen_) && seen_.size() < kMembersMax);
    const bool is_off = kind == Kind::null || (kind == Kind::boolean && text == "false");
    demand(is_off || !is_one_of(name, kOtherModels));
    demand(kind == Kind::null || kind == Kind::array || !is_one_of(name, kLists));
    for (const Bringer& bringer : kBringers) {
      if (!is_off && name == bringer.member) {
        add_tool(bringer.tool);
      }
    }
    // A prompt that the provider keeps may have tools of its own.
    if (kind == Kind::object && name == "prompt") {
      add_tool("prompt");
    }
    if (!is_ambiguous_) {
      seen_.push_back(std::move(name));
    }
  }

  void take_model(Kind kind, std::string_view text, std::size_t bytes) {
    constexpr std::string_view kOfGemini = "models/";
    text.remove_prefix(text.starts_with(kOfGemini) ? kOfGemini.size() : 0);
    demand(kind == Kind::string && !text.empty() && bytes <= bounds::kWalkTextBytesMax &&
           is_plain_text(text) && asked_->models.size() < bounds::kModelsMax);
    if (is_ambiguous_) {
      return;
    }
    asked_->models.emplace_back(text);
    if (text.ends_with(":online")) {
      add_tool("web_search");
    }
  }

  void take_bound(const JsonWalk& walk, Kind kind, std::string_view text) {
    const bool is_top = is_at(walk, 1);
    const bool is_setting = is_at(walk, 2) && is_one_of(member(walk, 0), kGeminiSettings);
    if ((!is_top && !is_setting) || kind == Kind::null) {
      return;
    }
    const std::string name = member(walk, walk.depth() - 1);
    const bool is_bound = is_top ? is_one_of(name, kAnswerBounds) : is_one_of(name, kGeminiBounds);
    const bool is_count = is_top ? is_one_of(name, kAnswerCounts) : is_one_of(name, kGeminiCounts);
    if (!is_bound && !is_count) {
      return;
    }
    const auto number = tokens_of(kind, text);
    demand(number.has_value());
    if (is_bound && number) {
      asked_->answer_tokens = std::max(asked_->answer_tokens, *number);
      asked_->has_answer_tokens = true;
    } else if (is_count) {
      count_ = std::max(count_, number.value_or(0));
    }
  }

  void add_tool(std::string_view named) {
    auto name = hosted_tool_name(named);
    if (is_one_of(name, asked_->tools)) {
      return;
    }
    demand(asked_->tools.size() < bounds::kHostedToolsMax);
    if (!is_ambiguous_) {
      asked_->tools.push_back(std::move(name));
    }
  }

  static constexpr std::array<std::string_view, 3> kLists = {"models", "tools", "plugins"};
  static constexpr std::array<std::string_view, 3> kOfEntries = {"type", "model", "id"};

  ModelRequest* asked_;
  bool is_ambiguous_ = false;
  std::int64_t count_ = 0;
  std::vector<std::string> seen_;       // members of the body, in lower case
  std::vector<std::string> tool_keys_;  // members of the tool that is read
  std::string tool_type_;
};

// "/v1beta/models/NAME:generateContent", "/openai/deployments/NAME/chat/completions",
// "/model/NAME/converse"; "": none. `lower`: the same path in lower case, as some servers route it.
// With a body, "/models/NAME/anything" asks one, too.
std::string_view model_of_path(std::string_view path, std::string_view lower, bool has_body) {
  constexpr std::array<std::string_view, 2> kFolders = {"/deployments/", "/model/"};
  constexpr std::string_view kModels = "/models/";
  for (const std::string_view folder : kFolders) {
    if (const auto at = lower.rfind(folder); at != std::string_view::npos) {
      const auto name = path.substr(at + folder.size());
      return name.substr(0, name.find('/'));
    }
  }
  const auto at = lower.rfind(kModels);
  if (at == std::string_view::npos) {
    return {};
  }
  const auto name = path.substr(at + kModels.size());
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos) {
    return name.substr(0, colon);
  }
  return has_body ? name.substr(0, name.find('/')) : std::string_view();
}

// Read in more than one way a path might name another one. `path`: in lower case.
bool is_plain_path(std::string_view path) {
  const auto count_of = [&](std::string_view part) {
    std::size_t count = 0;
    for (auto at = path.find(part); at != std::string_view::npos; at = path.find(part, at + 1)) {
      ++count;
    }
    return count;
  };
  return path.find_first_of("%;\\") == std::string_view::npos && count_of("//") == 0 &&
         count_of("/.") == 0 &&
         count_of("/deployments/") + count_of("/model/") + count_of("/models/") <= 1;
}

// "model=NAME", where some take it from, in any spelling that a server takes for it.
void read_query(std::string_view target, ModelRequest& asked) {
  const std::string_view raw = target.substr(std::min(target.find('?'), target.size()));
  for (const UrlParameter& one : read_url_query(target, "&;")) {
    if (may_mean(one.name, "model")) {
      asked.is_of_path = true;
      asked.models.push_back(one.value);
      // Whoever parts it elsewhere, or decodes otherwise, reads another one.
      asked.is_readable = asked.is_readable && base::to_lower(one.name) == "model" &&
                          raw.find_first_of("%+;") == std::string_view::npos;
    }
  }
}

void read_target(std::string_view target, bool has_body, ModelRequest& asked) {
  target = target.substr(0, target.find('#'));
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string lower = base::to_lower(path);
  asked.is_readable = is_plain_path(lower);
  asked.counts_alone =
      asked.is_readable && (path.ends_with("/count_tokens") || path.ends_with(":countTokens"));
  if (const auto model = model_of_path(path, lower, has_body); !model.empty()) {
    asked.is_of_path = true;
    asked.models.emplace_back(model);
  }
  read_query(target, asked);
}

// Is the body plain text of JSON, whoever reads its head?
bool says_json(const http::HeaderList& fields) {
  const auto type = read_body_type(fields);
  return type && body_text_of(*type) == BodyText::json;
}

bool is_coded(const http::HeaderList& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return base::equal_ignoring_case(field.name, "content-encoding") &&
           !base::equal_ignoring_case(field.value, "identity");
  });
}

}  // namespace

ModelRequest read_model_request(const http::HeaderList& fields,
                                std::string_view target,
                                std::string_view body) {
  ModelRequest asked;
  read_target(target, !body.empty(), asked);
  asked.has_body = !body.empty();
  if (body.empty()) {
    asked.answer_tokens = asked.is_of_path ? bounds::kAnswerTokensAssumed : 0;
    return asked;
  }
  BodyReader reader(asked);
  JsonWalk walk(reader);
  const bool is_whole = walk.feed(body) && walk.end();
  asked.is_readable = asked.is_readable && says_json(fields) && !is_coded(fields) && is_whole &&
                      !reader.is_ambiguous();
  if (is_coded(fields)) {
    asked.prompt_bytes = std::numeric_limits<std::uint64_t>::max();  // who knows
  } else if (!asked.is_readable) {
    asked.prompt_bytes = std::max<std::uint64_t>(asked.prompt_bytes, body.size());
  }
  const std::int64_t each =
      asked.has_answer_tokens ? asked.answer_tokens : bounds::kAnswerTokensAssumed;
  asked.answer_tokens = each > bounds::kBudgetTokensMax / reader.count() ? bounds::kBudgetTokensMax
                                                                         : each * reader.count();
  return asked;
}

TokenUsage estimated_usage(const ModelRequest& asked) {
  TokenUsage usage;
  if (!asked.counts_alone && asked.asks_model()) {
    const std::uint64_t tokens =
        asked.prompt_bytes / kBytesPerToken + (asked.prompt_bytes % kBytesPerToken != 0 ? 1 : 0);
    usage.input = static_cast<std::int64_t>(
        std::min<std::uint64_t>(tokens, static_cast<std::uint64_t>(bounds::kBudgetTokensMax)));
    usage.output = asked.answer_tokens;
  }
  return usage;
}

}  // namespace keyswap::bindings
