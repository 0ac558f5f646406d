// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

namespace keyswap::flow {

namespace {

base::Status render(const Credential& credential, vault::LockedBuffer& scratch) {
  KS_TRY(credential.injection.render(credential.input, scratch));
  return credential.placement.check(scratch.reveal());
}

}  // namespace

base::Result<bindings::Locked> render_credential(const Credential& credential,
                                                 vault::LockedBuffer& scratch) {
  scratch.clear();
  if (const base::Status rendered = render(credential, scratch); !rendered) {
    scratch.clear();
    return rendered.error();
  }
  return bindings::Locked{scratch.reveal()};
}

base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch) {
  const auto value = render_credential(credential, scratch);
  scratch.clear();
  return value ? base::Status{} : value.error();
}

}  // namespace keyswap::flow
