// SPDX-License-Identifier: Apache-2.0
//
// How a command knows that the running proxy goes by what it changed. The proxy says so in the
// vault itself, which nobody can write who has no passphrase: which process it is, the generation
// that it read last, the policy that is in force (I17), and the root that it signs by. What
// serve.lock says is not asked for that: whoever can write the home can remove or rewrite it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/process_identity.h"
#include "vault/vault.h"

namespace keyswap::cli {

// What is in force besides what the vault holds.
struct InForce {
  std::string ca_sha256;  // hex, of the certificate
  std::string policy;     // hex, of vault::policy_digest()

  bool operator==(const InForce&) const = default;
};

struct Confirmed {
  std::uint64_t generation = 0;  // vault::Vault::generation_read()
  InForce in_force;
  ProcessIdentity proxy;
  std::string vault_file;  // which it serves from: a copy of the home has another

  bool operator==(const Confirmed&) const = default;
};

// `GENERATION CA POLICY PID STARTED BOOT FILE`, and back; earlier proxies said the first two alone.
std::string encode_confirmed(const Confirmed& confirmed);
std::optional<Confirmed> decode_confirmed(std::string_view text);

// What the proxy said last; nothing if none ever did.
std::optional<Confirmed> read_confirmed(const vault::Vault& vault);

// The proxy's side. Thread-safe.
class Confirmation {
 public:
  // For this process. `vault` is the home's, and outlives it.
  Confirmation(const Home& home, vault::Vault& vault, InForce in_force);

  // From now on that is in force; said with the next tell().
  void set_in_force(InForce in_force);

  // To be called once what the vault's file held counts; first before anybody is served, so that
  // commands know of this proxy. Writes only what was not said yet. A failure is to be tried again.
  base::Status tell();

 private:
  vault::Vault& vault_;
  std::mutex mutex_;
  Confirmed now_;  // guarded by mutex_, as what follows
  std::optional<Confirmed> told_;
};

// The process of the proxy that runs on this home, by the vault's word alone: for a command that
// holds serve.lock itself, or that somebody may have removed.
std::optional<pid_t> named_proxy(const Home& home, const vault::Vault& vault);

// The same, if one does; 0 where it has not said yet which that is. By the vault's word,
// or else by serve.lock.
std::optional<pid_t> find_proxy(const Home& home, const vault::Vault& vault);

// Lets that proxy read its files and the CA again. One that is starting is waited for: it may have
// read them already, and is not signalled before. False if none runs, or it cannot be signalled.
bool signal_proxy(const Home& home, const vault::Vault& vault);

// A command's side, behind its own change: waits until the proxy that runs on this home, if one
// does, goes by the vault as it is now, and by `wanted` ("": whatever it is). A failure (`no`) if
// it does not say so in bounds::kConfirmMs; `done` is what was done all the same. `vault` was not
// refreshed since the change, for what the proxy itself wrote behind it is not what it waits for.
Problem await_confirmation(const Home& home,
                           vault::Vault& vault,
                           const std::string& done,
                           const InForce& wanted = {});
// The same where nothing else was changed: waits for what is wanted alone.
Problem await_in_force(const Home& home,
                       vault::Vault& vault,
                       const std::string& done,
                       const InForce& wanted);

}  // namespace keyswap::cli
