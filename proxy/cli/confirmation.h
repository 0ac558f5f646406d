// SPDX-License-Identifier: Apache-2.0
//
// How a command knows that the running proxy goes by what it changed. The proxy says so in the
// vault itself, which nobody can write who has no passphrase: the generation that it read last, the
// root that it signs by, and the number of the approval of its policy.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct Confirmed {
  std::uint64_t generation = 0;  // vault::Vault::generation_read()
  std::string ca_sha256;         // hex, of the certificate
  std::uint64_t policy = 0;      // the number of the approval of what is in force

  bool operator==(const Confirmed&) const = default;
};

// `GENERATION SHA256 NUMBER`, and back; the number was not always there.
std::string encode_confirmed(const Confirmed& confirmed);
std::optional<Confirmed> decode_confirmed(std::string_view text);

// What the proxy said last; nothing if none ever did.
std::optional<Confirmed> read_confirmed(const vault::Vault& vault);

// The proxy's side. Thread-safe.
class Confirmation {
 public:
  // `vault` outlives it.
  Confirmation(vault::Vault& vault, std::string ca_sha256, std::uint64_t policy = 0)
      : vault_(vault), ca_sha256_(std::move(ca_sha256)), policy_(policy) {}

  // What is in force from now on; said with the next tell().
  void set_in_force(std::string ca_sha256, std::uint64_t policy);

  // To be called once what the vault's file held counts. Writes only what was not said yet; a
  // failure is tried again with the next call.
  void tell();

 private:
  vault::Vault& vault_;
  std::mutex mutex_;
  std::string ca_sha256_;  // guarded by mutex_, as what follows
  std::uint64_t policy_;
  std::optional<Confirmed> told_;
};

// What a command waits for besides the vault as it is now.
struct Wanted {
  std::string ca_sha256 = {};  // "": whichever signs
  std::uint64_t policy = 0;    // at least this number
};

// A command's side: waits until the proxy that runs on this home, if one does, goes by the vault as
// it is now, and by what is wanted. A failure (`no`) if it does not say so in bounds::kConfirmMs;
// `done` is what was done all the same.
Problem await_confirmation(const Home& home,
                           vault::Vault& vault,
                           const std::string& done,
                           const Wanted& wanted = {});

}  // namespace keyswap::cli
