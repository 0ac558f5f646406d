// SPDX-License-Identifier: Apache-2.0
//
// What an import makes of the credentials that it found: secrets with names that are free,
// placeholders, entries of bindings.yaml, and the file with the placeholders in it. What is kept
// and bound so already is not made a second time. All of it is made and checked here; nothing is
// written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/strict_yaml.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/credential_file.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/terminal.h"
#include "vault/secret_name.h"
#include "vault/vault.h"

namespace keyswap::cli {

// What takes the place of a value in the file.
struct Replacement {
  std::size_t begin = 0;  // in the file's text
  std::size_t size = 0;
  std::string text;
};

// What of a secret is there already: after an import that was cut off, or of another file.
enum class Known : std::uint8_t { nothing, value, binding };

struct PlannedSecret {
  Known known = Known::nothing;
  vault::SecretName name;
  LockedText value;
  std::string service;
  std::size_t line = 0;  // where it was found first
  std::string placeholder;
  std::vector<std::string> hosts;
  bindings::YamlNode entry;  // where no binding is known
  std::vector<Replacement> replacements;
  std::string source;  // host and provider that it was found for
};

struct ImportPlan {
  std::vector<PlannedSecret> secrets;
  std::string bindings;               // the bindings file's text with their entries
  std::vector<std::string> left_out;  // and why

  // Is there more to do than to put placeholders into the file?
  [[nodiscard]] bool binds() const;
};

// `text`: of the file in which they were found. `service`: what the vault says they are for, where
// no provider does.
Outcome<ImportPlan> plan_import(vault::Vault& vault,
                                const BindingsFile& file,
                                std::string_view text,
                                const CredentialFile& found,
                                const std::string& service);

// The file's text with the placeholders.
Outcome<LockedText> text_with_placeholders(std::string_view text, const ImportPlan& plan);

}  // namespace keyswap::cli
