// SPDX-License-Identifier: Apache-2.0
//
// What a client's connection is at the moment: one that sends requests, one that waits for a
// certificate, a tunnel. A connection (proxy/net/connection.h) has one stage at a time, hands it
// what happens, and buries it when another takes its place.
//
//   Requests      on the listener                     (proxy/net/requests.h)
//     CONNECT to a host whose requests are read -> Minting (unless the leaf is there) -> FirstByte
//     CONNECT to another host                   -> Tunnel
//   Minting, Tunnel: it cannot be               -> Requests, which answer with the refusal
//   Requests: a CONNECT is refused              -> Minting, FirstByte, Handshake as above, and then
//     Refusing    in the tunnel                       (proxy/net/refusing.h)
//   FirstByte     what does the client speak?         (proxy/net/interception.h)
//     0x16, TLS                                 -> Handshake -> Requests in the tunnel
//     anything else                             -> Requests in the tunnel, in the clear
//   Tunnel        its upstream is reached; then bytes as they are (proxy/net/tunnel.h)
//     HTTP in the clear                         -> Requests in the tunnel
//   Closing       our end is said; what still comes is thrown away (proxy/net/closing.h)
#pragma once

#include <string_view>

#include "proxy/net/context.h"

namespace keyswap::net {

class Stage : public Mortal {
 public:
  // May bytes be handed in?
  [[nodiscard]] virtual bool wants_bytes() const = 0;
  // All that came and was not used, the oldest first. Gives what it leaves for later, or for the
  // stage that took its place.
  virtual std::string_view on_bytes(std::string_view bytes) = 0;

  // Is there something in it that goes on without a byte more? Then on_bytes is due, with nothing.
  [[nodiscard]] virtual bool has_step() const { return false; }

  // The client will send no more; what it sent may not be read yet. `is_clean`: it said so.
  virtual void on_client_end(bool is_clean) = 0;
  // The same, and all it sent is read, as far as this stage wants it.
  virtual void on_client_said_all() = 0;
  // The client's connection broke; nothing comes from it any more.
  virtual void on_client_broken() = 0;

  // What was to be written to the client is.
  virtual void on_client_drained() {}

  // TLS stands (only after Leg::start_tls).
  virtual void on_secured() {}

  // The connection's timer fired.
  virtual void on_time_out() = 0;
  // The proxy stops: finish what is under way.
  virtual void on_drain() = 0;
  // The proxy stops now.
  virtual void on_cut() = 0;

  // The connection is over, and this with it.
  virtual void on_over() {}
};

}  // namespace keyswap::net
