// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/check_entries.h"

#include <map>
#include <string>

#include <unistd.h>

#include "bindings/private_key.h"
#include "ca/crypto_start.h"
#include "proxy/base/clock.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

// What bindings want of an entry; both, if two of them disagree.
struct Use {
  bool is_signing = false;
  bool is_sent = false;
};

std::map<std::string, Use> uses_of(const bindings::Bindings& bindings) {
  std::map<std::string, Use> uses;
  for (const bindings::SecretRule& rule : bindings.rules) {
    for (const bindings::SecretPlace& place : rule.places) {
      const auto& needs = place.injection->needs();
      for (std::size_t i = 0; i < needs.size(); ++i) {
        if (bindings.is_elsewhere(needs[i])) {
          continue;
        }
        Use& use = uses[needs[i].text()];
        const bool is_key = place.injection->needs_private_key(i);
        use.is_signing = use.is_signing || is_key;
        use.is_sent = use.is_sent || !is_key;
      }
    }
  }
  return uses;
}

// Is the text that is kept there a private key, as the base64 of its DER?
bool holds_private_key(const vault::Vault& vault, const vault::SecretName& name) {
  const auto value = vault.fetch(name, base::SystemClock().wall_us() / 1'000'000);
  return value && bindings::PrivateKey::from_text(value->reveal()).has_value();
}

std::string add_as_key(const std::string& name) {
  return "keyswap secret remove " + name + ", then keyswap secret add " + name +
         " --private-key < key.pem";
}

void warn_of_entry(const vault::Vault& vault, const vault::SecretInfo& info, const Use& use) {
  const std::string& name = info.name.text();
  if (info.kind == vault::EntryKind::private_key) {
    if (use.is_sent) {
      warn(name + " is a private key in the vault, and a binding would send it: it is refused",
           "a private key only signs requests; bind it where a scheme asks for one");
    }
    return;
  }
  if (use.is_signing) {
    warn(name + " is a text in the vault, and a binding signs with it: it is refused",
         add_as_key(name));
  } else if (holds_private_key(vault, info.name)) {
    warn(name + " looks like a private key (base64 of its DER), and a binding sends it as a text",
         "if it is to sign requests: " + add_as_key(name));
  }
}

}  // namespace

void warn_of_entries(const Home& home,
                     const UnlockOptions& unlock,
                     const bindings::Bindings& bindings) {
  const auto uses = uses_of(bindings);
  if (uses.empty() || access(home.vault().c_str(), F_OK) != 0 || needs_prompt(home, unlock) ||
      begin_guarded() || !ca::start_crypto()) {
    return;
  }
  auto vault = open_vault(home, unlock);
  if (!vault) {
    return;
  }
  for (const vault::SecretInfo& info : vault->list()) {
    if (const auto found = uses.find(info.name.text()); found != uses.end()) {
      warn_of_entry(vault.value(), info, found->second);
    }
  }
}

}  // namespace keyswap::cli
