// SPDX-License-Identifier: Apache-2.0
//
// I12 for a destination as requests name it: the guards of names and of addresses, with what the
// bindings let through. `upstream.resolve` leads where the operator wrote, unjudged; a binding's
// `allow_addresses` opens ranges, and says of a name that it may be of this network (a metadata
// service's name stays refused, as its addresses do). Whoever dials asks here, and so does
// `keyswap bindings explain`. Pure.
#pragma once

#include <string_view>

#include "bindings/binding.h"
#include "proxy/flow/address_guard.h"
#include "proxy/flow/destination.h"

namespace keyswap::flow {

// Where `upstream.resolve` leads it; null: nowhere else.
const http::Authority* mapped_to(const bindings::Bindings& bindings,
                                 const Destination& destination);

// By its name alone; of a literal address always allowed.
AddressVerdict judge_name_of(const bindings::Bindings& bindings, const Destination& destination);

// By the addresses that its name spells: where nobody here knows any other.
AddressVerdict judge_spelling_of(const bindings::Bindings& bindings,
                                 const Destination& destination);

// One address of it.
AddressVerdict judge_address_of(const bindings::Bindings& bindings,
                                const Destination& destination,
                                std::string_view address);

// All of that which can be said before anybody looks its name up.
AddressVerdict judge_unresolved(const bindings::Bindings& bindings, const Destination& destination);

}  // namespace keyswap::flow
