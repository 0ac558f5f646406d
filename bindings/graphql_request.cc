// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql_request.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/body_json.h"
#include "bindings/bounds.h"
#include "bindings/digest.h"
#include "bindings/glob.h"
#include "bindings/percent_text.h"
#include "bindings/url_query.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Broken = std::optional<BrokenRule>;

constexpr std::string_view kQuery = "query";
constexpr std::string_view kVariables = "variables";
constexpr std::string_view kOperationName = "operationName";
constexpr std::string_view kExtensions = "extensions";
constexpr std::string_view kDocumentId = "documentId";
constexpr std::string_view kId = "id";
constexpr std::string_view kPersistedQuery = "persistedQuery";
constexpr std::string_view kHash = "sha256Hash";

// The members of a request that are understood.
constexpr std::array<std::string_view, 6> kMembers = {
    kQuery, kVariables, kOperationName, kExtensions, kDocumentId, kId};
// By other names servers are told which document is meant.
constexpr std::array<std::string_view, 9> kOtherIds = {"doc_id",
                                                       "queryId",
                                                       "query_id",
                                                       "hash",
                                                       "queryHash",
                                                       kHash,
                                                       kPersistedQuery,
                                                       "persistedQueryId",
                                                       "document"};

// One request, wherever it stood.
struct Asked {
  std::optional<std::string_view> query;  // the document
  std::string_view operation_name;
  std::vector<std::string> ids;  // of a document that the server has
};

BrokenRule broken(std::string_view key, base::Note why) {
  return {key.empty() ? "graphql" : "graphql " + std::string(key), why};
}

bool is_any(const std::vector<std::string>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return glob_matches(glob, text, Star::anything);
  });
}

// Whether the schema may be asked for is a rule of its own.
bool may_be_asked_for(const GraphqlRules& rules, GraphqlType type, std::string_view field) {
  return rules.fields.empty() || field == "__typename" || is_introspection(field) ||
         std::any_of(
             rules.fields.begin(), rules.fields.end(), [&](const GraphqlRules::Field& allowed) {
               return (!allowed.type || *allowed.type == type) &&
                      glob_matches(allowed.glob, field, Star::anything);
             });
}

Broken judge_operation(const GraphqlRules& rules, const GraphqlOperation& operation, bool is_get) {
  if (std::find(rules.operations.begin(), rules.operations.end(), operation.type) ==
      rules.operations.end()) {
    return broken("operations", "an operation of this type is not allowed");
  }
  if (is_get && operation.type == GraphqlType::mutation) {
    return broken("operations", "a mutation may not come by GET");
  }
  if (!rules.names.empty() && (operation.name.empty() || !is_any(rules.names, operation.name))) {
    return broken("names", "an operation has another name, or none");
  }
  if (operation.asks_for_schema && !rules.introspection) {
    return broken("introspection", "the schema may not be asked for");
  }
  for (const std::string_view field : operation.fields) {
    if (!may_be_asked_for(rules, operation.type, field)) {
      return broken("fields", "a field is asked for that is not listed");
    }
  }
  return rules.max_depth && operation.depth > *rules.max_depth
             ? Broken(broken("max_depth", "the fields lie too deep in each other"))
             : std::nullopt;
}

// All operations have to pass: which one a server takes is its own affair.
Broken judge_document(const GraphqlRules& rules, const Asked& asked, bool is_get) {
  const auto operations = read_graphql(*asked.query);
  if (!operations) {
    return broken("", operations.error().note);
  }
  const auto& name = asked.operation_name;
  if (name.empty() && operations->size() > 1) {
    return broken("", "there are several operations, and operationName names none");
  }
  if (!name.empty() && std::none_of(operations->begin(), operations->end(), [&](const auto& one) {
        return one.name == name;
      })) {
    return broken("", "operationName names no operation of the document");
  }
  for (const GraphqlOperation& operation : *operations) {
    if (auto found = judge_operation(rules, operation, is_get)) {
      return found;
    }
  }
  return std::nullopt;
}

// Is it the hash of this text, with or without "sha256:" before it?
bool is_hash_of(std::string_view id, std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  if (id.starts_with(kPrefix)) {
    id.remove_prefix(kPrefix.size());
  }
  return base::equal_ignoring_case(id, sha256_hex(text));
}

Broken judge_asked(const GraphqlRules& rules, const Asked& asked, bool is_get) {
  if (asked.query) {
    const bool is_its_own = std::all_of(asked.ids.begin(), asked.ids.end(), [&](const auto& id) {
      return is_hash_of(id, *asked.query);
    });
    return is_its_own ? judge_document(rules, asked, is_get)
                      : broken("persisted", "a hash or id is not that of the document beside it");
  }
  if (asked.ids.empty()) {
    return broken("", "there is no document");
  }
  const bool is_listed = std::all_of(asked.ids.begin(), asked.ids.end(), [&](const auto& id) {
    return std::find(rules.persisted.begin(), rules.persisted.end(), id) != rules.persisted.end();
  });
  return is_listed ? std::nullopt
                   : Broken(broken("persisted", "a document comes by its hash or id alone"));
}

bool is_null(const JsonValue& value) {
  return value.kind == JsonValue::Kind::null;
}

// `extensions`, an object: Apollo's persisted queries.
Broken read_extensions(const JsonValue& extensions, Asked& asked) {
  const auto persisted = find_member(extensions, kPersistedQuery);
  if (!persisted) {
    return broken("", persisted.error().note);
  }
  if (*persisted == nullptr) {
    return std::nullopt;
  }
  const auto hash = find_member(**persisted, kHash);
  if (!hash || *hash == nullptr || (*hash)->kind != JsonValue::Kind::string) {
    return broken("persisted", "extensions.persistedQuery is not written as it should be");
  }
  asked.ids.emplace_back((*hash)->text);
  return std::nullopt;
}

