// SPDX-License-Identifier: Apache-2.0
//
// Bindings: which secret may go where. An immutable snapshot of bindings.yaml; a request keeps the
// one it began with (I14). Made by bindings/parse; asked by proxy/flow/decide.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bindings/body_index.h"
#include "bindings/body_place.h"
#include "bindings/injection.h"
#include "bindings/out_of_force.h"
#include "bindings/path_pattern.h"
#include "bindings/placeholder.h"
#include "bindings/placement.h"
#include "bindings/request_readings.h"
#include "bindings/sighting_index.h"
#include "bindings/upstream_settings.h"
#include "proxy/base/result.h"
#include "proxy/http/target.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"

namespace keyswap::bindings {

// Exact host, or "*.example.com" = exactly one more label.
struct HostPattern {
  std::string host;  // normal form; without the "*." when is_wildcard
  bool is_wildcard = false;

  bool operator==(const HostPattern&) const = default;

  // Is it a wildcard, and the host one that it stands for?
  [[nodiscard]] bool covers(const HostPattern& one) const;
};

// An address range that this binding may dial although it is not public (I12), e.g. 10.1.0.0/16.
struct AddressRange {
  std::string address;  // canonical text
  std::uint8_t prefix_bits = 0;
};

// So many requests in so long, as a token bucket: `requests` at once, refilled evenly.
struct RateLimit {
  std::uint32_t requests = 0;
  std::int64_t per_ms = 0;
};

// An entry of `blocked:`, e.g. "DELETE /repos/*" (bindings/blocked.h).
struct BlockedEndpoint {
  std::string method;  // upper case; "*" = any
  std::string path;    // `*` = anything, also '/'
};

// What becomes of an answer in which secrets cannot be looked for, because its coding is not known.
enum class Uninspectable : std::uint8_t { forward, block };

// What becomes of a request that has the secret's real value in it, sent by its client.
enum class RealValue : std::uint8_t { forward, refuse };

struct TradingRules;    // bindings/trading_rules.h
struct BodyRules;       // bindings/body_rules.h
struct ModelRules;      // bindings/model_rules.h
struct ApprovalRule;    // bindings/approval_rule.h
struct ManageSettings;  // bindings/manage_settings.h
class Venue;            // bindings/venue.h

using Venues = std::span<const Venue* const>;

struct Scope {  // one entry of a secret's `bindings:` list
  HostPattern host;
  std::uint16_t port = 443;
  std::vector<std::string> methods;  // upper case; empty = any
  std::vector<PathPattern> paths;    // empty = any
  std::vector<AddressRange> allow_addresses;
  // Which entry of the rule's `bindings:` it came of. One that lists several hosts gives several
  // scopes, which share its limits.
  std::uint32_t entry = 0;

  // Limits (bindings/parse_limits.cc).
  std::optional<RateLimit> rate_limit;
  std::optional<std::uint32_t> quota_per_day;  // requests, UTC days
  std::vector<BlockedEndpoint> blocked;
  std::optional<std::uint64_t> max_body_bytes;
  std::optional<std::int64_t> response_timeout_ms;  // until the final response's head is there
  std::shared_ptr<const TradingRules> trading;      // null: the scheme's defaults

  // What a body may say (null: anything), which models are asked for and for how much money, and
  // which requests a person decides on.
  std::shared_ptr<const BodyRules> body_rules;
  std::shared_ptr<const ModelRules> models;
  std::shared_ptr<const ApprovalRule> approval;

  // Access (bindings/parse_access.cc).
  std::vector<std::string> callers;  // who may use it; empty = any that may come at all
  std::string route;                 // joins /proxy/ROUTE/; "" = none
  // Of `custom:`: what stands before the rest of a reverse route's path, e.g. "/v2"; no '/' at its
  // end.
  std::string base_path;
  // May a WebSocket be opened here (`websocket: true`)? Else it is refused.
  bool websocket = false;
  // Are placeholders swapped in the text messages that are sent there, too (`ws_text: true`)?
  bool ws_text = false;

