// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reason_elsewhere.h"

#include "proxy/base/assert.h"

namespace keyswap::flow {

audit::Reason reason_elsewhere(const bindings::SecretRule& rule) {
  switch (rule.out_of_force) {
    case bindings::OutOfForce::no:
      return audit::Reason::destination_not_in_binding;
    case bindings::OutOfForce::no_note:
      return audit::Reason::no_binding_in_notes;
    case bindings::OutOfForce::invalid_note:
      return audit::Reason::invalid_binding_metadata;
    case bindings::OutOfForce::host_not_listed:
      return audit::Reason::host_not_in_allowlist;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
