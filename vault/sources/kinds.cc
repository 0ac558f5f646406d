// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/kinds.h"

#include <algorithm>
#include <array>

namespace keyswap::vault {

extern const BackendKind kAwsSecretsManagerKind;
extern const BackendKind kAwsStsKind;
extern const BackendKind kBitwardenKind;
extern const BackendKind kCommandKind;
extern const BackendKind kEnvKind;
extern const BackendKind kFileKind;
extern const BackendKind kGcpSecretManagerKind;
extern const BackendKind kGithubAppKind;
extern const BackendKind kJwtBearerKind;
extern const BackendKind kOAuth2Kind;
extern const BackendKind kOnePasswordKind;
extern const BackendKind kTransitKind;
extern const BackendKind kVaultKind;

namespace {

constinit const BackendKind kLocal = {.name = kLocalKind, .is_remote = false};

// By name; each is in the file of its name, but `local` and `vault` (hashicorp_vault.cc).
constexpr std::array kKinds = {
    &kAwsSecretsManagerKind,
    &kAwsStsKind,
    &kBitwardenKind,
    &kCommandKind,
    &kEnvKind,
    &kFileKind,
    &kGcpSecretManagerKind,
    &kGithubAppKind,
    &kJwtBearerKind,
    &kLocal,
    &kOAuth2Kind,
    &kOnePasswordKind,
    &kTransitKind,
    &kVaultKind,
};

}  // namespace

BackendKinds backend_kinds() {
  return kKinds;
}

const BackendKind* find_backend_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &BackendKind::name);
  return found == kKinds.end() ? nullptr : *found;
}

}  // namespace keyswap::vault
