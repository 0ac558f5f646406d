// SPDX-License-Identifier: Apache-2.0
//
// Which secret comes from which source: a part of the policy (I14), so that a request fetches by
// the table of the policy that it was judged by. What stands here is of the bindings' file and
// approved with it (I17); a secret is never in it. What a source is opened with is named, and lies
// in the vault of this machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vault/secret_name.h"

namespace keyswap::vault {

// A line of a source's settings, as it stands in the file; never a secret.
struct SourceSetting {
  std::string name;
  std::string value;

  bool operator==(const SourceSetting&) const = default;
};

// How long what a source gave is good for.
struct CacheRule {
  std::int64_t ttl_ms = 300'000;
  std::int64_t jitter_ms = 30'000;  // each entry lives so much longer or shorter, at most ttl / 2
  std::size_t entries_max = 100;
  std::int64_t stale_ms = 0;  // so long past its end, while the source is down

  bool operator==(const CacheRule&) const = default;
};

// Addresses that are not public, and that a source may be at all the same (I12).
struct AllowedRange {
  std::string address;  // without the prefix
  std::uint8_t prefix_bits = 0;

  bool operator==(const AllowedRange&) const = default;
};

struct SourceSpec {
  std::string id;    // the key under `sources:`; "backend" of a foreign file; "mint:NAME"
  std::string kind;  // "bitwarden": a line of vault/sources/kinds.cc
  std::vector<SourceSetting> settings;
  std::vector<std::string> argv;  // of `command`; empty for all others
  std::vector<SecretName> own;    // entries of the local vault that it opens itself with
  std::vector<AllowedRange> allowed;
  CacheRule cache;
  bool is_minted = false;  // its values are made for us alone, and are not for a new policy

  bool operator==(const SourceSpec&) const = default;

  // The setting's text; nothing if the file does not say it.
  [[nodiscard]] const std::string* setting(std::string_view name) const;
  // Another specification has another text, and the same has the same: what was fetched by one is
  // good for the other.
  [[nodiscard]] std::string digest() const;
};

// Where one secret comes from.
struct Route {
  std::uint32_t source = 0;  // in SourceTable::specs()
  std::string key;           // the name it has there
  std::string field;         // picked from a value that has several; "" the whole

  bool operator==(const Route&) const = default;
};

// Immutable.
class SourceTable {
 public:
  using Routes = std::unordered_map<SecretName, Route>;

  SourceTable() = default;

  // Each route's source is one of `specs`.
  SourceTable(std::vector<SourceSpec> specs, Routes routes);

  // Null: it is in the vault of this machine. Lives as long as the table.
  [[nodiscard]] const Route* find(const SecretName& name) const;
  // The source of that name; null as above.
  [[nodiscard]] const SourceSpec* source_of(const SecretName& name) const;

  [[nodiscard]] std::span<const SourceSpec> specs() const { return specs_; }

  [[nodiscard]] const Routes& routes() const { return routes_; }

 private:
  std::vector<SourceSpec> specs_;
  Routes routes_;
};

}  // namespace keyswap::vault
