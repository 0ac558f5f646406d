// SPDX-License-Identifier: Apache-2.0
//
// Kinds of sources that no program has, for what reads them.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "vault/source_kind.h"
#include "vault/sources/run.h"

namespace keyswap::bindings::test {

inline const char* refuse_bad(std::string_view text) {
  return text == "bad" ? "the test refuses it" : nullptr;
}

inline constexpr std::array<vault::SettingRule, 3> kRemoteSettings = {
    vault::SettingRule{.name = "address", .is_required = true, .check = refuse_bad},
    vault::SettingRule{.name = "groups", .is_list = true},
    vault::SettingRule{.name = "token", .is_entry = true}};
inline constexpr std::array<vault::SettingRule, 2> kForeignSettings = {
    vault::SettingRule{.name = "address_url", .is_required = true},
    vault::SettingRule{.name = "state", .no_effect = "the test keeps none"}};
inline constexpr std::array<std::string_view, 1> kAliases = {"far"};

inline constexpr vault::BackendKind kCommandKind = {
    .name = "command", .wants_command = true, .is_remote = false};
inline constexpr vault::BackendKind kLocalKind = {.name = vault::kLocalKind, .is_remote = false};
inline constexpr vault::BackendKind kMintKind = {.name = "mint", .is_minting = true};
inline constexpr vault::BackendKind kRemoteKind = {.name = "remote",
                                                   .aliases = kAliases,
                                                   .settings = kRemoteSettings,
                                                   .foreign_settings = kForeignSettings};

inline const char* refuse_alone(const vault::SourceSpec& spec) {
  return spec.setting("fallback") != nullptr && spec.setting("token") == nullptr
             ? "`fallback` needs a `token`"
             : nullptr;
}

inline constexpr std::array<vault::SettingRule, 2> kSealedSettings = {
    vault::SettingRule{.name = "fallback"}, vault::SettingRule{.name = "token", .is_entry = true}};
inline constexpr vault::BackendKind kSealedKind = {
    .name = vault::kSealedKind, .settings = kSealedSettings, .check = refuse_alone};
inline constexpr std::array kKinds = {
    &kCommandKind, &kLocalKind, &kMintKind, &kRemoteKind, &kSealedKind};

}  // namespace keyswap::bindings::test
