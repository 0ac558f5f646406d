// SPDX-License-Identifier: Apache-2.0
#include "bindings/permissions.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "bindings/approval_rule.h"
#include "bindings/body_rules.h"
#include "bindings/model_rules.h"
#include "bindings/trading_rules.h"
#include "proxy/base/assert.h"
#include "proxy/base/users.h"

namespace keyswap::bindings {

namespace {

constexpr std::uint16_t kUsualPort = 443;

template <typename List, typename TextOf>
std::string joined(const List& list, TextOf text_of) {
  std::string text;
  for (const auto& each : list) {
    text += (text.empty() ? "" : " ") + std::string(text_of(each));
  }
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  return joined(words, [](const std::string& word) -> const std::string& { return word; });
}

std::string host_of(const Scope& scope) {
  return (scope.host.is_wildcard ? "*." : "") + scope.host.host +
         (scope.port == kUsualPort ? "" : ":" + std::to_string(scope.port));
}

// What narrows a scope or widens it, behind its host.
std::string conditions_of(const Scope& scope) {
  std::string text = ", " + (scope.methods.empty() ? "any method" : joined(scope.methods));
  const std::string paths =
      joined(scope.paths, [](const PathPattern& path) { return path.text(); });
  text += ", " + (paths.empty() ? "any path" : paths);
  if (!scope.base_path.empty()) {
    text += ", below " + scope.base_path;
  }
  if (!scope.callers.empty()) {
    text += ", for " + joined(scope.callers);
  }
  if (!scope.blocked.empty()) {
    text += ", but not " + joined(scope.blocked, [](const BlockedEndpoint& endpoint) {
              return endpoint.method + " " + endpoint.path;
            });
  }
  if (scope.approval != nullptr) {
    text += ", if a person lets through " + describe(*scope.approval);
  }
  if (scope.body_rules != nullptr) {
    for (const std::string& rule : describe(*scope.body_rules)) {
      text += ", if of the body " + rule;
    }
  }
  if (scope.models != nullptr) {
    for (const std::string& rule : describe(*scope.models)) {
      text += ", " + rule;
    }
  }
  return text;
}

std::string subject_of(const SecretRule& rule) {
  return rule.kind == RuleKind::custom
             ? rule.name.text() + " (custom service " + rule.custom_name + ")"
             : rule.name.text();
}

// "100", "0.5".
std::string usd_of(std::int64_t e8) {
  constexpr std::int64_t kUsd = 100'000'000;
  std::string text = std::to_string(e8 / kUsd);
  if (const std::int64_t rest = e8 % kUsd; rest > 0) {
    std::string digits = std::to_string(kUsd + rest);  // a 1, and eight digits
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits.substr(1);
  }
  return text + " USD";
}

void add_trading(const std::string& what,
                 const TradingRules& rules,
                 std::vector<std::string>& said) {
  if (rules.max_order_e8) {
    said.push_back(what + "orders of at most " + usd_of(*rules.max_order_e8));
  }
  if (rules.daily_volume_e8) {
    said.push_back(what + "at most " + usd_of(*rules.daily_volume_e8) + " a day");
  }
  if (!rules.symbols.empty()) {
    said.push_back(what + "the symbols " + joined(rules.symbols) + " alone");
  }
  if (!rules.order_types.empty()) {
    said.push_back(what + "orders of the types " + joined(rules.order_types) + " alone");
  }
  for (const NamedEndpoint& endpoint : rules.endpoints) {
    said.push_back(what + "also the endpoint " + endpoint.method + " " + endpoint.path);
  }
}

// The whole of the scope stands in front, so that limits that change places are told.
void add_limits(const std::string& what, const Scope& scope, std::vector<std::string>& said) {
  if (scope.rate_limit) {
    said.push_back(what + "at most " + std::to_string(scope.rate_limit->requests) +
                   " requests in " + std::to_string(scope.rate_limit->per_ms) + " ms");
  }
  if (scope.quota_per_day) {
    said.push_back(what + "at most " + std::to_string(*scope.quota_per_day) + " requests a day");
  }
  if (scope.max_body_bytes) {
    said.push_back(what + "bodies of at most " + std::to_string(*scope.max_body_bytes) + " bytes");
  }
  if (scope.trading != nullptr) {
    add_trading(what, *scope.trading, said);
  }
  if (scope.real_value == RealValue::refuse) {
    said.push_back(what + "its real value is refused");
  }
}

void add_scope(const std::string& subject, const Scope& scope, std::vector<std::string>& said) {
  const std::string host = host_of(scope);
  const std::string where = host + conditions_of(scope);
  said.push_back(subject + " may go to " + where);
  add_limits(subject + " to " + where + ": ", scope, said);
  if (!scope.route.empty()) {
    said.push_back(subject + " may be used on " + host + " by the route /proxy/" + scope.route);
  }
  if (scope.websocket) {
    said.push_back("WebSockets may be opened to " + host + " with " + subject);
  }
  if (scope.ws_text) {
    said.push_back(subject + " may stand in messages of WebSockets to " + host);
  }
  for (const AddressRange& range : scope.allow_addresses) {
    said.push_back(host + " may be at an address of " + range.address + "/" +
                   std::to_string(range.prefix_bits) + ", for " + subject);
  }
  if (!scope.is_scrubbed) {
    said.push_back(subject + " may come back in answers of " + host);
  }
  if (scope.uninspectable == Uninspectable::forward) {
    said.push_back("answers of " + host + " that cannot be searched for " + subject + " pass");
  }
}

std::string_view captured_from(const Capture& capture) {
  switch (capture.from) {
    case Capture::From::json:
      return "the JSON";
    case Capture::From::form:
      return "the form's field";
    case Capture::From::header:
      return "the header";
    case Capture::From::cookie:
      return "the cookie";
  }
  KS_UNREACHABLE();
}

std::string pointer_text(const JsonPointer& pointer) {
  std::string text;
  for (const std::string& step : pointer) {
    text.append("/").append(step);
  }
  return text;
}

void add_capture(const std::string& subject,
                 const Capture& capture,
                 std::vector<std::string>& said) {
  const std::string name = capture.name + pointer_text(capture.pointer);
  const std::string life = capture.life_name + pointer_text(capture.life_pointer);
  std::string text = "an answer of " + host_of(capture.where) + conditions_of(capture.where);
  text.append(" replaces ").append(subject).append(", by ").append(captured_from(capture));
  text.append(" ").append(name).append(capture.is_signature ? ", with its claims readable" : "");
  text.append(life.empty() ? "" : ", for as long as " + life + " says");
  said.push_back(std::move(text));
}

void add_rule(const SecretRule& rule, std::vector<std::string>& said) {
  const std::string subject = subject_of(rule);
  if (!rule.placeholder.empty()) {
    said.push_back(subject + " is meant by " + rule.placeholder);
  }
  if (rule.kind == RuleKind::honeytoken) {
    said.push_back(subject + " is a honeytoken");
    return;
  }
  for (const SecretPlace& place : rule.places) {
    const std::string name(place.placement->name());
    said.push_back(subject + " stands in " + std::string(place.placement->kind()) +
                   (name.empty() ? "" : " " + name) + ", by the scheme " +
                   std::string(place.injection->scheme()));
  }
  for (const vault::SecretName& needed : rule.needs()) {
    if (needed != rule.name) {
      said.push_back(subject + " is made with " + needed.text());
    }
  }
  for (const vault::SecretName& other : rule.together_with) {
    said.push_back(subject + " may go into one request with " + other.text());
  }
  for (const Scope& scope : rule.scopes) {
    if (rule.is_out_of_force()) {
      said.push_back("requests to " + host_of(scope) + " pass, and are searched for " + subject);
    } else {
      add_scope(subject, scope, said);
    }
  }
  for (const Capture& capture : rule.captures) {
    add_capture(subject, capture, said);
  }
}

void add_upstream(const UpstreamSettings& upstream, std::vector<std::string>& said) {
  std::vector<std::string> led;
  for (const auto& [from, to] : upstream.resolve) {
    led.push_back("upstream.resolve sends " + from + " to " + http::to_string(to));
  }
  std::ranges::sort(led);
  said.insert(said.end(), led.begin(), led.end());
  if (upstream.proxy != nullptr) {
    said.push_back("upstreams are reached through the proxy " + upstream.proxy->host + ":" +
                   std::to_string(upstream.proxy->port) +
                   (upstream.proxy->guard == ProxyGuard::names ? ", judged by name alone" : ""));
  }
  for (const std::string& file : upstream.ca_files) {
    said.push_back("the roots of " + file + " vouch for upstreams");
  }
}

// What a source is, word by word: whoever can change one of them says where secrets come from.
void add_source(const vault::SourceSpec& spec, std::vector<std::string>& said) {
  const std::string subject = "the source " + spec.id;
  said.push_back(subject + " is asked for secrets, by " + spec.kind);
  for (const vault::SourceSetting& setting : spec.settings) {
    std::string value = setting.value;
    std::ranges::replace(value, '\n', ' ');
    said.push_back(subject + " has the " + setting.name + " " + value);
  }
  if (!spec.argv.empty()) {
    said.push_back(subject + " runs " + joined(spec.argv));
  }
  for (const vault::AllowedRange& range : spec.allowed) {
    said.push_back(subject + " may be at an address of " + range.address + "/" +
                   std::to_string(range.prefix_bits));
  }
  const vault::CacheRule& cache = spec.cache;
  constexpr std::int64_t kMsPerSecond = 1000;
  if (cache != vault::CacheRule()) {
    said.push_back(subject + "'s values are good for " +
                   std::to_string(cache.ttl_ms / kMsPerSecond) + " seconds, more or less " +
                   std::to_string(cache.jitter_ms / kMsPerSecond) + ", at most " +
                   std::to_string(cache.entries_max) + " of them");
  }
  if (cache.stale_ms > 0) {
    said.push_back(subject + "'s values serve on for " +
                   std::to_string(cache.stale_ms / kMsPerSecond) + " seconds while it is down");
  }
}

void add_sources(const vault::SourceTable& table, std::vector<std::string>& said) {
  for (const vault::SourceSpec& spec : table.specs()) {
    add_source(spec, said);
  }
  std::vector<std::string> routes;
  for (const auto& [name, route] : table.routes()) {
    routes.push_back(name.text() + " comes from the source " + table.specs()[route.source].id +
                     ", as " + route.key +
                     (route.field.empty() ? "" : ", of which the field " + route.field));
  }
  std::ranges::sort(routes);
  said.insert(said.end(), routes.begin(), routes.end());
}

void add_notes(const Bindings& bindings, std::vector<std::string>& said) {
  const NotesRule& notes = *bindings.notes;
  const std::string subject = "notes of the source " + bindings.sources->specs()[notes.spec].id +
                              " may send its secrets to ";
  if (!notes.allowed) {
    said.push_back(subject + "any host");
  }
  for (const HostPattern& host : notes.allowed.value_or(std::vector<HostPattern>())) {
    said.push_back(subject + (host.is_wildcard ? "*." : "") + host.host);
  }
  said.push_back(notes.is_with_file ? "a note counts before what the file says of its secret"
                                    : "what the file says of secrets does not count beside notes");
}

void add_clients(const Bindings& bindings, std::vector<std::string>& said) {
  if (bindings.callers.empty()) {
    said.emplace_back("programs of keyswap's own user may come without a token");
  }
  for (const std::string& caller : bindings.callers) {
    said.push_back("the caller " + caller + " may come");
  }
  if (bindings.allow_users.is_everybody) {
    said.emplace_back("every user of this machine may come");
  }
  for (const std::uint32_t user : bindings.allow_users.numbers) {
    said.push_back("the user " + base::user_text(user) + " may come");
  }
  for (const std::string& origin : bindings.allow_origins) {
    said.push_back("web pages of " + origin + " may use reverse routes");
  }
}

}  // namespace

std::vector<std::string> permissions_of(const Bindings& bindings) {
  std::vector<std::string> said;
  for (const SecretRule& rule : bindings.rules) {
    add_rule(rule, said);
  }
  if (bindings.sources != nullptr) {
    add_sources(*bindings.sources, said);
  }
  if (bindings.notes) {
    add_notes(bindings, said);
  }
  add_upstream(bindings.upstream, said);
  add_clients(bindings, said);
  if (bindings.unmatched_destination == UnmatchedDestination::forward_unmodified) {
    said.emplace_back("hosts in no binding may be reached");
  }
  if (bindings.tls_termination == TlsTermination::all) {
    said.emplace_back("connections to hosts in no binding are decrypted");
  }
  if (bindings.misplaced_placeholder == MisplacedPlaceholder::forward) {
    said.emplace_back("misplaced placeholders travel on as they are");
  }
  said.push_back("the audit log is in " +
                 (bindings.audit_path.empty() ? "the home" : bindings.audit_path));
  return said;
}

}  // namespace keyswap::bindings
