// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/graphql_tokens.h"

namespace keyswap::bindings {

namespace {

using Kind = GraphqlToken::Kind;

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kTypes = {"query", "mutation", "subscription"};

base::Error no_good(base::Note why) {
  return {base::Errc::invalid_input, why};
}

// Where a fragment is spread: in so many fields.
struct Spread {
  std::string_view fragment;
  std::size_t level = 0;
};

// What one definition selects itself.
struct Selected {
  std::vector<std::string_view> fields;  // of the outermost set
  std::vector<Spread> spreads;
  std::size_t depth = 0;
};

struct Operation {
  GraphqlType type = GraphqlType::query;
  std::string_view name;
  Selected selected;
};

struct Document {
  std::vector<Operation> operations;
  std::map<std::string_view, Selected> fragments;
  bool asks_for_schema = false;
};

// May a variable stand in it?
enum class Values : std::uint8_t { any, constant };

// Each take_... takes what it names off the front of the tokens, or fails.
class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  base::Status parse(Document& document) {
    KS_TRY(advance());
    do {
      KS_TRY(take_definition(document));
      if (document.operations.size() + document.fragments.size() > bounds::kGraphqlDefinitionsMax) {
        return base::Error{base::Errc::limit_exceeded, "the document has too many definitions"};
      }
    } while (token_.kind != Kind::end);
    document.asks_for_schema = asks_for_schema_;
    return {};
  }

 private:
  base::Status advance() {
    const auto next = tokens_.next();
    if (!next) {
      return next.error();
    }
    token_ = *next;
    return {};
  }

  base::Status take(char punctuator) {
    return token_.is(punctuator) ? advance() : no_good("the document is not written as GraphQL is");
  }

  base::Status take_name(std::string_view& name) {
    if (token_.kind != Kind::name) {
      return no_good("a name is missing in the document");
    }
    name = token_.text;
    return advance();
  }

  base::Status take_any_name() {
    std::string_view name;
    return take_name(name);
  }

  base::Status take_definition(Document& document) {
    if (token_.is('{')) {
      return take_selection_set(0, document.operations.emplace_back().selected);
    }
    if (token_.is_name("fragment")) {
      return take_fragment(document);
    }
    const auto type =
        token_.kind == Kind::name ? std::ranges::find(kTypes, token_.text) : kTypes.end();
    if (type == kTypes.end()) {
      return no_good("the document defines something else than operations and fragments");
    }
    Operation& operation = document.operations.emplace_back();
    operation.type = static_cast<GraphqlType>(type - kTypes.begin());
    KS_TRY(advance());
    if (token_.kind == Kind::name) {
      KS_TRY(take_name(operation.name));
    }
    KS_TRY(token_.is('(') ? take_variables() : base::Status{});
    KS_TRY(take_directives(Values::any));
    return take_selection_set(0, operation.selected);
  }

  base::Status take_fragment(Document& document) {
    KS_TRY(advance());
    std::string_view name;
    if (token_.is_name("on")) {
      return no_good("no fragment is named `on`");
    }
    KS_TRY(take_name(name));
    if (!token_.is_name("on")) {
      return no_good("a fragment does not say what it is on");
    }
    KS_TRY(advance());
    KS_TRY(take_any_name());
    KS_TRY(take_directives(Values::any));
    const auto [at, is_new] = document.fragments.try_emplace(name);
    return is_new ? take_selection_set(0, at->second) : no_good("a fragment is there twice");
  }

  base::Status take_variables() {
    KS_TRY(advance());
    do {
      KS_TRY(take('$'));
      KS_TRY(take_any_name());
      KS_TRY(take(':'));
      KS_TRY(take_type(0));
      if (token_.is('=')) {
        KS_TRY(advance());
        KS_TRY(take_value(Values::constant, 0));
      }
      KS_TRY(take_directives(Values::constant));
    } while (!token_.is(')'));
    return advance();
  }

  base::Status take_type(std::size_t level) {
    KS_TRY(check(level));
    if (token_.is('[')) {
      KS_TRY(advance());
      KS_TRY(take_type(level + 1));
      KS_TRY(take(']'));
    } else {
      KS_TRY(take_any_name());
    }
    return token_.is('!') ? advance() : base::Status{};
  }

  base::Status take_directives(Values values) {
    while (token_.is('@')) {
      KS_TRY(advance());
      KS_TRY(take_any_name());
      KS_TRY(take_arguments(values));
    }
    return {};
  }

  base::Status take_arguments(Values values) {
    if (!token_.is('(')) {
      return {};
    }
    KS_TRY(advance());
    do {
      KS_TRY(take_any_name());
      KS_TRY(take(':'));
      KS_TRY(take_value(values, 0));
    } while (!token_.is(')'));
    return advance();
  }

  base::Status take_value(Values values, std::size_t level) {
    KS_TRY(check(level));
    if (token_.is('$')) {
      if (values == Values::constant) {
        return no_good("a variable stands where none may");
      }
      KS_TRY(advance());
      return take_any_name();
    }
    if (token_.is('[')) {
      KS_TRY(advance());
      while (!token_.is(']')) {
        KS_TRY(take_value(values, level + 1));
      }
      return advance();
    }
    if (token_.is('{')) {
      KS_TRY(advance());
      while (!token_.is('}')) {
        KS_TRY(take_any_name());
        KS_TRY(take(':'));
        KS_TRY(take_value(values, level + 1));
      }
      return advance();
    }
    const bool is_scalar =
        token_.kind == Kind::name || token_.kind == Kind::number || token_.kind == Kind::string;
    return is_scalar ? advance() : no_good("a value is missing in the document");
  }

