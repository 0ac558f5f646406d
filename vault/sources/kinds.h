// SPDX-License-Identifier: Apache-2.0
//
// The kinds of sources that there are: what each is called, which settings it takes, and how it is
// made. A kind is a file of this folder and a line in kinds.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// The vault of this machine, under whatever name: the router answers (vault/sources/sources.h).
inline constexpr std::string_view kLocalKind = "local";

// A setting that a kind takes.
struct SettingRule {
  std::string_view name;
  bool is_required = false;
  bool is_entry = false;  // its value names what the source is opened with (SourceSpec::own)
  // Why a text cannot be its value; null: it can. Null itself: any text is right.
  const char* (*check)(std::string_view text) = nullptr;
};

struct BackendKind {
  std::string_view name;                      // "bitwarden"
  std::span<const std::string_view> aliases;  // in a foreign file's `backend:`: "bws"
  std::span<const SettingRule> settings;
  bool wants_command = false;  // `argv`, which no other takes
  bool is_remote = true;       // takes `allow_addresses`
  // Null: the router answers itself (`local`).
  std::unique_ptr<Backend> (*make)(const SourceSpec& spec) = nullptr;
};

// All of them, by name.
[[nodiscard]] std::span<const BackendKind> backend_kinds();
// By its name; null: there is none.
[[nodiscard]] const BackendKind* find_backend_kind(std::string_view name);
// By its name or an alias; null as above.
[[nodiscard]] const BackendKind* find_foreign_backend(std::string_view name);

}  // namespace keyswap::vault
