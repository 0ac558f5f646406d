// SPDX-License-Identifier: Apache-2.0
//
// What can be said of a kind of source without asking one: which settings it takes. The parser of
// the bindings is given the table (vault/sources/kinds.h), which it could not include.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "vault/secret.h"
#include "vault/source_table.h"

namespace keyswap::vault {

class Backend;  // vault/sources/run.h

// The vault of this machine, under whatever name: the router answers (vault/sources/sources.h).
inline constexpr std::string_view kLocalKind = "local";

// Its values are entries of the vault of this machine that somebody else sealed once more: a key is
// an entry's name (Backend::seal()).
inline constexpr std::string_view kSealedKind = "transit";

// A setting that a kind takes.
struct SettingRule {
  std::string_view name;
  bool is_required = false;
  // Its value says what the source is opened with: the name of an entry of the vault of this
  // machine (then in SourceSpec::own), `credential:NAME`, or an absolute path.
  bool is_entry = false;
  // Why a text cannot be its value; null: it can. Null itself: any text is right.
  const char* (*check)(std::string_view text) = nullptr;
  bool is_list = false;  // of texts; its value has them one a line
  // Of an opener that is needed when all else fails, so that it is looked at before the bindings
  // are served by: why what it names is no good, in fixed words; null: it is good.
  const char* (*check_opener)(const Secret& value) = nullptr;
  // Why it says nothing here, which is a warning, as in "this is made anew"; null: it does.
  const char* no_effect = nullptr;
};

struct BackendKind {
  std::string_view name;                           // "bitwarden"
  std::span<const std::string_view> aliases = {};  // in a foreign file's `backend:`: "bws"
  std::span<const SettingRule> settings = {};      // of `sources:`
  bool wants_command = false;                      // `argv`, which no other takes
  bool is_remote = true;                           // takes `allow_addresses`
  // Null: the router answers itself (`local`).
  std::unique_ptr<Backend> (*make)(const SourceSpec& spec) = nullptr;
  // Of a foreign file's `config:`; none: as `settings`.
  std::span<const SettingRule> foreign_settings = {};
  // What `inject:` makes a source of, and no entry of `sources:` is.
  bool is_minting = false;
  bool has_notes = false;  // Backend::notes() brings them
  // Why the settings do not go together; null: they do.
  const char* (*check)(const SourceSpec& spec) = nullptr;
};

using BackendKinds = std::span<const BackendKind* const>;

// What a foreign file's `backend:` calls so, in letters of either case; null: there is none.
inline const BackendKind* find_foreign_kind(BackendKinds kinds, std::string_view type) {
  std::string text(type);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto found = std::ranges::find_if(kinds, [&](const BackendKind* kind) {
    return kind->name != kLocalKind && !kind->is_minting &&
           (kind->name == text || std::ranges::find(kind->aliases, text) != kind->aliases.end());
  });
  return found == kinds.end() ? nullptr : *found;
}

}  // namespace keyswap::vault
