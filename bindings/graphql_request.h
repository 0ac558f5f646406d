// SPDX-License-Identifier: Apache-2.0
//
// Requests of GraphQL over HTTP, held to the rules of a binding (`graphql:`): a body of JSON, one
// request or a batch, a body that is a document (application/graphql), or a GET with all of it in
// its query. Uploads (multipart) and forms are refused: they are put together from parts.
#pragma once

#include <optional>

#include "bindings/body_rules.h"

namespace keyswap::bindings {

// As find_broken(), of the rules of `graphql:` alone. `json`: the body, where it is JSON that is
// read in one way; else nullptr.
std::optional<BrokenRule> find_broken_graphql(const GraphqlRules& rules,
                                              const JudgedBody& request,
                                              const JsonValue* json);

}  // namespace keyswap::bindings