  // Are secrets looked for in the answers (bindings/parse_answers.cc)?
  bool is_scrubbed = true;
  Uninspectable uninspectable = Uninspectable::block;
  RealValue real_value = RealValue::forward;
  // It is of that one of the rule's places alone. Nothing: of those that have none of their own.
  std::optional<std::uint32_t> place;
};

// Where in an answer the value of a secret comes (bindings/parse_capture.cc).
struct Capture {
  enum class From : std::uint8_t { json, form, header, cookie };

  Scope where;  // of the request: its host, port, methods, paths and callers alone
  From from = From::json;
  JsonPointer pointer;        // of a string in a JSON text
  std::string name;           // of a form's field, a header (lower case), a cookie
  bool is_signature = false;  // of a JWT, whose claims the client reads
  // Where the seconds stand that it is good for, in the same JSON text or form; empty: nowhere.
  JsonPointer life_pointer;
  std::string life_name;

  [[nodiscard]] bool has_same_place(const Capture& other) const {
    return from == other.from && pointer == other.pointer && name == other.name;
  }
};

// How a rule is used: by its placeholder in a forwarded request, only by a reverse route, or never:
// whoever sends a honeytoken's placeholder is told of; an unbound one is of a source's secret that
// no note binds, and is there to be known.
enum class RuleKind : std::uint8_t { secret, custom, honeytoken, unbound };

// A field that goes with a credential where the client sent none of that name.
struct Companion {
  std::string name;
  std::string value;
};

// What becomes of a place that is there without the placeholder, on a reverse route.
enum class OnExisting : std::uint8_t { replace, fail };

// One entry of `inject:`: where the secret may stand, and what it is there.
struct SecretPlace {
  std::unique_ptr<const Placement> placement;
  std::unique_ptr<const Injection> injection;
  bool has_scopes = false;          // of its own: those of the rule's that have its number
  std::size_t occurrences_max = 1;  // of the placeholder in all places of one request
  OnExisting on_existing = OnExisting::replace;
  bool is_required = false;  // a request in scope that does not use the secret is refused
  std::vector<Companion> companions;

  // The scheme as people are told: how it is made where it signs, else where it stands.
  [[nodiscard]] std::string_view scheme() const {
    return injection->signer() != nullptr ? injection->scheme() : placement->kind();
  }
};

struct SecretRule {  // one entry of `secrets:`
  vault::SecretName name;
  std::string placeholder;  // "" for RuleKind::custom: it is never looked for
  // Of a placeholder that is shorter than others: it, with what stands right before it in requests
  // (Scheme::placeholder_mark); "" for all others.
  std::string marked;
  RuleKind kind = RuleKind::secret;
  std::string custom_name;          // of RuleKind::custom: /custom/NAME/
  std::vector<SecretPlace> places;  // empty only for RuleKind::honeytoken and ::unbound
  // The last of them, where a scope has `ws_text: true`: in messages, which are no part of a
  // request.
  std::optional<std::uint32_t> message_place;
  const Venue* venue = nullptr;  // whose scheme it has; null: of none
  std::vector<Scope> scopes;     // of all its places
  // Out of force it goes nowhere. What it says of requests that do not carry it (`blocked`,
  // `require`), and that its hosts are looked into, holds.
  OutOfForce out_of_force = OutOfForce::no;
  // Where its value comes from, besides whoever puts it into the vault.
  std::vector<Capture> captures;
  // Secrets whose placeholders may stand in one request with its own.
  std::vector<vault::SecretName> together_with;

  [[nodiscard]] bool is_out_of_force() const { return out_of_force != OutOfForce::no; }

  // Of its first place, which reverse routes use. What signs has no other. Not for a honeytoken,
  // nor for one that is unbound.
  [[nodiscard]] const Injection& injection() const { return *places.front().injection; }

  // Each scope whose host is looked into for it: where it goes, and where it is captured.
  template <typename See>
  void see_hosts(const See& see) const {
    std::ranges::for_each(scopes, see);
    std::ranges::for_each(captures, see, &Capture::where);
  }

  [[nodiscard]] const Placement& placement() const { return *places.front().placement; }

  [[nodiscard]] const Signer* signer() const {
    return places.empty() ? nullptr : injection().signer();
  }

