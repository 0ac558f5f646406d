// SPDX-License-Identifier: Apache-2.0
//
// An entry of a secret's `bindings:`.
#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "bindings/bounds.h"
#include "bindings/host_pattern.h"
#include "bindings/parse_sections.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

// In the order in which an error lists them; those of trading stand between the two.
constexpr std::array<std::string_view, 13> kScopeKeys = {"host",
                                                         "hosts",
                                                         "port",
                                                         "methods",
                                                         "paths",
                                                         "allow_addresses",
                                                         "subdomains",
                                                         "rate_limit",
                                                         "quota",
                                                         "blocked",
                                                         "max_body",
                                                         "response_timeout",
                                                         "approve"};
constexpr std::array<std::string_view, 7> kAccessKeys = {
    "callers", "route", "websocket", "ws_text", "scrub", "uninspectable", "real_value"};

std::vector<std::string_view> scope_keys(Venues venues) {
  std::vector<std::string_view> keys(kScopeKeys.begin(), kScopeKeys.end());
  std::ranges::copy(trading_keys(venues), std::back_inserter(keys));
  std::ranges::copy(kAccessKeys, std::back_inserter(keys));
  std::ranges::copy(body_keys(), std::back_inserter(keys));
  std::ranges::copy(model_keys(), std::back_inserter(keys));
  return keys;
}

// Methods in wide use, which are meant however they are written. Any other token is a method, too.
constexpr std::array<std::string_view, 34> kMethods = {
    "GET",       "POST",      "PUT",        "PATCH",      "DELETE", "HEAD",       "OPTIONS",
    "ACL",       "BIND",      "CHECKOUT",   "COPY",       "LINK",   "LIST",       "LOCK",
    "M-SEARCH",  "MERGE",     "MKACTIVITY", "MKCALENDAR", "MKCOL",  "MOVE",       "NOTIFY",
    "PROPFIND",  "PROPPATCH", "PURGE",      "QUERY",      "REBIND", "REPORT",     "SEARCH",
    "SUBSCRIBE", "UNBIND",    "UNLINK",     "UNLOCK",     "SOURCE", "UNSUBSCRIBE"};

// They never carry a secret: a tunnel has none, an answer would echo it, and PRI is no request.
constexpr std::array<std::string_view, 4> kNeverBound = {"CONNECT", "TRACE", "TRACK", "PRI"};

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Why it can be no method of a binding; "": it can.
std::string method_problem(const std::string& method) {
  if (method == "*") {
    return "leave `methods` out if you mean any";
  }
  if (is_one_of(method, kNeverBound)) {
    return method + " never carries a secret";
  }
  if (method.size() > base::bounds::kMethodBytesMax) {
    return "a method has at most 64 bytes";
  }
  return method.empty() || !http::grammar::all_are(method, http::grammar::kToken)
             ? "a method is one word, like POST"
             : "";
}

void parse_methods(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto* const list = read_list(node, "methods", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "methods", issues);
    if (!text) {
      continue;
    }
    const auto method = parse_method(*text, MethodUse::allowing, (*list)[i].place, issues);
    if (!method) {
      continue;
    }
    if (std::find(scope.methods.begin(), scope.methods.end(), *method) != scope.methods.end()) {
      issues.warning((*list)[i].place, *method + " is listed twice");
    } else {
      scope.methods.push_back(*method);
    }
  }
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void parse_path(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto text = read_text(node, "paths", issues);
  if (!text) {
    return;
  }
  if (text->front() != '/') {
    issues.error(node.place, "a path must begin with '/'");
  } else if (text->size() > bounds::kPathGlobBytesMax) {
    issues.error(node.place, "a path has at most 512 bytes");
  } else if (!is_visible(*text)) {
    issues.error(node.place, "a path is visible ASCII without spaces", "write * in its place");
  } else {
    if (text->find_first_of("?#") != std::string::npos) {
      issues.warning(node.place,
                     "this path never matches: queries and fragments are not part of a path");
    } else if (has_other_readings(*text)) {
      issues.warning(
          node.place,
          "this path never matches: servers read '%', ';', '\\', '//' and dot segments in "
          "more than one way, and a path must match in all of them",
          "write * in its place");
    }
    scope.paths.emplace_back(*text);
  }
}

void parse_paths(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto* const list = read_list(node, "paths", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_path((*list)[i], issues, scope);
  }
}

// The bytes of an IP literal and how many bits it has.
struct Address {
  std::array<unsigned char, 16> bytes{};
  std::uint8_t bits = 0;
};

std::optional<Address> read_address(const std::string& text) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    return address;
  }
  return std::nullopt;
}

