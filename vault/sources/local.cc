// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/local.h"

#include "vault/sources/captured_end.h"

namespace keyswap::vault {

// Whoever only knows a value again does so behind its end, too.
std::optional<FetchAnswer> LocalSource::fetch(const Wanted& wanted, FetchCallback /*callback*/) {
  auto found = vault_->open_entry(wanted.name, wanted.kind, wanted.now_s);
  if (!found || wanted.kind != EntryKind::text || wanted.is_only_known) {
    return found;
  }
  const auto end = captured_end_of(*vault_, wanted.name, found->value);
  if (!end) {
    return end.error();
  }
  if (*end && wanted.now_s >= **end) {
    return base::Error{base::Errc::expired, "a captured value is used behind its end"};
  }
  found->expires_at = *end;
  return found;
}

}  // namespace keyswap::vault
