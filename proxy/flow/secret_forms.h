// SPDX-License-Identifier: Apache-2.0
//
// I8: the forms in which a secret that comes back is known: as it is, in hex, in base64 wherever it
// begins in it, percent-encoded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vault/secret.h"

namespace keyswap::flow {

struct SecretForms {
  vault::Secret forms;                  // one behind the other; as it is comes first
  std::vector<std::string_view> texts;  // into `forms`
  std::string placeholder;

  [[nodiscard]] bool are_of(const vault::Secret& secret) const;
};

using SharedForms = std::shared_ptr<const SecretForms>;

// A shorter secret would be found in text that has nothing to do with it. No form of a secret is
// shorter than the secret.
inline constexpr std::size_t kScrubbedSecretBytesMin = 8;

// Null: no locked memory.
SharedForms write_forms(const vault::Secret& secret, std::string_view placeholder);

}  // namespace keyswap::flow
