// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/check_openers.h"

#include <string>
#include <utility>
#include <variant>

#include "proxy/cli/source_steps.h"
#include "proxy/cli/terminal.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

// The vault may be read anew for that: what was said last may have been put in just now.
vault::Answer read_opener(const std::string& where, vault::Vault& vault, std::int64_t now_s) {
  const vault::Step step = vault::read_own(where);
  if (const auto* const file = std::get_if<vault::ReadFile>(&step)) {
    return read_own_file(*file);
  }
  return read_own_entry(vault, std::get<vault::ReadEntry>(step), true, now_s);
}

Problem check_opener(const vault::SourceSpec& spec,
                     const vault::SettingRule& rule,
                     vault::Vault& vault,
                     std::int64_t now_s) {
  const std::string* const where = spec.setting(rule.name);
  if (rule.check_opener == nullptr || where == nullptr) {
    return std::nullopt;
  }
  auto answer = read_opener(*where, vault, now_s);
  const std::string what =
      "the source " + spec.id + ": `" + std::string(rule.name) + "` (" + printable(*where) + ")";
  if (const auto* const error = std::get_if<base::Error>(&answer)) {
    return Failure{Exit::usage,
                   what + " cannot be read: " + explain(*error),
                   "put it in with keyswap secret add, or see that its file is there, and that it "
                   "is this user's alone"};
  }
  const auto value = vault::read_own_value(answer);
  const auto* const secret = std::get_if<vault::Secret>(&value);
  if (const char* const why = secret == nullptr ? nullptr : rule.check_opener(*secret)) {
    return Failure{Exit::usage,
                   what + ": " + why,
                   "give it the right value; for an entry of the vault: keyswap secret rotate"};
  }
  return std::nullopt;
}

}  // namespace

Problem check_openers(const bindings::Bindings& bindings, vault::Vault& vault, std::int64_t now_s) {
  if (bindings.sources == nullptr) {
    return std::nullopt;
  }
  for (const vault::SourceSpec& spec : bindings.sources->specs()) {
    const vault::BackendKind* const kind = vault::find_backend_kind(spec.kind);
    for (std::size_t i = 0; kind != nullptr && i < kind->settings.size(); ++i) {
      if (auto problem = check_opener(spec, kind->settings[i], vault, now_s)) {
        return problem;
      }
    }
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
