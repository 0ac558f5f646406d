// SPDX-License-Identifier: Apache-2.0
//
// The address on loopback that a browser is led back to when a person has logged in (RFC 8252
// section 7.3). It is there for one log-in, and takes one answer; what else comes is told that it
// is not for it (vault/sources/login_redirect.h). Connections are taken side by side, because
// browsers open some ahead and say nothing on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "vault/secret.h"
#include "vault/sources/login_redirect.h"

namespace keyswap::cli {

class LoginListener {
 public:
  // On 127.0.0.1; port 0: the kernel chooses one. A failure (cannot) where it is taken.
  static Outcome<LoginListener> open(std::uint16_t port);

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // "127.0.0.1:PORT", as the field Host says it.
  [[nodiscard]] std::string host() const;

  // The first answer that is for us: a code, or why there is none. A failure (no) where there was
  // none within `wait_ms`; (cannot) where there is no locked memory.
  Outcome<vault::Redirected> wait(const vault::RedirectWanted& wanted, std::int64_t wait_ms);

 private:
  struct Client {
    File socket;
    vault::LockedBytes head;
    std::size_t size = 0;
    std::int64_t end_us = 0;  // by the steady clock
  };

  LoginListener(File socket, std::uint16_t port) : socket_(std::move(socket)), port_(port) {}

  Problem accept_one(std::int64_t now_us);
  void drop_late(std::int64_t now_us);
  // True: it has said all that it says, and is to be closed.
  bool read(Client& client, const vault::RedirectWanted& wanted, vault::Redirected& told);

  File socket_;
  std::uint16_t port_;
  std::vector<Client> clients_;
};

}  // namespace keyswap::cli
