// SPDX-License-Identifier: Apache-2.0
//
// Who may use what: `callers:` and `route:`.
#include <algorithm>
#include <array>

#include "bindings/parse_sections.h"
#include "bindings/venue.h"
#include "proxy/base/bounds.h"
#include "vault/caller_token.h"

namespace keyswap::bindings {

namespace {

// The first segments that the listener knows, and names that would read like one. Those of the
// venues are taken, too.
constexpr std::array<std::string_view, 3> kReservedRoutes = {"custom", "healthz", "proxy"};

// The names in a list, each once; what is wrong with one is reported, and it is left out.
std::vector<const YamlNode*> read_callers(const YamlNode& node, ConfigIssues& issues) {
  std::vector<const YamlNode*> callers;
  const auto* const list = read_list(node, "callers", issues);
  if (list == nullptr) {
    return callers;
  }
  if (list->size() > base::bounds::kCallersMax) {
    issues.error(node.place,
                 "`callers` has more than " + std::to_string(base::bounds::kCallersMax) + " names");
    return callers;
  }
  for (const auto& item : *list) {
    const auto text = read_text(item, "callers", issues);
    if (!text) {
      continue;
    }
    const bool is_repeated = std::ranges::any_of(
        callers, [&](const YamlNode* other) { return other->text == item.text; });
    // Not quoted: somebody may have put the token there.
    if (!vault::is_caller_name(*text)) {
      issues.error(item.place,
                   "this is no name of a caller",
                   "letters, digits, '_', '.', '-'; at most 64; a letter, digit or '_' first");
    } else if (is_repeated) {
      issues.error(item.place, quoted_or(*text, "this caller") + " is listed twice");
    } else {
      callers.push_back(&item);
    }
  }
  return callers;
}

void parse_route(const YamlNode& node, bool has_one_host, ParseContext& context, Scope& scope) {
  auto& issues = context.issues;
  const auto text = read_text(node, "route", issues);
  if (!text || !check_route_name(node, "route", context)) {
    return;
  }
  if (!has_one_host) {
    issues.error(node.place,
                 "a binding with a `route` needs one exact host",
                 "the route's requests must have one place to go to");
    return;
  }
  const auto [first, is_new] = context.routes.try_emplace(*text, node.place);
  if (is_new) {
    scope.route = *text;
  } else {
    issues.error(node.place,
                 quoted_or(*text, "this route") + " is declared twice",
                 "the first is in line " + std::to_string(first->second.line));
  }
}

}  // namespace

bool is_route_taken(std::string_view name, Venues venues) {
  return std::ranges::find(kReservedRoutes, name) != kReservedRoutes.end() ||
         find_venue(venues, name) != nullptr;
}

bool check_route_name(const YamlNode& name, std::string_view what, ParseContext& context) {
  const auto& text = name.text;
  const bool is_clean = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (text.empty() || !is_clean || text.size() > base::bounds::kRouteNameBytesMax) {
    context.issues.error(name.place,
                         "`" + std::string(what) + "`: this is no name of a route",
                         "lower-case letters, digits, '-', '_'; at most 64");
    return false;
  }
  if (is_route_taken(text, context.venues)) {
    context.issues.error(name.place,
                         "`" + std::string(what) + "`: the name '" + text + "' is taken");
    return false;
  }
  return true;
}

void parse_scope_callers(const YamlNode& node, ParseContext& context, Scope& scope) {
  for (const auto* const caller : read_callers(node, context.issues)) {
    if (std::ranges::find(context.callers, caller->text) == context.callers.end()) {
      context.issues.error(
          caller->place,
          quoted_or(caller->text, "this caller") + " is not in the file's list of callers",
          "add it to `callers` at the top, which says who may come at all");
    } else {
      scope.callers.push_back(caller->text);
    }
  }
}

void parse_scope_access(const YamlSection& section, ParseContext& context, Scope& scope) {
  if (const auto* const callers = section.find("callers")) {
    parse_scope_callers(*callers, context, scope);
  }
  if (const auto* const route = section.find("route")) {
    const bool has_one_host = !scope.host.is_wildcard && section.find("hosts") == nullptr;
    parse_route(*route, has_one_host, context, scope);
  }
}

void parse_callers(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  for (const auto* const caller : read_callers(node, context.issues)) {
    bindings.callers.push_back(caller->text);
  }
  context.callers = bindings.callers;
}

}  // namespace keyswap::bindings
