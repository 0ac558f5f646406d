// SPDX-License-Identifier: Apache-2.0
//
// Executable GraphQL documents (spec of October 2021, section 2), read so strictly that no server
// can find another operation in one: what each operation is, and what it asks for at its top.
// Nothing is checked against a schema; what a document says of types is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::bindings {

enum class GraphqlType : std::uint8_t { query, mutation, subscription };

// "query", as documents and rules write it.
std::string_view to_string(GraphqlType type);

struct GraphqlOperation {
  GraphqlType type = GraphqlType::query;
  std::string_view name;  // "" none
  // The fields of its outermost selection set, also those that fragments bring there: their names,
  // not their aliases, each once, sorted.
  std::vector<std::string_view> fields;
  // So many fields lie in each other, also through fragments. 1: only those of the outermost set.
  std::size_t depth = 0;
  // Somewhere in the document is a field of introspection, also below one by which an answer leads
  // back to the root, and in what this operation does not reach.
  bool asks_for_schema = false;
};

// `__schema` or `__type`.
bool is_introspection(std::string_view field);

// The operations of a document, in its order; names are views of `text`. Directives that skip a
// field are not looked at: what they may skip is there.
//
// invalid_input for what is no executable document (UTF-8 without a byte order mark), has an
// operation or a fragment twice, one without a name beside others, a fragment that is not there or
// leads to itself, or a comment that servers end at different places. limit_exceeded past the
// bounds::kGraphql... of a document, also by what its operations share through fragments.
base::Result<std::vector<GraphqlOperation>> read_graphql(std::string_view text);

}  // namespace keyswap::bindings
