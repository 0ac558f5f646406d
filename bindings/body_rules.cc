// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "bindings/body_json.h"
#include "bindings/glob.h"
#include "bindings/graphql_request.h"
#include "bindings/url_query.h"
#include "proxy/base/assert.h"

namespace keyswap::bindings {

namespace {

using Kind = JsonCondition::Kind;
using Broken = std::optional<BrokenRule>;

constexpr std::string_view kAnyStep = "*";
constexpr std::string_view kAnything = "**";

BrokenRule broken(const JsonCondition& condition, base::Note why) {
  return {"json " + condition.where + ", " + std::string(to_string(condition.kind)), why};
}

// What a pointer leads to.
struct Found {
  std::vector<const JsonValue*> values;
  bool is_missing = false;  // somewhere on the way it is not there
};

// The number of an item, as RFC 6901 writes it: "0", "12".
std::optional<std::size_t> read_index(std::string_view step) {
  std::size_t index = 0;
  const auto* const end = step.data() + step.size();
  const auto read = std::from_chars(step.data(), end, index);
  const bool is_index =
      read.ec == std::errc{} && read.ptr == end && (step.size() == 1 || step.front() != '0');
  return is_index ? std::optional(index) : std::nullopt;
}

base::Error no_good(base::Note why) {
  return {base::Errc::invalid_input, why};
}

base::Result<const JsonValue*> step_into(const JsonValue& value, const std::string& step) {
  const auto index = read_index(step);
  if (value.kind == JsonValue::Kind::array) {
    if (!index) {
      return no_good("a list stands where the pointer has a name");
    }
    return *index < value.items.size() ? &value.items[*index] : nullptr;
  }
  const auto member = find_member(value, step);
  if (member && *member == nullptr && index) {
    return no_good("an object stands where the pointer has a number");
  }
  return member;
}

// One step further from `value`. What is there and of another kind is not missing: servers take one
// value for a list of one, and a list for what stands in it.
base::Status follow(const JsonValue& value, const std::string& step, Found& found) {
  if (value.kind == JsonValue::Kind::null) {
    found.is_missing = true;
    return {};
  }
  if (value.is_scalar()) {
    return no_good("a single value stands where the pointer leads on");
  }
  if (step == kAnyStep) {
    found.is_missing = found.is_missing || value.items.empty();
    for (const JsonValue& item : value.items) {
      found.values.push_back(&item);
    }
    return {};
  }
  const auto next = step_into(value, step);
  if (!next) {
    return next.error();
  }
  if (*next == nullptr) {
    found.is_missing = true;
  } else {
    found.values.push_back(*next);
  }
  return {};
}

base::Result<Found> find_values(const JsonValue* body, const JsonPointer& pointer) {
  Found found;
  if (body == nullptr) {
    found.is_missing = true;
    return found;
  }
  found.values.push_back(body);
  for (const std::string& step : pointer) {
    const auto from = std::exchange(found.values, {});
    for (const JsonValue* const value : from) {
      KS_TRY(follow(*value, step, found));
    }
  }
  return found;
}

bool is_equal(const JsonValue& value, const JsonScalar& wanted) {
  if (value.kind != wanted.kind) {
    return false;
  }
  if (value.kind != JsonValue::Kind::number) {
    return value.text == wanted.text;
  }
  const auto number = ExactNumber::parse(value.text);
  return number && wanted.number && number->compare(*wanted.number) == 0;
}

// Is a string just digits, and perhaps a point between them? Programs agree on nothing else:
// "0x10", "1e3" and "010" are all read in more than one way.
bool is_plain_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  return text.substr(is_negative ? 1 : 0).find_first_not_of("0123456789.") ==
         std::string_view::npos;
}

bool is_in_range(const JsonValue& value, const JsonCondition& condition) {
  const bool may_be_number = value.kind == JsonValue::Kind::number ||
                             (value.kind == JsonValue::Kind::string && is_plain_number(value.text));
  const auto number = may_be_number ? ExactNumber::parse(value.text) : std::nullopt;
  return number && (!condition.min || number->compare(*condition.min->number) >= 0) &&
         (!condition.max || number->compare(*condition.max->number) <= 0);
}

// What parts one address or name of a list from the next.
bool parts_values(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F ||
         std::string_view(",;\"<>").find(c) != std::string_view::npos;
}

// A star stands for no character that begins another value; two stars for all but controls.
bool is_matched(std::string_view glob, std::string_view text) {
  const bool is_wide = glob.find(kAnything) != std::string_view::npos;
  const bool has_more = std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_control = byte < 0x20 || byte == 0x7F;
    return (is_wide ? is_control : parts_values(c)) && glob.find(c) == std::string_view::npos;
  });
  return !has_more && glob_matches(glob, text, Star::anything);
}

bool is_any_matched(const JsonCondition& condition, const JsonValue& value) {
  return value.kind == JsonValue::Kind::string &&
         std::any_of(condition.globs.begin(), condition.globs.end(), [&](const std::string& glob) {
           return is_matched(glob, value.text);
         });
}

bool holds(const JsonCondition& condition, const JsonValue& value) {
  switch (condition.kind) {
    case Kind::equals:
    case Kind::in:
      return std::any_of(condition.values.begin(),
                         condition.values.end(),
                         [&](const JsonScalar& wanted) { return is_equal(value, wanted); });
    case Kind::range:
      return is_in_range(value, condition);
    case Kind::matches:
      return is_any_matched(condition, value);
    case Kind::absent:
      return false;
    case Kind::present:
      return true;
  }
  KS_UNREACHABLE();
}