  [[nodiscard]] const MessageSigner* messages() const {
    return places.empty() ? nullptr : injection().messages();
  }

  // What is looked for in requests.
  [[nodiscard]] std::string_view searched() const {
    return marked.empty() ? std::string_view(placeholder) : std::string_view(marked);
  }

  // What stands where the secret came back (I8).
  [[nodiscard]] std::string_view stand_in() const {
    return placeholder.empty() ? std::string_view(name.text()) : std::string_view(placeholder);
  }

  // The vault entries that some place of it needs, each once.
  [[nodiscard]] std::vector<vault::SecretName> needs() const;

  [[nodiscard]] bool has_place_in_body() const {
    return std::ranges::any_of(
        places, [](const SecretPlace& place) { return place.placement->in_body() != nullptr; });
  }
};

enum class UnmatchedDestination : std::uint8_t { forward_unmodified, deny };
enum class TlsTermination : std::uint8_t { bound, all };
// Where a refused CONNECT is told why: inside of the tunnel, in TLS if the client speaks that, or
// by the status of the CONNECT.
enum class TunnelRefusals : std::uint8_t { tls, connect };
// What becomes of a known placeholder at a place it is not bound to (I2).
enum class MisplacedPlaceholder : std::uint8_t { forward, refuse };

// Which users of this machine are served without a caller's token, besides keyswap's own.
struct AllowedUsers {
  bool is_everybody = false;           // whoever reaches the listener, known or not
  std::vector<std::uint32_t> numbers;  // user ids

  [[nodiscard]] bool has(std::optional<std::uint32_t> user) const {
    return is_everybody || (user && std::ranges::find(numbers, *user) != numbers.end());
  }
};

// How far the notes of a source's secrets count (bindings/note_merge.h).
struct NotesRule {
  // False: of the file's secrets nothing counts but honeytokens.
  bool is_with_file = true;
  std::string source;      // as secrets name it; "": it is that of all that name none
  std::uint32_t spec = 0;  // the same, in SourceTable::specs()
  // Hosts that notes may name; nothing: any.
  std::optional<std::vector<HostPattern>> allowed;
  bool allows_wildcards = false;
  std::int64_t refresh_ms = 0;  // between two readings; 0: at the start and at a reload alone
  std::string salt_path;        // of placeholders that no note says; absolute
  bool is_salt_said = false;    // by the file; else it need not be there
};

// A rule and one of its scopes.
struct RouteUse {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
};

// A rule and one of its captures.
struct CaptureUse {
  std::uint32_t rule = 0;
  std::uint32_t capture = 0;
  // Every server reads the request as one that is meant, and it is meant for its caller. Else a
  // value may not go on, and may not get into the vault either: who sent the request could choose
  // it.
  bool is_certain = false;
  bool is_theirs = false;  // its callers are any, or this one is among them
};

// Is it in scope? Why not?
enum class Match : std::uint8_t { matched, other_destination, out_of_scope };

struct ScopeMatch {
  Match match = Match::other_destination;
  std::uint32_t scope = 0;  // if it matched: which of the rule's scopes
};

class Bindings {
 public:
  Bindings() = default;
  Bindings(const Bindings&) = delete;
  Bindings& operator=(const Bindings&) = delete;
  Bindings(Bindings&&) = default;
  Bindings& operator=(Bindings&&) = default;
  ~Bindings() = default;

  std::vector<SecretRule> rules;
  Venues venues;  // all that there are, whether a rule is of one or not
  UnmatchedDestination unmatched_destination = UnmatchedDestination::forward_unmodified;
  TlsTermination tls_termination = TlsTermination::bound;
  TunnelRefusals tunnel_refusals = TunnelRefusals::tls;
  MisplacedPlaceholder misplaced_placeholder = MisplacedPlaceholder::forward;
  std::vector<std::string> callers;  // who may come; empty = forwarding asks nobody who it is
  AllowedUsers allow_users;
  std::vector<std::string> allow_origins;  // of web pages, as browsers write them
  UpstreamSettings upstream;
  // Where secrets come from that are not in the vault of this machine; null: all are.
  std::shared_ptr<const vault::SourceTable> sources;
  std::optional<NotesRule> notes;  // nothing: the file alone says where secrets go
  // Of the listener from which keyswap is seen and told (`manage:`); null: there is none.
  std::shared_ptr<const ManageSettings> manage;
  std::string audit_path;  // absolute; "" = the home's
  std::string sha256;      // hex, of the file's bytes

