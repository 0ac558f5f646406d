// SPDX-License-Identifier: Apache-2.0
//
// What the vault knows of the audit log, for commands that judge it: who can write the home may
// have put another key beside the log, and another path into bindings.yaml (I7).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "audit/head.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Where the next `serve` writes its log: by the approved policy, as far as its text is there.
AuditPlace approved_audit_place(const Home& home, const vault::Vault& vault);

struct KnownLog {
  std::string folder;
  std::array<std::uint8_t, 32> public_key{};
  std::optional<audit::Head> head;  // nothing: none was kept of a log in that folder
};

// Of the log that `serve` last wrote, else would write; or of the one in the folder `named`, if
// that is not empty.
Outcome<KnownLog> known_log(const Home& home, const vault::Vault& vault, const std::string& named);

}  // namespace keyswap::cli
