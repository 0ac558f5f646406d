// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

namespace keyswap::flow {

namespace {

base::Status place(const Credential& credential,
                   vault::LockedBuffer& scratch,
                   bindings::Edits& edits) {
  KS_TRY(credential.injection.render(credential.input, scratch));
  const bindings::Locked value{scratch.reveal()};
  KS_TRY(credential.placement.check(value.bytes));
  return credential.placement.fill({credential.head, credential.part, value, scratch}, edits);
}

}  // namespace

base::Status place_credential(const Credential& credential,
                              vault::LockedBuffer& scratch,
                              bindings::Edits& edits) {
  scratch.clear();
  auto placed = place(credential, scratch, edits);
  if (!placed) {
    scratch.clear();
  }
  return placed;
}

base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch) {
  bindings::Edits thrown_away;
  auto placed = place_credential(credential, scratch, thrown_away);
  scratch.clear();
  return placed;
}

}  // namespace keyswap::flow
