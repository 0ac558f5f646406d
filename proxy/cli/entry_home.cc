// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/entry_home.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include "proxy/cli/asked_source.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/source_outcome.h"
#include "proxy/cli/terminal.h"
#include "vault/source_kind.h"
#include "vault/sources/transit_row.h"

namespace keyswap::cli {

namespace {

const vault::SourceSpec* find_source(const bindings::Bindings& bindings, const std::string& id) {
  const auto specs = bindings.sources == nullptr ? std::span<const vault::SourceSpec>()
                                                 : bindings.sources->specs();
  const auto found = std::ranges::find(specs, id, &vault::SourceSpec::id);
  return found == specs.end() ? nullptr : &*found;
}

// An entry's name, and the id of a source that seals it; by the bindings that are served, else the
// home's. None where these cannot be read.
using Sealers = std::multimap<std::string, std::string, std::less<>>;

Sealers sealers_in(const Home& home) {
  auto parsed = read_bindings(served_bindings(home));
  Sealers sealers;
  if (!parsed || !parsed->errors.empty() || parsed->bindings.sources == nullptr) {
    return sealers;
  }
  const vault::SourceTable& table = *parsed->bindings.sources;
  std::set<std::pair<std::string, std::string>> each;  // several secrets may be fields of one entry
  for (const auto& [secret, route] : table.routes()) {
    const vault::SourceSpec& spec = table.specs()[route.source];
    if (spec.kind == vault::kSealedKind) {
      each.emplace(route.key, spec.id);
    }
  }
  sealers.insert(each.begin(), each.end());
  return sealers;
}

bool is_sealed(const vault::Secret& row) {
  return vault::transit::row_kind(row.reveal()) != vault::transit::RowKind::plain;
}

}  // namespace

void remark_unsealed(const Home& home, const std::vector<vault::SecretName>& names) {
  const Sealers sealers = sealers_in(home);
  for (const vault::SecretName& name : names) {
    if (const auto found = sealers.find(name.text()); found != sealers.end()) {
      remark(name.text() + " has to be sealed before it is used: keyswap source seal " +
             found->second);
    }
  }
}

Outcome<EntryHome> EntryHome::open(const std::string& home,
                                   const UnlockOptions& unlock,
                                   const vault::SecretName& name) {
  auto checked = checked_home_of(home);
  if (!checked) {
    return checked.failure();
  }
  const Sealers all = sealers_in(checked.value());
  const auto [first, last] = all.equal_range(name.text());
  const auto sealers = std::distance(first, last);
  EntryHome made;
  if (sealers == 0) {
    auto opened = open_home(home, unlock);
    if (!opened) {
      return opened.failure();
    }
    made.alone_.emplace(std::move(opened).value());
    return made;
  }
  if (sealers > 1) {
    return Failure{Exit::no,
                   name.text() + " is a secret of the sources " + first->second + " and " +
                       std::next(first)->second + ", and one alone can seal it",
                   "let each have an entry of its own: `key` of the secret"};
  }
  auto online = Online::open({.home = home, .unlock = unlock, .bindings = ""});
  if (!online) {
    return online.failure();
  }
  made.online_ = std::move(online).value();
  made.sealer_ = first->second;
  return made;
}

const Home& EntryHome::home() const {
  return online_ == nullptr ? alone_->home : online_->home();
}

vault::Vault& EntryHome::vault() {
  return online_ == nullptr ? alone_->vault : online_->vault();
}

// What is sealed is not replaced by what is not, in silence: the bindings may be broken, others
// than are served, or changed by somebody who may not approve them.
Outcome<vault::Secret> EntryHome::unsealed(const vault::SecretName& name,
                                           vault::Secret value) const {
  const auto before = alone_->vault.fetch(name, 0);
  if (before && is_sealed(*before) && !is_sealed(value)) {
    return Failure{Exit::no,
                   name.text() + " is sealed, and no source of these bindings seals it",
                   "name its source there; or remove the secret, and add it"};
  }
  return value;
}

Outcome<vault::Secret> EntryHome::sealed(const vault::SecretName& name, vault::Secret value) {
  if (online_ == nullptr) {
    return unsealed(name, std::move(value));
  }
  const vault::SourceSpec* const spec = find_source(online_->bindings(), sealer_);
  if (spec == nullptr || spec->kind != vault::kSealedKind) {
    return Failure{Exit::no,
                   "the bindings were changed meanwhile: " + sealer_ + " seals no entries there",
                   "nothing was changed; try again"};
  }
  AskedSource asked(*online_, *spec);
  auto outcome = asked.seal(name, std::move(value));
  if (const auto* const failed = std::get_if<vault::Failed>(&outcome)) {
    return Failure{Exit::cannot,
                   name.text() + ": the source " + sealer_ + " did not seal it (" +
                       failed->outcome + "); nothing was changed",
                   advice_on(failed->outcome)};
  }
  vault::FetchedValue& one = std::get<vault::Done>(outcome).values.front();
  if (one.version == vault::kSealedHereWord) {
    warn("the source " + sealer_ + " cannot be reached: " + name.text() +
             " is sealed by its `local_key` for now",
         "Transit seals it when the proxy uses it, or with keyswap source seal " + sealer_);
  }
  return std::move(one.value);
}

}  // namespace keyswap::cli