  // `level`: in so many fields. It counts how often sets lie in each other, too.
  base::Status take_selection_set(std::size_t level, Selected& selected) {
    KS_TRY(check(++open_sets_));
    KS_TRY(take('{'));
    do {
      KS_TRY(token_.is_spread() ? take_spread(level, selected) : take_field(level, selected));
    } while (!token_.is('}'));
    --open_sets_;
    return advance();
  }

  base::Status take_field(std::size_t level, Selected& selected) {
    std::string_view name;
    KS_TRY(take_name(name));
    if (token_.is(':')) {
      KS_TRY(advance());
      KS_TRY(take_name(name));  // the first one was its alias
    }
    asks_for_schema_ = asks_for_schema_ || is_introspection(name);
    if (level == 0) {
      selected.fields.push_back(name);
    }
    selected.depth = std::max(selected.depth, level + 1);
    KS_TRY(take_arguments(Values::any));
    KS_TRY(take_directives(Values::any));
    return token_.is('{') ? take_selection_set(level + 1, selected) : base::Status{};
  }

  base::Status take_spread(std::size_t level, Selected& selected) {
    KS_TRY(advance());
    if (token_.kind == Kind::name && !token_.is_name("on")) {
      selected.spreads.push_back({token_.text, level});
      KS_TRY(advance());
      return take_directives(Values::any);
    }
    if (token_.is_name("on")) {
      KS_TRY(advance());
      KS_TRY(take_any_name());
    }
    KS_TRY(take_directives(Values::any));
    return take_selection_set(level, selected);
  }

  static base::Status check(std::size_t level) {
    return level <= bounds::kGraphqlDepthMax
               ? base::Status{}
               : base::Error{base::Errc::limit_exceeded, "the document is nested too deeply"};
  }

  GraphqlTokens tokens_;
  GraphqlToken token_;
  std::size_t open_sets_ = 0;
  bool asks_for_schema_ = false;
};

// How deep each fragment is with all that it spreads.
class Depths {
 public:
  explicit Depths(const Document& document) : document_(document) {}

  // Of what is selected, with its fragments.
  base::Result<std::size_t> of(const Selected& selected) {
    std::size_t depth = selected.depth;
    for (const Spread& spread : selected.spreads) {
      const auto inner = of_fragment(spread.fragment);
      if (!inner) {
        return inner;
      }
      depth = std::max(depth, spread.level + *inner);
    }
    return depth;
  }

  base::Result<std::size_t> of_fragment(std::string_view name) {
    const auto fragment = document_.fragments.find(name);
    if (fragment == document_.fragments.end()) {
      return no_good("a fragment is spread that is not there");
    }
    const auto [known, is_new] = known_.try_emplace(name);
    if (!is_new) {
      // Not known yet, and asked for again: it leads to itself.
      return known->second ? base::Result<std::size_t>(*known->second)
                           : no_good("a fragment leads to itself");
    }
    const auto depth = of(fragment->second);
    if (depth) {
      known_[name] = *depth;
    }
    return depth;
  }

 private:
  const Document& document_;
  std::map<std::string_view, std::optional<std::size_t>> known_;
};

// All fields of the outermost set. Every fragment is there, and none leads to itself. `steps`: of
// all operations together, since each goes through the fragments anew (I10).
base::Status add_fields(const Document& document,
                        const Selected& selected,
                        std::size_t& steps,
                        GraphqlOperation& operation) {
  std::vector<const Selected*> waiting = {&selected};
  std::map<std::string_view, bool> seen;
  while (!waiting.empty()) {
    const Selected& now = *waiting.back();
    waiting.pop_back();
    steps += 1 + now.fields.size() + now.spreads.size();
    if (steps > bounds::kGraphqlTokensMax) {
      return base::Error{base::Errc::limit_exceeded, "the operations share too many fragments"};
    }
    operation.fields.insert(operation.fields.end(), now.fields.begin(), now.fields.end());
    for (const Spread& spread : now.spreads) {
      if (spread.level == 0 && seen.try_emplace(spread.fragment, true).second) {
        waiting.push_back(&document.fragments.at(spread.fragment));
      }
    }
  }
  auto& fields = operation.fields;
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  return {};
}

// Servers may take either of two operations with one name, or any where one has none.
base::Status check_names(const std::vector<Operation>& operations) {
  std::vector<std::string_view> names;
  for (const Operation& operation : operations) {
    names.push_back(operation.name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return no_good("two operations have the same name, or none");
  }
  return names.size() > 1 && names.front().empty()
             ? no_good("an operation without a name stands beside others")
             : base::Status{};
}

}  // namespace

bool is_introspection(std::string_view field) {
  return field == "__schema" || field == "__type";
}

std::string_view to_string(GraphqlType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

base::Result<std::vector<GraphqlOperation>> read_graphql(std::string_view text) {
  Document document;
  KS_TRY(Parser(text).parse(document));
  if (document.operations.empty()) {
    return no_good("the document has no operation");
  }
  KS_TRY(check_names(document.operations));
  Depths depths(document);
  for (const auto& fragment : document.fragments) {
    KS_TRY(depths.of_fragment(fragment.first));  // those that nothing spreads, too
  }
  std::size_t steps = 0;
  std::vector<GraphqlOperation> operations;
  for (const Operation& operation : document.operations) {
    const auto depth = depths.of(operation.selected);
    if (!depth) {
      return depth.error();
    }
    operations.push_back({operation.type, operation.name, {}, *depth, document.asks_for_schema});
    KS_TRY(add_fields(document, operation.selected, steps, operations.back()));
  }
  return operations;
}

}  // namespace keyswap::bindings
