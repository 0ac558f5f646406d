// SPDX-License-Identifier: Apache-2.0
//
// The placeholder of a secret whose note says none: made of its name and of a salt that one
// installation of agent-vault-proxy keeps in a file, so that what programs hold already goes on to
// count. (Placeholders of our own are made otherwise: vault/placeholder_salt.h.) Source: that
// program's ADR-0011 and ADR-0029.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// "avp-PLACEHOLDER-" and the first 21 letters of base32(HMAC-SHA-256(salt, name)), in lower case.
// invalid_input where the salt has fewer than 32 bytes, or the name none.
base::Result<std::string> note_placeholder(const Secret& salt, std::string_view name);

// A secret of a source, as Backend::notes() brings it.
struct NoteText {
  std::string name;
  std::string text;         // of a note that may be a binding; "" of any other
  std::string placeholder;  // as above; "" without a salt
};

// `salt`: null: there is none. As above.
base::Result<std::vector<NoteText>> note_texts(const Done& brought, const Secret* salt);

}  // namespace keyswap::vault