std::string canonical_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.bits == 32 ? AF_INET : AF_INET6;
  const char* const written = ::inet_ntop(family, address.bytes.data(), text.data(), text.size());
  return written == nullptr ? "" : written;
}

bool has_bits_after(const Address& address, std::uint8_t prefix_bits) {
  for (unsigned bit = prefix_bits; bit < address.bits; ++bit) {
    if ((address.bytes.at(bit / 8) & (0x80U >> (bit % 8))) != 0) {
      return true;
    }
  }
  return false;
}

std::optional<std::uint8_t> read_prefix_bits(std::string_view text, std::uint8_t most) {
  std::uint8_t bits = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  const bool is_number = !text.empty() && read.ec == std::errc{} &&
                         read.ptr == text.data() + text.size() && !has_leading_zero;
  return is_number && bits <= most ? std::optional(bits) : std::nullopt;
}

void parse_range(const YamlNode& node, ConfigIssues& issues, std::vector<AddressRange>& ranges) {
  const auto text = read_text(node, "allow_addresses", issues);
  if (!text) {
    return;
  }
  const auto slash = text->find('/');
  const auto address = read_address(text->substr(0, slash));
  const auto bits = !address ? std::nullopt
                    : slash == std::string::npos
                        ? std::optional(address->bits)
                        : read_prefix_bits(text->substr(slash + 1), address->bits);
  if (!address || !bits) {
    issues.error(node.place, "this is no address range", "write it as in 10.1.0.0/16");
  } else if (has_bits_after(*address, *bits)) {
    issues.error(node.place,
                 "this address range has bits set after its prefix",
                 "10.1.0.0/16 is a range; 10.1.2.3/16 is not");
  } else {
    ranges.push_back({canonical_text(*address), *bits});
  }
}

void parse_port(const YamlNode& node,
                std::optional<std::uint16_t> of_host,
                ConfigIssues& issues,
                Scope& scope) {
  const auto port = read_number(node, "port", {1, 65535}, issues);
  if (!port) {
    return;
  }
  scope.port = static_cast<std::uint16_t>(*port);
  if (of_host && *of_host != scope.port) {
    issues.error(node.place, "`port` and the port in `host` differ");
  }
}

// The request that opens a WebSocket is a GET (RFC 6455 section 4.1).
void parse_websocket(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  scope.websocket = read_flag(node, "websocket", issues).value_or(false);
  const bool has_get =
      scope.methods.empty() ||
      std::find(scope.methods.begin(), scope.methods.end(), "GET") != scope.methods.end();
  if (scope.websocket && !has_get) {
    issues.error(node.place,
                 "`websocket: true` needs GET in `methods`",
                 "a WebSocket is opened by a GET request");
  }
}

// `rule`: with its places, as far as they are read.
void parse_ws_text(const YamlNode& node,
                   const SecretRule& rule,
                   ConfigIssues& issues,
                   Scope& scope) {
  scope.ws_text = read_flag(node, "ws_text", issues).value_or(false);
  if (!scope.ws_text) {
    return;
  }
  if (!scope.websocket) {
    issues.error(node.place,
                 "`ws_text: true` needs `websocket: true` beside it",
                 "it is about the messages of the WebSockets that this entry opens");
  }
  if (rule.signer() != nullptr) {
    issues.error(node.place,
                 "`ws_text` is not for `inject.type` " + std::string(rule.injection().scheme()),
                 "that scheme signs with the secret, which itself never leaves; remove `ws_text`");
  }
}

std::optional<ParsedHost> parse_host(const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const auto text = read_text(node, "host", issues);
  if (!text) {
    return std::nullopt;
  }
  auto parsed = parse_host_pattern(*text);
  if (const auto* const problem = std::get_if<HostProblem>(&parsed)) {
    issues.error(node.place, problem->text, problem->hint);
    return std::nullopt;
  }
  auto& host = std::get<ParsedHost>(parsed);
  if (host.pattern.is_wildcard && !context.allows_wildcards) {
    issues.error(node.place,
                 quoted_or("*." + host.pattern.host, "this host") + " is a wildcard",
                 "set `allow_wildcard_hosts: true` at the top of the file if that is meant");
  }
  return std::move(host);
}

// A wildcard with `subdomains` is a short form for as many exact hosts.
void add_subdomains(const YamlNode& node,
                    const Scope& scope,
                    ConfigIssues& issues,
                    std::vector<Scope>& scopes) {
  if (!scope.host.is_wildcard) {
    issues.error(
        node.place, "`subdomains` needs a wildcard as `host`", "name the exact host instead");
    return;
  }
  const auto* const list = read_list(node, "subdomains", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "subdomains", issues);
    if (!text) {
      continue;
    }
    const auto name = http::parse_host(*text + "." + scope.host.host, scope.port);
    if (!name || text->find('.') != std::string::npos) {
      issues.error((*list)[i].place, "an entry of `subdomains` must be one label of a name");
      continue;
    }
    scopes.push_back(scope);
    scopes.back().host = {name->host, false};
  }
}

