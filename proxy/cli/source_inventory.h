// SPDX-License-Identifier: Apache-2.0
//
// The sources of some bindings, with the secrets that come from each: what the file says, without
// asking anybody. What a source is opened with is named, and never here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "vault/source.h"
#include "vault/source_kind.h"
#include "vault/source_table.h"

namespace keyswap::cli {

struct SourcedSecret {
  std::string name;   // in the bindings
  std::string key;    // what it is called at its source
  std::string field;  // "" the whole
  vault::EntryKind kind = vault::EntryKind::text;

  bool operator==(const SourcedSecret&) const = default;
};

// What a source is opened with lies there.
struct Opener {
  std::string setting;  // "access_token"; "" where the file does not say it
  std::string place;    // an entry of the vault, credential:NAME, or a path

  bool operator==(const Opener&) const = default;
};

struct NamedSource {
  std::string id;
  std::string kind;
  const vault::SourceSpec* spec = nullptr;  // of the bindings' table; null: the vault itself
  std::vector<SourcedSecret> secrets;       // by name
  std::vector<Opener> openers;

  [[nodiscard]] bool is_local() const { return kind == vault::kLocalKind; }
};

// The vault of this machine first, under the name "local" (`source: local` is what the file says of
// its secrets), then the others in the order of the file.
std::vector<NamedSource> sources_of(const bindings::Bindings& bindings);

// Settings that are no openers, and the program: where it is and what is asked for there. In one
// line.
std::string where_of(const NamedSource& source);

// "300 s, 30 s more or less; at most 100 values", and how long past its end.
std::string cache_of(const vault::CacheRule& rule);

}  // namespace keyswap::cli
