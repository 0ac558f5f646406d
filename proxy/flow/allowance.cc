// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/allowance.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/model_rules.h"
#include "proxy/base/assert.h"
#include "proxy/base/cause.h"
#include "proxy/flow/caller.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using bindings::Bindings;
using bindings::Scope;
using bindings::SecretRule;

constexpr std::uint16_t kHttpsPort = 443;
// So many of each kind are told of; a whole policy is no answer.
constexpr std::size_t kShownMax = 4;
constexpr std::size_t kHostsShownMax = 8;

std::string host_of(const Scope& scope) {
  std::string text = scope.host.is_wildcard ? "*." : "";
  text += scope.host.host;
  return scope.port == kHttpsPort ? text : text + ":" + std::to_string(scope.port);
}

// "GET, POST", the first of them.
std::string methods_of(const Scope& scope) {
  if (scope.methods.empty()) {
    return "any method";
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(scope.methods.size(), kShownMax); ++i) {
    text.append(i == 0 ? "" : ", ").append(scope.methods[i]);
  }
  return scope.methods.size() > kShownMax ? text + ", ..." : text;
}

// "GET of /v1/models, /v1/files/** on api.example.com".
void tell_scope(const Scope& scope, base::Facts& facts) {
  facts.text("", methods_of(scope));
  if (scope.paths.empty()) {
    facts.text(" of any path", "");
  }
  for (std::size_t i = 0; i < std::min(scope.paths.size(), kShownMax); ++i) {
    if (i == 0) {
      facts.text(" of ", scope.paths[i].text());
    } else {
      facts.text(", ", scope.paths[i].text());
    }
  }
  if (scope.paths.size() > kShownMax) {
    facts.text(", ...", "");
  }
  facts.text(" on ", host_of(scope));
}

// The scopes of the rule that this caller may use; those of the destination alone, if there are
// any.
std::vector<const Scope*> scopes_of(const SecretRule& rule, const RefusedRequest& refused) {
  std::vector<const Scope*> all;
  std::vector<const Scope*> here;
  for (const Scope& scope : rule.scopes) {
    if (!serves(scope, refused.caller)) {
      continue;
    }
    all.push_back(&scope);
    if (Bindings::names(scope, refused.destination)) {
      here.push_back(&scope);
    }
  }
  return here.empty() ? all : here;
}

std::string_view why_nothing(bindings::OutOfForce why) {
  switch (why) {
    case bindings::OutOfForce::no:
      break;
    case bindings::OutOfForce::no_note:
      return "no note binds it";
    case bindings::OutOfForce::invalid_note:
      return "its note cannot be used";
    case bindings::OutOfForce::host_not_listed:
      return "its note names no host that notes may name";
  }
  KS_UNREACHABLE();
}

void tell_scopes(const SecretRule& rule, const RefusedRequest& refused, base::Facts& facts) {
  if (rule.is_out_of_force()) {
    facts.text(" Allowed: nothing, for ", why_nothing(rule.out_of_force)).text(".", "");
    return;
  }
  const auto scopes = scopes_of(rule, refused);
  for (std::size_t i = 0; i < std::min(scopes.size(), kShownMax); ++i) {
    if (i == 0) {
      facts.text(" Allowed: ", "");
    } else {
      facts.text("; ", "");
    }
    if (rule.venue != nullptr) {
      facts.text("what its scheme allows on ", host_of(*scopes[i]));
    } else {
      tell_scope(*scopes[i], facts);
    }
  }
  if (scopes.size() > kShownMax) {
    facts.number("; and ", static_cast<std::int64_t>(scopes.size() - kShownMax), " more");
  }
  if (!scopes.empty()) {
    facts.text(".", "");
  }
}

void tell_places(const SecretRule& rule, base::Facts& facts) {
  for (std::size_t i = 0; i < std::min(rule.places.size(), kShownMax); ++i) {
    const bindings::Placement& placement = *rule.places[i].placement;
    if (i == 0) {
      facts.text(" Its place: ", placement.kind());
    } else {
      facts.text(", or ", placement.kind());
    }
    if (!placement.name().empty()) {
      facts.text(" ", placement.name());
    }
  }
  if (!rule.places.empty()) {
    facts.text(".", "");
  }
}

void tell_blocked(const SecretRule& rule, const RefusedRequest& refused, base::Facts& facts) {
  std::size_t count = 0;
  for (const Scope* const scope : scopes_of(rule, refused)) {
    for (const bindings::BlockedEndpoint& blocked : scope->blocked) {
      if (count == kShownMax) {
        break;
      }
      if (count++ == 0) {
        facts.text(" Blocked: ", blocked.method);
      } else {
        facts.text(", ", blocked.method);
      }
      facts.text(" ", blocked.path);
    }
  }
  if (count > 0) {
    facts.text(".", "");
  }
}

