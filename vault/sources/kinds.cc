// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/kinds.h"

#include <algorithm>
#include <array>

namespace keyswap::vault {

extern const BackendKind kAwsSecretsManagerKind;
extern const BackendKind kAwsStsKind;
extern const BackendKind kBitwardenKind;
extern const BackendKind kCommandKind;
extern const BackendKind kCommandKind;
extern const BackendKind kEnvKind;
extern const BackendKind kFileKind;
extern const BackendKind kGcpSecretManagerKind;
extern const BackendKind kOnePasswordKind;
extern const BackendKind kTransitKind;
extern const BackendKind kVaultKind;

// One line a kind, by name.
BackendKinds backend_kinds() {
  static const std::array kKinds = {
      kAwsSecretsManagerKind,
      kAwsStsKind,
      kBitwardenKind,
      kCommandKind,
      kEnvKind,
      kFileKind,
      kGcpSecretManagerKind,
      BackendKind{.name = kLocalKind, .is_remote = false},
      kOnePasswordKind,
      kTransitKind,
      kVaultKind,
  };
  return kKinds;
}

const BackendKind* find_backend_kind(std::string_view name) {
  const BackendKinds kinds = backend_kinds();
  const auto found = std::ranges::find(kinds, name, &BackendKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace keyswap::vault
