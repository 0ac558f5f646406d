// SPDX-License-Identifier: Apache-2.0
//
// The parts of the parser, one file each, for bindings/parse.cc only. Each reads one key of the
// file into Bindings and reports what is wrong.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/config_issues.h"
#include "bindings/sources_read.h"
#include "bindings/yaml_values.h"

namespace keyswap::bindings {

struct MergedNotes;  // bindings/note_merge.h

// What every part needs.
struct ParseContext {
  std::string_view text;  // the file
  std::string folder;     // what relative names are relative to
  Venues venues;          // that the file may speak of
  vault::BackendKinds kinds;
  const MergedNotes* notes = nullptr;  // what they say beside the file; null: nothing is known
  bool allows_wildcards = false;
  std::vector<std::string> callers;                  // of the file: read before what names them
  std::map<std::string, Place, std::less<>> routes;  // names given so far
  SourcesRead sources;
  ConfigIssues issues;
};

// `secrets:` -> rules, with the checks that concern several of them (parse_secrets.cc).
void parse_secrets(const YamlNode& node, ParseContext& context, Bindings& bindings);
// A secret's `inject:` and `compose:` (nullptr: none) -> its places, and the venue whose scheme it
// is (parse_inject.cc). Without the place after an error.
void parse_inject(const YamlNode& inject,
                  const YamlNode* compose,
                  ParseContext& context,
                  SecretRule& rule);
// What such a placeholder is looked for with, if the scheme of this `inject:` (nullptr: none) lets
// it be shorter than others (parse_inject.cc); "": it does not.
std::string_view mark_of_short(std::string_view placeholder, const YamlNode* inject);
// The place in messages of a rule that has a scope with `ws_text: true` (parse_inject.cc).
void add_message_place(SecretRule& rule);
// The keys that an entry of `inject:` has besides those of its scheme and its placement, and what
// they say of the rule's place of that number (parse_place.cc).
std::span<const std::string_view> place_keys();
void parse_place(const YamlSection& section,
                 std::uint32_t number,
                 ParseContext& context,
                 SecretRule& rule,
                 SecretPlace& place);
// `port`, `methods` and `paths` of what names requests, and its host (nullptr: there is none).
// False: there is no good host (parse_scope.cc).
bool parse_where(const YamlSection& section,
                 const YamlNode* host_node,
                 ParseContext& context,
                 Scope& scope);
// `capture:` of a secret whose places are read (parse_capture.cc).
void parse_capture(const YamlNode& node, ParseContext& context, SecretRule& rule);
// An entry of a secret's `bindings:` -> one scope of the rule, or several if it lists hosts
// (parse_scope.cc).
void parse_scope(const YamlNode& node, ParseContext& context, SecretRule& rule);
// `hosts:`, a list of a venue's hosts or several -> as many scopes like `scope` (parse_hosts.cc).
void parse_hosts(const YamlNode& node,
                 const Scope& scope,
                 ParseContext& context,
                 std::vector<Scope>& scopes);
// A method that can be bound, as requests must have it: one in wide use in upper case, however it
// is written. Nothing after an error at `place` (parse_scope.cc).
// A word that is nearly a method in wide use is a warning where it allows, and an error where it
// blocks: nobody would notice that it does not.
enum class MethodUse : std::uint8_t { allowing, blocking };
std::optional<std::string> parse_method(std::string_view text,
                                        MethodUse use,
                                        Place place,
                                        ConfigIssues& issues);
// "METHOD /path*", and a list of them (parse_limits.cc); `what`: the key that it stands under.
void parse_blocked_entry(const YamlNode& node,
                         std::string_view what,
                         ConfigIssues& issues,
                         std::vector<BlockedEndpoint>& blocked);
void parse_blocked(const YamlNode& node,
                   std::string_view what,
                   ConfigIssues& issues,
                   std::vector<BlockedEndpoint>& blocked);
// The keys of an entry of `bindings:` that bound its use: rate_limit, quota, blocked, max_body,
// response_timeout (parse_limits.cc); those of trading (parse_trading.cc); callers, route
// (parse_access.cc).
void parse_scope_limits(const YamlSection& section, ParseContext& context, Scope& scope);
// `venue`: of the rule; nullptr: none.
void parse_scope_trading(const YamlSection& section,
                         const Venue* venue,
                         ParseContext& context,
                         Scope& scope);
void parse_scope_access(const YamlSection& section, ParseContext& context, Scope& scope);
// scrub, uninspectable and real_value of an entry of `bindings:` (parse_answers.cc).
void parse_scope_answers(const YamlSection& section, ParseContext& context, Scope& scope);
// A `callers:` that lists some of the file's callers, of a scope or a custom service
// (parse_access.cc).
void parse_scope_callers(const YamlNode& node, ParseContext& context, Scope& scope);
// Is it a name that a route or a custom service can have? Reports it if not.
bool check_route_name(const YamlNode& name, std::string_view what, ParseContext& context);
// `allow_addresses:` (parse_scope.cc)
void parse_allow_addresses(const YamlNode& node,
                           ConfigIssues& issues,
                           std::vector<AddressRange>& ranges);
// The keys of trading that some venue takes (parse_trading.cc).
std::vector<std::string_view> trading_keys(Venues venues);
// What can be said of them only when the whole rule is read: whether its venue takes them, and
// these hosts. `entries`: the rule's `bindings:` (parse_trading.cc).
void check_trading(const YamlNode& entries, const SecretRule& rule, ParseContext& context);
// Does its venue take those of one entry? For the `bindings:` of a place (parse_trading.cc).
void check_trading_keys(const YamlNode& entry, const SecretRule& rule, ParseContext& context);
// `callers:` of the file (parse_access.cc) and `custom:` (parse_custom.cc).
void parse_callers(const YamlNode& node, ParseContext& context, Bindings& bindings);
void parse_custom(const YamlNode& node, ParseContext& context, Bindings& bindings);
// `allow_users:`, after `callers:`, and `allow_origins:` (parse_clients.cc).
void parse_allow_users(const YamlNode& node, ParseContext& context, Bindings& bindings);
void parse_allow_origins(const YamlNode& node, ParseContext& context, Bindings& bindings);
// `upstream:` (parse_upstream.cc)
void parse_upstream(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream);
// `audit:`, and `preflight:`, which is checked and changes nothing (parse_ops.cc).
void parse_audit(const YamlNode& node, ParseContext& context, Bindings& bindings);
void parse_preflight(const YamlNode& node, ParseContext& context);
// `manage:` (parse_manage.cc)
void parse_manage(const YamlNode& node, ParseContext& context, Bindings& bindings);
// `sources:`, and `backend:` and `cache:` of agent-vault-proxy's files (parse_sources.cc).
void parse_sources(const YamlSection& top, ParseContext& context);
// `binding_source:` and what belongs to it, after the sources (parse_notes.cc).
void parse_notes(const YamlSection& top, ParseContext& context, Bindings& bindings);
// The settings that a kind of source takes, and `allow_addresses` (parse_sources.cc).
void parse_source_settings(const YamlSection& section,
                           std::span<const vault::SettingRule> rules,
                           ConfigIssues& issues,
                           vault::SourceSpec& spec);
void parse_source_addresses(const YamlSection& section,
                            ConfigIssues& issues,
                            vault::SourceSpec& spec);
// The types of `inject:` whose credential is fetched with what the secret says (parse_mint.cc).
struct MintType;
std::vector<std::string_view> mint_types();
// Null: it is none.
const MintType* find_mint_type(std::string_view name);
// The keys of such an entry besides those of a placement.
std::vector<std::string_view> mint_keys(const MintType& type, vault::BackendKinds kinds);
// The entry of that name in no vault, which the credential is made of, once its source is read;
// null after an error.
std::optional<vault::SecretName> parse_mint(const YamlSection& section,
                                            const MintType& type,
                                            ParseContext& context,
                                            const SecretRule& rule);
// The injection under the type's name, and what its value looks like where nothing is said.
std::unique_ptr<const Injection> as_minted(const MintType& type,
                                           std::unique_ptr<const Injection> made);
std::string_view minted_format(const MintType& type);
// `source`, `key` and `field` of a secret whose places have been read: where the entries that it
// needs come from (parse_secret_source.cc).
void parse_secret_source(const YamlSection& section, const SecretRule& rule, ParseContext& context);

// `name`, made absolute by the file's folder.
std::string absolute_path(const ParseContext& context, const std::string& name);

// Where byte `offset` of a scalar's value stands in the file: exact for values written on one line
// without escapes, else the value's begin.
Place place_in(const YamlNode& scalar, std::size_t offset, std::string_view text);

}  // namespace keyswap::bindings
