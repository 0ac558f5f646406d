// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap serve` opens and checks before the server is built, one function a part, each
// failing with what the operator has to do (I13). Also used by `doctor`, which asks the same
// questions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "audit/log.h"
#include "ca/authority.h"
#include "proxy/base/clock.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The root: its certificate from ca.pem, its key from the vault.
Outcome<std::shared_ptr<const ca::Authority>> open_authority(const Home& home,
                                                             const vault::Vault& vault,
                                                             std::int64_t now_s);

struct OpenLog {
  std::unique_ptr<audit::Log> log;
  std::string public_key_hex;
};

// What to do about a log that cannot be opened.
Failure log_failure(const std::string& folder, const base::Error& error);

// What is known of a log that is opened: the head that the vault keeps of it, or, where the
// operator goes on after a loss, nothing.
enum class HeldAgainst : std::uint8_t { kept_head, nothing };

Outcome<OpenLog> open_audit_log(const Home& home,
                                const std::string& folder,
                                const vault::Vault& vault,
                                const base::Clock& clock,
                                HeldAgainst held = HeldAgainst::kept_head);

// Raises the soft limit of open files to the hard one; a failure below the least that makes sense.
Problem raise_open_files();
inline constexpr std::uint64_t kOpenFilesMin = 256;

}  // namespace keyswap::cli
