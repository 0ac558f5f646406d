// SPDX-License-Identifier: Apache-2.0
//
// models, tools and max_prompt of an entry of `bindings:`.
#include <array>
#include <memory>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/model_rules.h"
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 3> kModelKeys = {"models", "tools", "max_prompt"};

std::vector<std::string> parse_models(const YamlNode& node, ConfigIssues& issues) {
  std::vector<std::string> models;
  const auto* const list = read_list(node, "models", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "models", issues);
    if (!text) {
      continue;
    }
    const auto star = text->find('*');
    if (*text == "*" || (star != std::string::npos && star + 1 != text->size())) {
      issues.error((*list)[i].place,
                   "a `*` may stand at the end of a model's name alone",
                   "as in gpt-4o*; leave `models` out if you mean any");
    } else if (text->size() > bounds::kWalkTextBytesMax || models.size() >= bounds::kModelsMax) {
      issues.error((*list)[i].place, "at most 1000 models, of at most 256 bytes each");
      return models;
    } else {
      models.push_back(*text);
    }
  }
  return models;
}

// An empty list means none.
std::vector<std::string> parse_tools(const YamlNode& node, ConfigIssues& issues) {
  std::vector<std::string> tools;
  if (node.kind == YamlNode::Kind::sequence && node.items.empty()) {
    return tools;
  }
  const auto* const list = read_list(node, "tools", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "tools", issues);
    if (!text) {
      continue;
    }
    if (hosted_tool_name(*text) != *text) {
      issues.error(
          (*list)[i].place,
          "tools are named without their version, in lower case",
          "as in web_search, for all of web_search_20250305, web_search_preview, webSearch");
    } else if (tools.size() >= bounds::kHostedToolsMax) {
      issues.error((*list)[i].place, "at most 64 tools");
      return tools;
    } else {
      tools.push_back(*text);
    }
  }
  return tools;
}

// What nobody could judge is an error: nobody would notice that it is not judged.
void check_use(Place place, const SecretRule& rule, const Scope& scope, ConfigIssues& issues) {
  constexpr std::string_view kWhat = "`models`, `tools` and `max_prompt` do not go with ";
  if (rule.signer() != nullptr) {
    issues.error(place,
                 std::string(kWhat) + "the scheme " + std::string(rule.injection().scheme()),
                 "requests that are signed are not judged by what they ask a model");
  }
  if (rule.has_place_in_body()) {
    issues.error(place, std::string(kWhat) + "a secret that has its place in bodies");
  }
  if (scope.websocket) {
    issues.error(place,
                 std::string(kWhat) + "`websocket: true`",
                 "messages of WebSockets are not held to them: give WebSockets an entry of their "
                 "own");
  }
}

}  // namespace

std::span<const std::string_view> model_keys() {
  return kModelKeys;
}

void parse_scope_models(const YamlSection& section,
                        const SecretRule& rule,
                        ParseContext& context,
                        Scope& scope) {
  const YamlNode* first = nullptr;
  for (const std::string_view key : kModelKeys) {
    first = first == nullptr ? section.find(key) : first;
  }
  if (first == nullptr) {
    return;
  }
  check_use(first->place, rule, scope, context.issues);
  auto rules = std::make_shared<ModelRules>();
  if (const auto* const node = section.find("models")) {
    rules->models = parse_models(*node, context.issues);
  }
  if (const auto* const node = section.find("tools")) {
    rules->tools = parse_tools(*node, context.issues);
  }
  if (const auto* const node = section.find("max_prompt")) {
    rules->max_prompt_bytes = read_size(*node, "max_prompt", context.issues);
  }
  scope.models = std::move(rules);
}

}  // namespace keyswap::bindings
