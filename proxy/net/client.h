// SPDX-License-Identifier: Apache-2.0
//
// Who is on the other side of a client's connection: what the connection tells, and what its
// requests say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proxy/flow/caller.h"
#include "proxy/flow/secret_fault.h"
#include "vault/caller_digests.h"

namespace keyswap::net {

// Known as long as the connection lasts.
struct Client {
  std::uint64_t number = 0;           // of its connection, on this loop
  std::string address;                // with its port; "unix"
  std::optional<std::uint32_t> user;  // of this machine, as the kernel knows it
  bool is_own_user = false;           // it is the one that keyswap runs as
  bool is_of_this_machine = false;    // it came over loopback, or by a Unix socket

  // I16: whose connections to upstreams may serve a request of `caller`. A user that is not known
  // shares with nobody.
  [[nodiscard]] std::string owner(const std::string& caller) const;

  [[nodiscard]] flow::LocalUser local_user() const { return {user, is_own_user}; }
};

// Who a request says that it comes from, and who that is.
struct Caller {
  std::optional<flow::CallerClaim> claim;
  std::string name;                        // "" unknown
  std::optional<flow::SecretFault> fault;  // why it could not be looked up

  // Holds the claim against the vault as it is now.
  void look_up(const vault::CallerDigests& digests);
};

}  // namespace keyswap::net