// A member of a request that is not null.
Broken read_member(std::string_view name, const JsonValue& value, Asked& asked) {
  const bool is_text = value.kind == JsonValue::Kind::string;
  const bool is_object = value.kind == JsonValue::Kind::object;
  if (name == kVariables || name == kExtensions ? !is_object : !is_text) {
    return broken("", "a member of the request has another type than it should");
  }
  if (name == kQuery) {
    asked.query = value.text;
  } else if (name == kOperationName) {
    asked.operation_name = value.text;
  } else if (name == kDocumentId || name == kId) {
    asked.ids.emplace_back(value.text);
  } else if (name == kExtensions) {
    return read_extensions(value, asked);
  }
  return std::nullopt;
}

Broken judge_object(const GraphqlRules& rules, const JsonValue& object) {
  if (object.kind != JsonValue::Kind::object) {
    return broken("", "the body is no request of GraphQL");
  }
  Asked asked;
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    if (std::find(kMembers.begin(), kMembers.end(), object.names[i]) == kMembers.end()) {
      return broken("", "the request has a member that servers read in more than one way");
    }
    if (is_null(object.items[i])) {
      continue;
    }
    if (auto found = read_member(object.names[i], object.items[i], asked)) {
      return found;
    }
  }
  return judge_asked(rules, asked, false);
}

Broken judge_json(const GraphqlRules& rules, const JsonValue& json) {
  if (json.kind != JsonValue::Kind::array) {
    return judge_object(rules, json);
  }
  if (json.items.empty() || json.items.size() > bounds::kGraphqlBatchMax) {
    return broken("", "a batch has nothing in it, or too much");
  }
  for (const JsonValue& one : json.items) {
    if (auto found = judge_object(rules, one)) {
      return found;
    }
  }
  return std::nullopt;
}

// --- in the query of the URL ---

// Could a server take it for a part of a request of GraphQL, in any spelling?
bool concerns_graphql(std::string_view name) {
  const auto is_it = [name](std::string_view known) {
    return may_mean(name, known);
  };
  return std::any_of(kMembers.begin(), kMembers.end(), is_it) ||
         std::any_of(kOtherIds.begin(), kOtherIds.end(), is_it);
}

// Some servers part parameters at ';', and some decode a name twice.
bool is_target_clear(std::string_view target, const std::vector<UrlParameter>& parameters) {
  const auto mark = std::min(target.find('?'), target.size());
  return target.find(';', mark) == std::string_view::npos &&
         std::none_of(parameters.begin(), parameters.end(), [](const UrlParameter& one) {
           return has_percent(one.name);
         });
}

// Of a known name, and the first of it.
Broken read_parameter(const UrlParameter& one, Asked& asked) {
  if (has_percent(one.value) && one.name != kVariables) {
    return broken("", "the URL's query is read in more than one way");  // decoded once more
  }
  if (one.name == kQuery) {
    asked.query = one.value;
  } else if (one.name == kOperationName) {
    asked.operation_name = one.value;
  } else if (one.name == kDocumentId || one.name == kId) {
    asked.ids.emplace_back(one.value);
  } else if (one.name == kExtensions) {
    const auto read = read_body_json("application/json", one.value);
    return read ? read_extensions(*read, asked) : broken("", read.error().note);
  }
  return std::nullopt;
}

Broken judge_get(const GraphqlRules& rules,
                 const JudgedBody& request,
                 const std::vector<UrlParameter>& parameters) {
  if (!request.body.empty()) {
    return broken("", "a GET has a body");
  }
  Asked asked;
  std::vector<std::string_view> seen;
  for (const UrlParameter& one : parameters) {
    if (!concerns_graphql(one.name)) {
      continue;
    }
    if (std::find(kMembers.begin(), kMembers.end(), one.name) == kMembers.end() ||
        std::find(seen.begin(), seen.end(), one.name) != seen.end()) {
      return broken("", "a parameter of the URL is there twice, or read in more than one way");
    }
    seen.emplace_back(one.name);
    if (auto found = read_parameter(one, asked)) {
      return found;
    }
  }
  return judge_asked(rules, asked, true);
}

}  // namespace

std::optional<BrokenRule> find_broken_graphql(const GraphqlRules& rules,
                                              const JudgedBody& request,
                                              const JsonValue* json) {
  const auto parameters = read_url_query(request.target, "&");
  if (!is_target_clear(request.target, parameters)) {
    return broken("", "the URL's query is read in more than one way");
  }
  if (request.method == "GET" || request.method == "HEAD") {
    return judge_get(rules, request, parameters);
  }
  if (std::any_of(parameters.begin(), parameters.end(), [](const UrlParameter& one) {
        return concerns_graphql(one.name);
      })) {
    return broken("", "the URL names a part of a request of GraphQL beside the body");
  }
  if (json != nullptr) {
    return judge_json(rules, *json);
  }
  const auto type = read_body_type(request.fields);
  if (!type) {
    return broken("", type.error().note);
  }
  if (*type == "application/graphql") {
    return judge_asked(rules, Asked{request.body, {}, {}}, false);
  }
  const auto read = read_body_json(*type, request.body);
  return read ? judge_json(rules, *read) : Broken(broken("", read.error().note));
}

}  // namespace keyswap::bindings
