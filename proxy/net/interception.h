// SPDX-License-Identifier: Apache-2.0
//
// A tunnel whose requests are read, from its CONNECT to its first request: a leaf for exactly the
// host that was named, the answer 200, what the client speaks, and TLS with it as that host. What
// is compared and decided is flow's (proxy/flow/destination.h). A CONNECT that is refused may go
// the same way (proxy/flow/tunnel_refusal.h); then what stands at its end is the refusal.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "ca/leaf.h"
#include "proxy/base/result.h"
#include "proxy/flow/reply.h"
#include "proxy/net/client_trust.h"
#include "proxy/net/handle.h"
#include "proxy/net/stage.h"
#include "proxy/net/stream.h"
#include "proxy/net/tunnel_request.h"

namespace keyswap::net {

class Connection;

// What is handed from stage to stage.
struct Interception {
  TunnelRequest request;
  ClientTrust trust;
  std::shared_ptr<const ca::Leaf> leaf;
  // With what its first request is answered; null: its requests are read.
  std::shared_ptr<const flow::Reply> refusal = nullptr;
};

// A host whose requests are read: the answer is yes, and the client says hello to us instead.
void intercept(Connection& connection, TunnelRequest request);

// A CONNECT that was refused: the client is told so in the tunnel, or, where there is no
// certificate or it said its end already, by the answer to CONNECT.
void refuse_in_tunnel(Connection& connection, RefusedTunnel refused);

// What these stages have in common: a client that goes before its first request.
class InterceptionStage : public Stage {
 public:
  InterceptionStage(Connection& connection, Interception tunnel)
      : connection_(&connection), tunnel_(std::move(tunnel)) {}

  void on_client_end(bool is_clean) override;
  void on_client_said_all() override;
  void on_client_broken() override;
  void on_time_out() override;
  void on_drain() override;
  void on_cut() override;

 protected:
  [[nodiscard]] Connection& connection() const { return *connection_; }

  [[nodiscard]] Interception& tunnel() { return tunnel_; }

  // Is it refused, and can that still be said without TLS? Then it is, and the connection ends.
  [[nodiscard]] bool is_refused_plainly();

 private:
  Connection* connection_;
  Interception tunnel_;
};

// A leaf is being made, before CONNECT is answered: without one nothing can be said to a client
// that speaks TLS already.
class Minting final : public InterceptionStage {
 public:
  using InterceptionStage::InterceptionStage;

  void begin();

  [[nodiscard]] bool wants_bytes() const override { return false; }

  std::string_view on_bytes(std::string_view bytes) override { return bytes; }

  void on_time_out() override;

 private:
  void done(base::Result<std::shared_ptr<const ca::Leaf>> leaf);
  void refuse(const base::Error& error);

  Anchor<Minting> anchor_{*this};
};

// 200 was said to CONNECT: what does the client speak? One that waits for the other side to speak
// first hears of a refusal after a while.
class FirstByte final : public InterceptionStage {
 public:
  // Says so.
  static void begin(Connection& connection, Interception tunnel);

  using InterceptionStage::InterceptionStage;

  [[nodiscard]] bool wants_bytes() const override;
  std::string_view on_bytes(std::string_view bytes) override;
};

// TLS with the client.
class Handshake final : public InterceptionStage {
 public:
  // `hello`: the first that the client said.
  static void begin(Connection& connection, Interception tunnel, std::string_view hello);

  using InterceptionStage::InterceptionStage;

  [[nodiscard]] bool wants_bytes() const override { return false; }

  std::string_view on_bytes(std::string_view bytes) override { return bytes; }

  void on_secured() override;
};

}  // namespace keyswap::net
