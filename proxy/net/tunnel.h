// SPDX-License-Identifier: Apache-2.0
//
// An opaque tunnel: bytes as they are, both ways, with back-pressure and half-closes kept. For
// hosts in no binding; nothing in it is looked at, and no secret can be in it. It may end inside
// one of its own events (a write to the client shows that the client is gone): stop() ends it,
// Context::bury destroys it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "proxy/net/leg.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

class Tunnel final : public Mortal, public UpstreamUser {
 public:
  // `client` outlives this. `ended` is told once, when both ends are done or one broke.
  Tunnel(Context& context,
         Leg& client,
         std::unique_ptr<Upstream> upstream,
         std::function<void()> ended);
  ~Tunnel() override;

  // Nothing passes any more, and nobody is told anything; the upstream's connection ends with this.
  void stop();

  void on_client_bytes(std::string_view bytes);
  void on_client_end();
  void on_client_drained();

  void on_upstream(flow::Event /*event*/) override {}

  void on_upstream_raw(std::string_view bytes) override;
  void on_upstream_raw_end() override;
  void on_upstream_drained() override;

  // Bytes passed, both ways together.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  // How long it may yet be idle; 0 or less: it was so for too long.
  [[nodiscard]] std::int64_t idle_left_ms() const;

  [[nodiscard]] Upstream& upstream() const { return *upstream_; }

 private:
  void end_if_done();

  Context* context_;
  Leg* client_;
  std::unique_ptr<Upstream> upstream_;
  std::function<void()> ended_;
  std::uint64_t bytes_ = 0;
  std::int64_t last_heard_ms_ = 0;
  bool is_client_done_ = false;
  bool is_upstream_done_ = false;
};

}  // namespace keyswap::net