  // Does that entry come from a source elsewhere?
  [[nodiscard]] bool is_elsewhere(const vault::SecretName& name) const;
  // The entries of the vault of this machine that are needed: by the rules, and to open the sources
  // with. By name, each once.
  [[nodiscard]] std::vector<vault::SecretName> own_entries() const;

  // Builds the lookups below from `rules`; called once by the parser.
  void build_index();

  // Does any secret's rule name this host and port? (One or two hash lookups, however many rules
  // there are.)
  [[nodiscard]] bool binds(const http::Authority& destination) const;

  // Indexes into `rules` whose placeholder occurs in `text`, each once, ascending, appended to
  // `found`. One pass, however many placeholders there are.
  void find_placeholders(std::string_view text, std::vector<std::uint32_t>& found) const;
  // The first that begins at `from` or later; its number is its rule's.
  [[nodiscard]] std::optional<PlaceholderIndex::Hit> next_placeholder(std::string_view text,
                                                                      std::size_t from) const;

  // I2: the same of those that stand there in any form that is looked for
  // (bindings/sighting_index.h), in the order seen, no more than `most` + 1 of them.
  void see_placeholders(std::string_view text,
                        std::vector<std::uint32_t>& seen,
                        std::size_t most = bounds::kSecretsNamedMax) const {
    sightings_.find(placeholders_, text, seen, most);
  }

  // Bytes of the longest form; 0: there are no placeholders.
  [[nodiscard]] std::size_t longest_sighting() const { return sightings_.longest(); }

  // The placeholders of the rules that have a place in bodies, or in messages.
  [[nodiscard]] const BodyIndex& body_placeholders() const { return body_placeholders_; }

  // May rule `rule` be used for this request, at that one of its places (nothing: at any)? Some
  // scope must match in host, port, method and path, method and path in every reading
  // (docs/bindings.md). The first that matches decides.
  [[nodiscard]] ScopeMatch match_scope(std::uint32_t rule,
                                       std::optional<std::uint32_t> place,
                                       const http::Authority& destination,
                                       const RequestReadings& request) const;

  [[nodiscard]] Match match(std::uint32_t rule,
                            const http::Authority& destination,
                            const RequestReadings& request) const {
    return match_scope(rule, std::nullopt, destination, request).match;
  }

  // Is there a rule that is a honeytoken?
  [[nodiscard]] bool has_honeytokens() const { return has_honeytokens_; }

  // May their placeholders stand in one request? One of the two has to name the other.
  [[nodiscard]] bool may_go_together(std::uint32_t a, std::uint32_t b) const;
  // The first rule whose secret has to be in this request (`require: true`) and is none of `used`.
  // Like what blocks, it asks whether some server might read the request as one in scope, so that
  // no spelling gets around it.
  [[nodiscard]] std::optional<std::uint32_t> missing_rule(
      const http::Authority& destination,
      const RequestReadings& request,
      std::span<const std::uint32_t> used) const;

  // What is captured of the answer to this request, for `caller` and for others. It asks whether
  // some server might read the request as one that is meant, as what blocks does.
  [[nodiscard]] std::vector<CaptureUse> captures_of(const http::Authority& destination,
                                                    const RequestReadings& request,
                                                    std::string_view caller) const;

  // Is there a rule with captures?
  [[nodiscard]] bool has_captures() const { return has_captures_; }

  // Does the entry of that name come in an answer?
  [[nodiscard]] bool is_captured(const vault::SecretName& name) const;

  // The first rule whose scheme knows its clients by what they signed (Signer::knows_its_clients),
  // and which this request is in scope of: the first that serves `caller`; where none does, the
  // first at all, which whoever asks holds against the caller.
  [[nodiscard]] std::optional<RouteUse> proven_use(const http::Authority& destination,
                                                   const RequestReadings& request,
                                                   std::string_view caller) const;