// What the entry stands for: one host, or several. `is_host_read`: `host` is there and good.
void add_scopes(const YamlSection& section,
                bool is_host_read,
                Scope scope,
                ParseContext& context,
                std::vector<Scope>& scopes) {
  const auto* const hosts = section.find("hosts");
  const auto* const subdomains = section.find("subdomains");
  if (hosts != nullptr && (section.find("host") != nullptr || subdomains != nullptr)) {
    context.issues.error(hosts->place, "`hosts` stands in place of `host` and `subdomains`");
  } else if (hosts != nullptr) {
    parse_hosts(*hosts, scope, context, scopes);
  } else if (is_host_read && subdomains != nullptr) {
    add_subdomains(*subdomains, scope, context.issues, scopes);
  } else if (is_host_read) {
    scopes.push_back(std::move(scope));
  }
}

}  // namespace

std::optional<std::string> parse_method(std::string_view text,
                                        MethodUse use,
                                        Place place,
                                        ConfigIssues& issues) {
  auto upper = base::to_upper(text);
  if (const auto problem = method_problem(upper); !problem.empty()) {
    issues.error(place, quoted_or(text, "this") + " is no method that can be bound", problem);
    return std::nullopt;
  }
  if (is_one_of(std::string_view(upper), kMethods)) {
    return upper;
  }
  const std::string what = quoted_or(text, "this") + " is a method that is not in wide use";
  const auto nearest = nearest_word(upper, kMethods);
  const std::string hint =
      nearest.empty() ? std::string() : "did you mean " + std::string(nearest) + "?";
  if (!nearest.empty() && use == MethodUse::blocking) {
    issues.error(place, what, hint);
    return std::nullopt;
  }
  if (!nearest.empty()) {
    issues.warning(place, what, hint);
  } else if (upper != text && use == MethodUse::allowing) {
    // RFC 9110 section 9.1: the case of a method matters.
    issues.warning(place, what, "its case matters: requests must have it exactly so");
  }
  return std::string(text);
}

void parse_allow_addresses(const YamlNode& node,
                           ConfigIssues& issues,
                           std::vector<AddressRange>& ranges) {
  const auto* const list = read_list(node, "allow_addresses", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_range((*list)[i], issues, ranges);
  }
}

bool parse_where(const YamlSection& section,
                 const YamlNode* host_node,
                 ParseContext& context,
                 Scope& scope) {
  auto& issues = context.issues;
  const auto host = host_node == nullptr ? std::nullopt : parse_host(*host_node, context);
  if (host) {
    scope.host = host->pattern;
    scope.port = host->port.value_or(scope.port);
  }
  if (const auto* const port = section.find("port")) {
    parse_port(*port, host ? host->port : std::nullopt, issues, scope);
  }
  if (const auto* const methods = section.find("methods")) {
    parse_methods(*methods, issues, scope);
  }
  if (const auto* const paths = section.find("paths")) {
    parse_paths(*paths, issues, scope);
  }
  return host.has_value();
}

void parse_scope(const YamlNode& node, ParseContext& context, SecretRule& rule) {
  auto& issues = context.issues;
  const auto keys = scope_keys(context.venues);
  const YamlSection section(node, "bindings", keys, issues);
  Scope scope;
  scope.entry = rule.scopes.empty() ? 0 : rule.scopes.back().entry + 1;
  const auto* const host_node =
      section.find("hosts") == nullptr ? section.require("host", issues) : section.find("host");
  const bool has_host = parse_where(section, host_node, context, scope);
  if (const auto* const ranges = section.find("allow_addresses")) {
    parse_allow_addresses(*ranges, issues, scope.allow_addresses);
  }
  if (const auto* const websocket = section.find("websocket")) {
    parse_websocket(*websocket, issues, scope);
  }
  if (const auto* const ws_text = section.find("ws_text")) {
    parse_ws_text(*ws_text, rule, issues, scope);
  }
  parse_scope_bodies(section, rule, context, scope);
  parse_scope_limits(section, context, scope);
  parse_scope_trading(section, rule.venue, context, scope);
  parse_scope_access(section, context, scope);
  parse_scope_answers(section, context, scope);
  parse_scope_models(section, rule, context, scope);
  parse_scope_approval(section, rule, context, scope);
  add_scopes(section, has_host, std::move(scope), context, rule.scopes);
}

}  // namespace keyswap::bindings
