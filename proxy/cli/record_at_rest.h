// SPDX-License-Identifier: Apache-2.0
//
// A record in the audit log of a home that nobody serves. The vault keeps the log's head behind it,
// or whoever can write the folder could cut the record off unseen (I7).
#pragma once

#include <functional>

#include "audit/log.h"
#include "proxy/base/clock.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Opens the log at `place`, if it is there, and lets `write` write; gives what that gives, or false
// where it was not asked or the head is not kept. By the holder of the home's lock.
bool record_at_rest(const Home& home,
                    const AuditPlace& place,
                    vault::Vault& vault,
                    const base::Clock& clock,
                    const std::function<bool(audit::Log&)>& write);

}  // namespace keyswap::cli
