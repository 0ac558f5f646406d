// SPDX-License-Identifier: Apache-2.0
//
// From "who may open this vault?" to an open vault. The order is fixed: --password-file,
// --password-fd, $KEYSWAP_PASSWORD_FILE, the systemd credential keyswap-password, the home's key
// file, the kernel's keyring (when asked for), a prompt. The first source there is decides; a
// source that is there and cannot be read is an error, not a reason to try the next.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"
#include "vault/vault.h"

namespace keyswap::cli {

// First thing in every command that handles a secret: umask 077, no core dump, not traceable,
// memory locked (I1, I13): `locked_bytes` of it, or what is allowed of them.
Problem begin_guarded(std::size_t locked_bytes = base::bounds::kLockedArenaBytesMin);

// Would read_passphrase() have to ask on the terminal?
bool needs_prompt(const Home& home, const UnlockOptions& unlock);

// The number of the descriptor that the passphrase comes from: --password-fd, or a file that is
// named /dev/fd/N, as shells do. -1 when it comes from elsewhere.
int passphrase_descriptor(const UnlockOptions& unlock);

Outcome<LockedText> read_passphrase(const Home& home, const UnlockOptions& unlock);
// What the home's key file holds, whatever else there is.
Outcome<LockedText> read_home_key(const Home& home);
// Is it the home's key file that opens the vault?
bool has_key_file(const Home& home, const UnlockOptions& unlock);
// The passphrase for approvals: from the option's file, else asked for.
Outcome<LockedText> read_approval_passphrase(const ApprovalOptions& approval);
// The same for an approval key that is to be made: the prompt asks twice.
Outcome<LockedText> read_new_approval_passphrase(const ApprovalOptions& approval);
// The same for a vault that is to be made: no key file, no keyring, and the prompt asks twice.
Outcome<LockedText> read_new_passphrase(const UnlockOptions& unlock);
// Has it kPassphraseCharactersMin of UTF-8, as a new one must? Warns of one that no prompt takes.
// Asked wherever one is set, and never of one that is in use.
Problem check_new_passphrase(std::string_view passphrase);
// The one that takes the place of a vault's: from what is given for it alone, else asked twice.
Outcome<LockedText> read_next_passphrase(const UnlockOptions& given);

Outcome<vault::Vault> open_vault(const Home& home, const UnlockOptions& unlock);

}  // namespace keyswap::cli
