// SPDX-License-Identifier: Apache-2.0
//
// What a binding says of request bodies, for hosts where one path serves everything: `json:`,
// conditions on values, and `graphql:`, which operations may be sent. Pure. A body passes only if
// every server finds in it what was judged: what can be read in two ways is refused. It is judged
// whole and as its client sent it, with placeholders in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/body_place.h"
#include "bindings/exact_number.h"
#include "bindings/graphql.h"
#include "bindings/json.h"
#include "proxy/base/error.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

// A value that a rule names: a string, a number, true, false or null.
struct JsonScalar {
  JsonValue::Kind kind = JsonValue::Kind::string;
  std::string text;                   // as JsonValue has it
  std::optional<ExactNumber> number;  // of a number
};

// One entry of `json:`.
struct JsonCondition {
  enum class Kind : std::uint8_t { equals, in, range, matches, absent, present };

  Kind kind = Kind::present;
  std::string where;               // the pointer as it is written
  JsonPointer pointer;             // the step "*": each item of an array, each member of an object
  std::vector<JsonScalar> values;  // of equals (one) and in
  std::optional<JsonScalar> min;   // of range; both are numbers
  std::optional<JsonScalar> max;
  std::vector<std::string> globs;  // of matches: one of them has to
  bool is_optional = false;        // where the value is not there, nothing is asked of it
};

// `graphql:`.
struct GraphqlRules {
  struct Field {
    std::optional<GraphqlType> type;  // of the operation; nothing: any
    std::string glob;
  };

  std::vector<GraphqlType> operations = {GraphqlType::query};
  std::vector<Field> fields;           // outermost ones; empty: any
  std::vector<std::string> names;      // globs of operations' names; empty: any, and none
  std::vector<std::string> persisted;  // hashes or ids of documents that may come without text
  std::optional<std::size_t> max_depth;
  bool introspection = false;
};

struct BodyRules {
  std::optional<GraphqlRules> graphql;
  std::vector<JsonCondition> json;  // all have to hold
};

// What is judged.
struct JudgedBody {
  std::string_view method;
  std::string_view target;  // origin form
  const http::HeaderList& fields;
  std::string_view body;  // all of it; "" none
};

// A rule that does not let a body through: "json /model, in", and why. No byte of the body is in
// it.
struct BrokenRule {
  std::string rule;
  base::Note why;
};

// The first that is broken; nothing: the request may go on.
std::optional<BrokenRule> find_broken(const BodyRules& rules, const JudgedBody& request);

// The rules in people's words, each one: `/model is one of "a", "b"`.
std::vector<std::string> describe(const BodyRules& rules);
// The word of a kind, as it stands in bindings.yaml: "in".
std::string_view to_string(JsonCondition::Kind kind);

}  // namespace keyswap::bindings
