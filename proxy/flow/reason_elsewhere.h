// SPDX-License-Identifier: Apache-2.0
//
// Why a placeholder stays that is bound nowhere on this destination (I2): for the want of a
// binding, or of a note that binds its secret at all (docs/bindings.md, "Bindings in notes").
#pragma once

#include "audit/record.h"
#include "bindings/binding.h"

namespace keyswap::flow {

// `rule`: none of its scopes names the destination, or it is out of force.
audit::Reason reason_elsewhere(const bindings::SecretRule& rule);

}  // namespace keyswap::flow
