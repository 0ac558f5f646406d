// SPDX-License-Identifier: Apache-2.0
//
// The audit log's records of what became of a policy's approval at a start (I17). A reload's are
// written by the server.
#pragma once

#include <string>

#include "audit/log.h"
#include "proxy/base/clock.h"
#include "proxy/cli/home.h"
#include "proxy/net/server.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Waits until it is durable. If the log takes no record, nothing is sent anyway.
void record_approval(audit::Log& log, const net::ApprovalNote& note, const base::Clock& clock);

// Of a start that was refused, in the log that the approved policy names, for the other one has no
// say in where it is; the vault keeps the log's head. Where there is no such log, what was said on
// stderr has to do. By the holder of the home's lock. `file`: the bindings that were refused.
void record_refused_start(const Home& home,
                          const std::string& file,
                          vault::Vault& vault,
                          const net::ApprovalNote& refused,
                          const base::Clock& clock);

}  // namespace keyswap::cli
