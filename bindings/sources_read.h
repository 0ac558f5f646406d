// SPDX-License-Identifier: Apache-2.0
//
// The sources of a file and what comes from them, as they are found while it is read. What a secret
// says of its own name counts before what others, which need it too, say by the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bindings/config_issues.h"
#include "vault/source_table.h"

namespace keyswap::bindings {

class SourcesRead {
 public:
  // Its number. Its id is no other's.
  std::uint32_t add(vault::SourceSpec spec, Place place);
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view id) const;
  // Of all that can be named.
  [[nodiscard]] std::vector<std::string_view> ids() const;

  [[nodiscard]] const std::vector<vault::SourceSpec>& specs() const { return specs_; }

  [[nodiscard]] std::size_t count() const { return specs_.size(); }

  // What every secret comes from that names no other: `backend:` of a foreign file.
  void set_of_all(std::uint32_t source) { of_all_ = source; }

  [[nodiscard]] std::optional<std::uint32_t> of_all() const { return of_all_; }

  // It is asked for more than secrets.
  void use(std::uint32_t source) { used_.push_back(source); }

  // An entry comes from there; nothing: it is in the vault of this machine. `is_own`: says the
  // secret of that name itself.
  void route(const vault::SecretName& name,
             std::optional<vault::Route> route,
             bool is_own,
             Place place);

  // Null: nothing comes from elsewhere. Reports what contradicts itself, and sources of no use.
  [[nodiscard]] std::shared_ptr<const vault::SourceTable> table(ConfigIssues& issues);

 private:
  struct Wish {
    vault::SecretName name;
    std::optional<vault::Route> route;
    Place place;
  };

  std::vector<vault::SourceSpec> specs_;
  std::vector<Place> places_;  // of these
  std::optional<std::uint32_t> of_all_;
  std::vector<std::uint32_t> used_;
  std::vector<Wish> own_;
  std::vector<Wish> others_;
};

}  // namespace keyswap::bindings