Broken judge(const JsonCondition& condition, const JsonValue* body) {
  const auto found = find_values(body, condition.pointer);
  if (!found) {
    return broken(condition, found.error().note);
  }
  if (condition.kind == Kind::absent) {
    return found->values.empty() ? std::nullopt : Broken(broken(condition, "it is there"));
  }
  if (found->is_missing && !condition.is_optional) {
    return broken(condition, "it is not there");
  }
  const bool do_all_hold =
      std::all_of(found->values.begin(), found->values.end(), [&](const JsonValue* value) {
        return holds(condition, *value);
      });
  return do_all_hold ? std::nullopt : Broken(broken(condition, "it is not what the rule says"));
}

// Programs that mix a URL's parameters with the body's members find there what the body lacks.
Broken judge_url(const std::vector<JsonCondition>& conditions, std::string_view target) {
  const auto parameters = read_url_query(target, "&;");
  for (const JsonCondition& condition : conditions) {
    const auto may_mean_it = [&](const UrlParameter& one) {
      return !condition.pointer.empty() && (condition.pointer.front() == kAnyStep ||
                                            may_mean(one.name, condition.pointer.front()));
    };
    if (std::any_of(parameters.begin(), parameters.end(), may_mean_it)) {
      return broken(condition, "a parameter of the URL is named like it");
    }
  }
  return std::nullopt;
}

// --- in people's words ---

std::string shown(const JsonScalar& value) {
  return value.kind == JsonValue::Kind::string ? json_string(value.text) : value.text;
}

template <typename List, typename TextOf>
std::string joined(const List& list, TextOf text_of) {
  std::string text;
  for (const auto& one : list) {
    text += (text.empty() ? "" : ", ") + std::string(text_of(one));
  }
  return text;
}

std::string describe(const JsonCondition& condition) {
  const std::string what = condition.where.empty() ? "the body" : condition.where;
  const std::string if_there = condition.is_optional ? ", if it is there" : "";
  switch (condition.kind) {
    case Kind::equals:
      return what + " is " + joined(condition.values, shown) + if_there;
    case Kind::in:
      return what + " is one of " + joined(condition.values, shown) + if_there;
    case Kind::range:
      return what + " is a number" +
             (condition.min ? " of at least " + condition.min->text : std::string()) +
             (condition.min && condition.max ? " and" : "") +
             (condition.max ? " of at most " + condition.max->text : std::string()) + if_there;
    case Kind::matches:
      return what + " is like " + joined(condition.globs, json_string) + if_there;
    case Kind::absent:
      return what + " is not there";
    case Kind::present:
      return what + " is there";
  }
  KS_UNREACHABLE();
}

std::string shown_field(const GraphqlRules::Field& field) {
  return field.type ? std::string(to_string(*field.type)) + "." + field.glob : field.glob;
}

std::string describe(const GraphqlRules& rules) {
  std::string text = "it is GraphQL, " +
                     joined(rules.operations, [](GraphqlType type) { return to_string(type); }) +
                     " alone";
  const auto as_it_is = [](const std::string& one) -> const std::string& {
    return one;
  };
  if (!rules.fields.empty()) {
    text += ", of the fields " + joined(rules.fields, shown_field);
  }
  if (!rules.names.empty()) {
    text += ", by the names " + joined(rules.names, as_it_is);
  }
  if (rules.max_depth) {
    text += ", at most " + std::to_string(*rules.max_depth) + " deep";
  }
  if (rules.introspection) {
    text += ", with introspection";
  }
  if (!rules.persisted.empty()) {
    text += ", and the stored documents " + joined(rules.persisted, as_it_is);
  }
  return text;
}

}  // namespace

std::optional<BrokenRule> find_broken(const BodyRules& rules, const JudgedBody& request) {
  const JsonValue* json = nullptr;
  base::Result<JsonValue> read = base::Error{base::Errc::invalid_input, "there is no body"};
  if (!rules.json.empty() && !request.body.empty()) {
    const auto type = read_body_type(request.fields);
    read = type ? read_body_json(*type, request.body) : base::Result<JsonValue>(type.error());
    if (!read) {
      return BrokenRule{"json", read.error().note};
    }
    json = &*read;
  }
  if (rules.graphql) {
    if (auto found = find_broken_graphql(*rules.graphql, request, json)) {
      return found;
    }
  }
  for (const JsonCondition& condition : rules.json) {
    if (auto found = judge(condition, json)) {
      return found;
    }
  }
  return rules.json.empty() ? std::nullopt : judge_url(rules.json, request.target);
}

std::vector<std::string> describe(const BodyRules& rules) {
  std::vector<std::string> said;
  if (rules.graphql) {
    said.push_back(describe(*rules.graphql));
  }
  for (const JsonCondition& condition : rules.json) {
    said.push_back(describe(condition));
  }
  return said;
}

std::string_view to_string(JsonCondition::Kind kind) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 6> kWords = {
      "equals", "in", "range", "matches", "absent", "present"};
  return kWords.at(static_cast<std::size_t>(kind));
}

}  // namespace keyswap::bindings
