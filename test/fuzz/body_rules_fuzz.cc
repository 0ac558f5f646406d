// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a GraphQL document, and as a body under rules: it is read or refused, a document has
// operations with fields that stand in it, and who may only read never gets a mutation through.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bindings/body_rules.h"
#include "bindings/bounds.h"
#include "proxy/base/assert.h"

namespace {

using keyswap::bindings::BodyRules;
using keyswap::bindings::GraphqlType;

bool is_within(std::string_view part, std::string_view text) {
  return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
}

void read_document(std::string_view text) {
  const auto operations = keyswap::bindings::read_graphql(text);
  if (!operations) {
    return;
  }
  KS_ASSERT(!operations->empty());
  bool has_only_queries = true;
  for (const auto& one : *operations) {
    KS_ASSERT(!one.fields.empty() && one.depth > 0);
    for (const auto field : one.fields) {
      KS_ASSERT(is_within(field, text));
    }
    has_only_queries = has_only_queries && one.type == GraphqlType::query;
  }
  BodyRules rules;
  rules.graphql.emplace().introspection = true;
  keyswap::http::HeaderList fields;
  fields.add("Content-Type", "application/graphql");
  const auto broken = keyswap::bindings::find_broken(rules, {"POST", "/graphql", fields, text});
  KS_ASSERT(broken.has_value() || has_only_queries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_document(text);
  BodyRules rules;
  rules.graphql.emplace();
  auto& condition = rules.json.emplace_back();
  condition.where = "/variables/*";
  condition.pointer = {"variables", "*"};
  condition.kind = keyswap::bindings::JsonCondition::Kind::matches;
  condition.globs = {"a*b", "**"};
  keyswap::http::HeaderList fields;
  fields.add("Content-Type", "application/json");
  static_cast<void>(keyswap::bindings::find_broken(rules, {"POST", "/graphql", fields, text}));
  const std::string target = "/graphql?" + std::string(text);
  static_cast<void>(keyswap::bindings::find_broken(rules, {"GET", target, fields, ""}));
  return 0;
}
