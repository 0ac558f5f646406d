// SPDX-License-Identifier: Apache-2.0
//
// What a home holds and what runs on it, as far as the files say: without the passphrase, and
// whether a proxy runs or not. Nothing here is proven; `doctor` and `audit verify` look closer.
// Only who approves a file that was changed is asked of the vault, where the home's key opens it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cli/home.h"
#include "proxy/cli/serve_lock.h"
#include "vault/secret_name.h"

namespace keyswap::cli {

enum class Unlocks : unsigned char {
  unknown,  // the vault is not there, or damaged
  passphrase,
  key_file,
  both,
  lost_key_file,  // there is a key in the vault whose file is gone, and a passphrase
};

enum class PolicySeen : unsigned char {
  broken,      // bindings.yaml cannot be used
  approved,    // the home keeps the same text as approved
  unapproved,  // it keeps others
  taken_so,    // likewise, and whoever opens the vault approves: `serve` takes the file as it is
  none,        // nothing was approved yet
};

struct AuditSize {
  std::string folder;
  std::uint32_t segments = 0;  // without what was archived
  std::uint64_t bytes = 0;     // of all that is in the folder
  std::string last_record;     // its time; "" if there is none
};

struct HomeStatus {
  std::string vault_fault;  // why the vault cannot be read; "" if it can
  Unlocks unlocks = Unlocks::unknown;
  std::optional<std::int64_t> ca_made_s;  // nothing: there is no certificate that can be read
  std::int64_t ca_until_s = 0;
  PolicySeen policy = PolicySeen::none;
  std::vector<vault::SecretName> unbound;  // secrets that no rule uses (proxy/cli/unbound.h)
  AuditSize audit;
  std::optional<RunningProxy> proxy;
  std::string health;  // what /healthz says: "ok", or why not; "" where no proxy is ready

  // A proxy runs and is well.
  [[nodiscard]] bool is_well() const { return proxy && health.starts_with("ok"); }
};

// `home` is checked.
HomeStatus look_at(const Home& home);

// For people: two columns. For programs.
std::string status_text(const Home& home, const HomeStatus& status, std::int64_t now_s);
std::string status_json(const Home& home, const HomeStatus& status, std::int64_t now_s);

}  // namespace keyswap::cli