  // Indexes of the rules that name this host and port, ascending.
  [[nodiscard]] std::vector<std::uint32_t> rules_binding(const http::Authority& destination) const;
  // What a request is for: a WebSocket's messages are judged one by one by those who sign them.
  enum class Purpose : std::uint8_t { request, websocket };
  // The first rule binding this destination that forbids the request, whatever it carries: by
  // `blocked:` of a scope there, or because its scheme never lets such a request through.
  [[nodiscard]] std::optional<std::uint32_t> forbidding_rule(
      const http::Authority& destination,
      const RequestReadings& request,
      Purpose purpose = Purpose::request) const;
  // Is it a host that the scheme of some rule keeps closed (Signer::forbids_host), and that no
  // scope with `websocket: true` opens?
  [[nodiscard]] bool forbids_host(const http::Authority& destination) const;
  // Does this scope name the host and port?
  [[nodiscard]] static bool names(const Scope& scope, const http::Authority& destination);

  // Every range that some binding naming this host and port allows to be dialled. What a custom
  // service allows counts for a request on its own route alone (`custom_service`, "" = none): that
  // one has shown a caller's token.
  [[nodiscard]] std::vector<AddressRange> allowed_addresses(
      const http::Authority& destination, std::string_view custom_service = {}) const;

  // The scopes with `websocket: true` that a request for a WebSocket to this destination matches,
  // one of a rule at most, in the order of the rules.
  [[nodiscard]] std::vector<RouteUse> websocket_scopes(const http::Authority& destination,
                                                       const RequestReadings& request) const;

  // The scope that declares `route: NAME` ("proxy/NAME"), or the custom service of that name
  // ("custom/NAME"); nullptr if there is none.
  [[nodiscard]] const RouteUse* find_route(std::string_view name) const;

 private:
  // A wildcard's host is what follows its "*.".
  struct HostKeyView {
    std::string_view host;
    std::uint16_t port = 0;
    bool is_wildcard = false;

    bool operator==(const HostKeyView&) const = default;
  };

  struct HostKey {
    std::string host;
    std::uint16_t port = 0;
    bool is_wildcard = false;

    // NOLINTNEXTLINE(google-explicit-constructor): a key is compared as its view
    operator HostKeyView() const { return {host, port, is_wildcard}; }
  };

  // Both look up by view, so that a request costs no allocation.
  struct HostKeyHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
    std::size_t operator()(const HostKeyView& key) const noexcept;
  };

  struct HostKeyEqual {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name

    bool operator()(const HostKeyView& a, const HostKeyView& b) const noexcept { return a == b; }
  };

  // The first that opens WebSockets, of those that decide for a place of the rule.
  [[nodiscard]] std::optional<std::uint32_t> websocket_scope(std::uint32_t number,
                                                             const http::Authority& destination,
                                                             const RequestReadings& request) const;

  [[nodiscard]] bool may_be_in_scope(std::uint32_t rule,
                                     std::uint32_t place,
                                     const http::Authority& destination,
                                     const RequestReadings& request) const;

  using RuleNumbers = std::vector<std::uint32_t>;  // ascending

  void index_hosts(std::uint32_t number);
  void index_host(const Scope& scope, std::uint32_t number);
  void add_signer(const Signer* signer);
  void index_routes(std::uint32_t number);
  [[nodiscard]] const RuleNumbers* rules_of(const HostKeyView& key) const;

  std::map<std::string, RouteUse, std::less<>> routes_;  // by "proxy/NAME" and "custom/NAME"
  std::unordered_map<HostKey, RuleNumbers, HostKeyHash, HostKeyEqual> by_host_;
  bool has_wildcards_ = false;
  bool has_honeytokens_ = false;
  bool has_guards_ = false;             // some rule may forbid a request
  bool has_required_ = false;           // some place has to be used
  bool has_captures_ = false;           // some answer is captured
  bool has_proving_ = false;            // some scheme knows its clients without a placeholder
  std::vector<const Signer*> signers_;  // one of each scheme; owned by the rules
  PlaceholderIndex placeholders_;
  SightingIndex sightings_;
  BodyIndex body_placeholders_;
};

}  // namespace keyswap::bindings
