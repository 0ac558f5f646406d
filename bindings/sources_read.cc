// SPDX-License-Identifier: Apache-2.0
#include "bindings/sources_read.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "vault/source_kind.h"

namespace keyswap::bindings {

std::uint32_t SourcesRead::add(vault::SourceSpec spec, Place place) {
  specs_.push_back(std::move(spec));
  places_.push_back(place);
  return static_cast<std::uint32_t>(specs_.size() - 1);
}

std::optional<std::uint32_t> SourcesRead::find(std::string_view id) const {
  const auto found = std::ranges::find(specs_, id, &vault::SourceSpec::id);
  return found == specs_.end() ? std::nullopt
                               : std::optional(static_cast<std::uint32_t>(found - specs_.begin()));
}

std::vector<std::string_view> SourcesRead::ids() const {
  std::vector<std::string_view> ids = {vault::kLocalKind};
  for (const vault::SourceSpec& spec : specs_) {
    if (!spec.is_minted) {
      ids.emplace_back(spec.id);
    }
  }
  return ids;
}

void SourcesRead::route(const vault::SecretName& name,
                        std::optional<vault::Route> route,
                        bool is_own,
                        Place place) {
  (is_own ? own_ : others_).push_back({name, std::move(route), place});
}

std::shared_ptr<const vault::SourceTable> SourcesRead::table(ConfigIssues& issues) {
  std::unordered_map<vault::SecretName, std::optional<vault::Route>> decided;
  for (Wish& wish : own_) {
    decided.try_emplace(wish.name, std::move(wish.route));
  }
  std::unordered_set<vault::SecretName> own;
  for (const auto& [name, route] : decided) {
    own.insert(name);
  }
  for (const Wish& wish : others_) {
    const auto [found, is_new] = decided.try_emplace(wish.name, wish.route);
    if (!is_new && !own.contains(wish.name) && found->second != wish.route) {
      issues.error(
          wish.place,
          "'" + wish.name.text() + "' comes from elsewhere for another secret of this file",
          "an entry has one source for all that need it");
    }
  }
  vault::SourceTable::Routes routes;
  std::vector<bool> is_used(specs_.size());
  for (auto& [name, route] : decided) {
    if (route) {
      is_used[route->source] = true;
      routes.emplace(name, std::move(*route));
    }
  }
  for (const std::uint32_t source : used_) {
    is_used[source] = true;
  }
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (!is_used[i] && !specs_[i].is_minted && of_all_ != i) {
      issues.warning(places_[i], "no secret comes from the source '" + specs_[i].id + "'");
    }
  }
  return specs_.empty()
             ? nullptr
             : std::make_shared<const vault::SourceTable>(std::move(specs_), std::move(routes));
}

}  // namespace keyswap::bindings
