// SPDX-License-Identifier: Apache-2.0
//
// I12 for names: what a name says of where it leads, before anybody is asked for its addresses, and
// where nobody here can be asked because `upstream.proxy` resolves it. Names that can only lead to
// this machine or into this network are not public: those without a dot, and those below localhost,
// .local (RFC 6762), .internal, home.arpa (RFC 8375) and what networks use alike (RFC 6762 appendix
// G). The names of cloud metadata services are refused as their addresses are. Pure.
#pragma once

#include <string_view>

#include "proxy/flow/address_guard.h"

namespace keyswap::flow {

// `name`: in the normal form of http::Authority. Never malformed.
AddressVerdict judge_name(std::string_view name);

// The worst address that a name spells, as 10.0.0.1.nip.io, ip-10-0-0-1.example.com and
// 7f000001.nip.io do; allowed when it spells none. For when the name is all that there is: a name
// that resolves here is judged by its addresses.
AddressVerdict judge_spelled_addresses(std::string_view name);

}  // namespace keyswap::flow
