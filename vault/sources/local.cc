// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/local.h"

namespace keyswap::vault {

std::optional<FetchAnswer> LocalSource::fetch(const Wanted& wanted, FetchCallback /*callback*/) {
  return vault_->open_entry(wanted.name, wanted.kind, wanted.now_s);
}

}  // namespace keyswap::vault
