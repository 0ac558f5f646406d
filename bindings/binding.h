// SPDX-License-Identifier: Apache-2.0
//
// Bindings: which secret may go where. An immutable snapshot of bindings.yaml; a request keeps the
// one it began with (I14). Made by bindings/parse; asked by proxy/flow/decide.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bindings/injection.h"
#include "bindings/path_pattern.h"
#include "bindings/placeholder.h"
#include "proxy/base/result.h"
#include "proxy/http/target.h"
#include "vault/secret_name.h"

namespace keyswap::bindings {

// Exact host, or "*.example.com" = exactly one more label.
struct HostPattern {
  std::string host;  // normal form; without the "*." when is_wildcard
  bool is_wildcard = false;
};

// An address range that this binding may dial although it is not public (I12), e.g. 10.1.0.0/16.
struct AddressRange {
  std::string address;  // canonical text
  std::uint8_t prefix_bits = 0;
};

struct Scope {  // one entry of a secret's `bindings:` list
  HostPattern host;
  std::uint16_t port = 443;
  std::vector<std::string> methods;  // upper case; empty = any
  std::vector<PathPattern> paths;    // empty = any
  std::vector<AddressRange> allow_addresses;
};

struct SecretRule {  // one entry of `secrets:`
  vault::SecretName name;
  std::string placeholder;
  std::unique_ptr<const Injection> injection;
  std::vector<Scope> scopes;
};

enum class UnmatchedDestination : std::uint8_t { forward_unmodified, deny };
enum class TlsTermination : std::uint8_t { bound, all };
// What becomes of a known placeholder at a place it is not bound to (I2).
enum class MisplacedPlaceholder : std::uint8_t { forward, refuse };

struct UpstreamProxy {
  std::string host;
  std::uint16_t port = 0;
};

struct UpstreamSettings {
  std::vector<std::string> ca_files;  // absolute paths
  // "host:port" -> where to connect instead; the name verified stays the same.
  std::unordered_map<std::string, http::Authority> resolve;
  std::unique_ptr<UpstreamProxy> proxy;  // null: none
};

// Is it in scope? Why not?
enum class Match : std::uint8_t { matched, other_destination, out_of_scope };

class Bindings {
 public:
  Bindings() = default;
  Bindings(const Bindings&) = delete;
  Bindings& operator=(const Bindings&) = delete;
  Bindings(Bindings&&) = default;
  Bindings& operator=(Bindings&&) = default;
  ~Bindings() = default;

  std::vector<SecretRule> rules;
  UnmatchedDestination unmatched_destination = UnmatchedDestination::forward_unmodified;
  TlsTermination tls_termination = TlsTermination::bound;
  MisplacedPlaceholder misplaced_placeholder = MisplacedPlaceholder::forward;
  UpstreamSettings upstream;
  std::string audit_path;  // absolute; "" = the home's
  std::string sha256;      // hex, of the file's bytes

  // Builds the lookups below from `rules`; called once by the parser.
  void build_index();

  // Does any rule name this host and port? (One or two hash lookups, however many rules there are.)
  [[nodiscard]] bool binds(const http::Authority& destination) const;

  // Indexes into `rules` whose placeholder occurs in `text`, each once, ascending, appended to
  // `found`. One pass, however many placeholders there are.
  void find_placeholders(std::string_view text, std::vector<std::uint32_t>& found) const;

  // May rule `rule` be used for this request? `target`: in origin form, with its query (scopes
  // judge the path alone, but git's discovery request names its service in the query:
  // bindings/path_pattern.h). Some scope must match in host, port, method and path, the path in
  // every reading (contract 4).
  [[nodiscard]] Match match(std::uint32_t rule,
                            const http::Authority& destination,
                            std::string_view method,
                            std::string_view target) const;

  // Every range that some binding naming this host and port allows to be dialled.
  [[nodiscard]] std::vector<AddressRange> allowed_addresses(
      const http::Authority& destination) const;

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

  using RuleNumbers = std::vector<std::uint32_t>;  // ascending

  void index_hosts(std::uint32_t number);
  [[nodiscard]] const RuleNumbers* rules_of(const HostKeyView& key) const;

  std::unordered_map<HostKey, RuleNumbers, HostKeyHash, HostKeyEqual> by_host_;
  bool has_wildcards_ = false;
  PlaceholderIndex placeholders_;
};

}  // namespace keyswap::bindings
