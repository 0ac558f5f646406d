// SPDX-License-Identifier: Apache-2.0
//
// The forms of secrets, and the searches for them, are written once and shared by all the responses
// and WebSockets of a loop that need them. Besides, what was used last is kept for the next
// request: forms as far as they fit into bounds::kScrubbedSecretsMax and
// bounds::kFormCacheBytesMax, and one search. Belongs to a loop; what is kept goes with each policy
// and each reading of the vault.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/flow/secret_forms.h"
#include "proxy/flow/secret_search.h"
#include "vault/secret.h"

namespace keyswap::flow {

class FormCache {
 public:
  // Null: locked memory is used up.
  SharedForms find_or_write(const vault::Secret& secret, std::string_view placeholder);

  // The search for these, of which there is one at least. Null: likewise.
  std::shared_ptr<const SecretSearch> find_or_make(const std::vector<SharedForms>& secrets);

  void clear();

 private:
  template <typename Shared>
  using InUse = std::unordered_map<std::string, std::vector<std::weak_ptr<const Shared>>>;

  void keep(const SharedForms& forms);
  void keep(std::shared_ptr<const SecretSearch> search);

  std::vector<SharedForms> kept_;  // the one used last stands last
  std::size_t kept_bytes_ = 0;
  std::shared_ptr<const SecretSearch> kept_search_;
  // All that somebody holds, by the placeholder; of a search by its first secret's.
  InUse<SecretForms> forms_in_use_;
  InUse<SecretSearch> searches_in_use_;
};

}  // namespace keyswap::flow