// What the rules on models say, of the first scope that has some.
void tell_models(const SecretRule& rule, const RefusedRequest& refused, base::Facts& facts) {
  for (const Scope* const scope : scopes_of(rule, refused)) {
    if (scope->models == nullptr) {
      continue;
    }
    const auto said = bindings::describe(*scope->models);
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (i == 0) {
        facts.text(" Allowed: ", said[i]);
      } else {
        facts.text("; ", said[i]);
      }
    }
    facts.text(".", "");
    return;
  }
}

// The hosts that bindings of this caller name, each once, and no more than are told of and one.
std::vector<std::string> bound_hosts(const Bindings& bindings, std::string_view caller) {
  std::vector<std::string> hosts;
  for (const SecretRule& rule : bindings.rules) {
    if (rule.is_out_of_force()) {
      continue;
    }
    for (const Scope& scope : rule.scopes) {
      std::string host = host_of(scope);
      if (serves(scope, caller) && std::ranges::find(hosts, host) == hosts.end()) {
        hosts.push_back(std::move(host));
      }
      if (hosts.size() > kHostsShownMax) {
        return hosts;
      }
    }
  }
  return hosts;
}

std::string tell_hosts(const std::vector<std::string>& hosts) {
  base::Facts facts;
  for (std::size_t i = 0; i < std::min(hosts.size(), kHostsShownMax); ++i) {
    if (i == 0) {
      facts.text("Hosts of your bindings: ", hosts[i]);
    } else {
      facts.text(", ", hosts[i]);
    }
  }
  if (hosts.size() > kHostsShownMax) {
    facts.text(", ...", "");
  } else if (!hosts.empty()) {
    facts.text(".", "");
  }
  return facts.take();
}

bool is_about_scope(Reason reason) {
  static constexpr std::array kReasons = {Reason::destination_not_in_binding,
                                          Reason::binding_scope_violation,
                                          Reason::no_binding_in_notes,
                                          Reason::invalid_binding_metadata,
                                          Reason::host_not_in_allowlist};
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

bool is_about_place(Reason reason) {
  return reason == Reason::untargeted_location || reason == Reason::no_placeholder;
}

bool is_about_model(Reason reason) {
  return reason == Reason::model_not_allowed || reason == Reason::tool_not_allowed ||
         reason == Reason::prompt_too_large || reason == Reason::budget_exceeded;
}

// Does it concern a secret, and is its name all that there is to say?
bool is_about_secret(Reason reason) {
  static constexpr std::array kReasons = {Reason::insecure_scheme,
                                          Reason::ambiguous_placeholder_match,
                                          Reason::duplicate_credential_header,
                                          Reason::order_limit_exceeded,
                                          Reason::caller_not_allowed,
                                          Reason::body_too_large,
                                          Reason::rate_limited,
                                          Reason::quota_exceeded,
                                          Reason::upgrade_not_supported,
                                          Reason::signature_form_not_supported,
                                          Reason::real_secret_sent,
                                          Reason::body_not_allowed,
                                          Reason::model_not_allowed,
                                          Reason::tool_not_allowed,
                                          Reason::prompt_too_large,
                                          Reason::budget_exceeded,
                                          Reason::approval_pending,
                                          Reason::approval_required,
                                          Reason::approval_denied,
                                          Reason::approval_unknown,
                                          Reason::approval_mismatch,
                                          Reason::approval_used,
                                          Reason::approval_expired,
                                          Reason::too_many_held};
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

}  // namespace

std::string allowance_of(const Bindings& bindings, const RefusedRequest& refused) {
  const Reason reason = refused.reason;
  if (!refused.rule) {
    return reason == Reason::unmatched_destination
               ? tell_hosts(bound_hosts(bindings, refused.caller))
               : "";
  }
  const bool is_blocked = reason == Reason::endpoint_blocked;
  if (!is_blocked && !is_about_scope(reason) && !is_about_place(reason) &&
      !is_about_secret(reason)) {
    return "";
  }
  const SecretRule& rule = bindings.rules[*refused.rule];
  base::Facts facts;
  facts.text("Secret: ", rule.name.text()).text(".", "");
  if (is_about_place(reason)) {
    tell_places(rule, facts);
  }
  if (is_about_place(reason) || is_about_scope(reason)) {
    tell_scopes(rule, refused, facts);
  }
  if (is_blocked) {
    tell_blocked(rule, refused, facts);
  }
  if (is_about_model(reason)) {
    tell_models(rule, refused, facts);
  }
  return facts.take();
}

}  // namespace keyswap::flow
