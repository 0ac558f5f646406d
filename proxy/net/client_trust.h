// SPDX-License-Identifier: Apache-2.0
//
// Does a client that opened a tunnel trust our certificate? Until it has shown that it does, or
// that it does without TLS, an end of its connection is a handshake that failed, and is told as
// that, once (proxy/net/client_tls_watch.h). Handed from one stage of the connection to the next.
#pragma once

#include <string_view>
#include <utility>

#include "proxy/net/client_tls_watch.h"
#include "proxy/net/leg.h"

namespace keyswap::net {

class ClientTrust {
 public:
  // Of a client from which nothing is awaited.
  ClientTrust() = default;

  // `watch` outlives this; `who`: the client and the host, without what happened.
  ClientTrust(ClientTlsWatch& watch, FailedHandshake who) : watch_(&watch), who_(std::move(who)) {}

  ClientTrust(const ClientTrust&) = delete;
  ClientTrust& operator=(const ClientTrust&) = delete;

  ClientTrust(ClientTrust&& other) noexcept
      : watch_(std::exchange(other.watch_, nullptr)), who_(std::move(other.who_)) {}

  ClientTrust& operator=(ClientTrust&& other) noexcept {
    watch_ = std::exchange(other.watch_, nullptr);
    who_ = std::move(other.who_);
    return *this;
  }

  ~ClientTrust() = default;

  // It is shown, or not asked for any more.
  void settle() { watch_ = nullptr; }

  // The connection ends instead.
  void failed(std::string_view alert, audit::AlertBy by);
  // It broke: what the client thinks of our leaf is in its alert, if there is one.
  void broke(Leg& leg);

 private:
  ClientTlsWatch* watch_ = nullptr;  // while it is awaited
  FailedHandshake who_;
};

}  // namespace keyswap::net
