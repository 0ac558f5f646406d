// SPDX-License-Identifier: Apache-2.0
//
// How a command knows that the running proxy goes by what it changed. The proxy says so in the
// vault itself, which nobody can write who has no passphrase: the generation that it read last, and
// the root that it signs by.
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

  bool operator==(const Confirmed&) const = default;
};

// `GENERATION SHA256`, and back.
std::string encode_confirmed(const Confirmed& confirmed);
std::optional<Confirmed> decode_confirmed(std::string_view text);

// What the proxy said last; nothing if none ever did.
std::optional<Confirmed> read_confirmed(const vault::Vault& vault);

// The proxy's side. Thread-safe.
class Confirmation {
 public:
  // `vault` outlives it.
  Confirmation(vault::Vault& vault, std::string ca_sha256)
      : vault_(vault), ca_sha256_(std::move(ca_sha256)) {}

  // Another root signs from now on; said with the next tell().
  void set_ca(std::string sha256);

  // To be called once what the vault's file held counts. Writes only what was not said yet; a
  // failure is tried again with the next call.
  void tell();

 private:
  vault::Vault& vault_;
  std::mutex mutex_;
  std::string ca_sha256_;  // guarded by mutex_, as what follows
  std::optional<Confirmed> told_;
};

// A command's side: waits until the proxy that runs on this home, if one does, goes by the vault as
// it is now, and signs by that root ("" any). A failure (`no`) if it does not say so in
// bounds::kConfirmMs; `done` is what was done all the same.
Problem await_confirmation(const Home& home,
                           vault::Vault& vault,
                           const std::string& done,
                           const std::string& ca_sha256 = "");

}  // namespace keyswap::cli
