// SPDX-License-Identifier: Apache-2.0
//
// One connection to an upstream: its bytes as response events. It is made by a Dial, used by one
// session at a time, and rests in the Connector's pool in between. A connection that showed any
// anomaly (surplus bytes, odd framing, an early close) is never used again (R9).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/flow/event.h"
#include "proxy/http/decoder.h"
#include "proxy/leg.h"

namespace keyswap::proxy {

// What two requests must share to go over one connection, or to resume one TLS session (R9).
struct UpstreamKey {
  std::string destination;   // scheme, host and port
  std::uint64_t policy = 0;  // Policy::number: it says where that is, and whom to trust to be it
};

// Who uses it. None of these may destroy the Upstream (Context::bury does).
class UpstreamUser {
 public:
  UpstreamUser() = default;
  UpstreamUser(const UpstreamUser&) = delete;
  UpstreamUser& operator=(const UpstreamUser&) = delete;
  UpstreamUser(UpstreamUser&&) = delete;
  UpstreamUser& operator=(UpstreamUser&&) = delete;
  virtual ~UpstreamUser() = default;

  virtual void on_upstream(flow::Event event) = 0;

  // What came in one read is told; now is the time to flush.
  virtual void on_upstream_read_done() {}  // UpstreamHead, -Body, -End, -Broken

  virtual void on_upstream_raw(std::string_view bytes) = 0;  // of an opaque tunnel
  virtual void on_upstream_raw_end() = 0;                    // FIN, or broken
  virtual void on_upstream_drained() = 0;
};

// Who makes it.
class DialEvents {
 public:
  DialEvents() = default;
  DialEvents(const DialEvents&) = delete;
  DialEvents& operator=(const DialEvents&) = delete;
  DialEvents(DialEvents&&) = delete;
  DialEvents& operator=(DialEvents&&) = delete;
  virtual ~DialEvents() = default;
  virtual void on_tcp_connected() = 0;
  virtual void on_dial_bytes(
      std::string_view bytes) = 0;  // before TLS: a proxy's answer to CONNECT
  virtual void on_tls_ready() = 0;
  virtual void on_dial_broken(base::Errc why) = 0;
};

class Upstream final : public Mortal, public LegEvents {
 public:
  // `key`: of the request that it is dialled for.
  Upstream(Context& context, UpstreamKey key, DialEvents& dial);

  [[nodiscard]] Leg& leg() { return leg_; }

  [[nodiscard]] const UpstreamKey& key() const { return key_; }

  // Ready: belongs to nobody until use().
  void dialed(uv::Endpoint endpoint);
  // The next response is for `user`.
  void use(UpstreamUser& user);
  // What that response answers; said before it can come.
  void expect(http::AnswerTo answer_to);
  // From now on bytes as they are.
  void use_raw(UpstreamUser& user);
  void leave();  // the user goes; nothing is told to it any more

  // May another request go over it?
  [[nodiscard]] bool is_reusable() const { return !is_tainted_; }

  [[nodiscard]] const uv::Endpoint& endpoint() const { return endpoint_; }

  [[nodiscard]] const tls::PeerInfo& peer() const { return peer_; }

  std::int64_t idle_since_ms = 0;  // the pool's

  void on_leg_connected() override;
  void on_leg_secured() override;
  void on_leg_bytes(std::string_view bytes) override;
  void on_leg_end(bool is_clean) override;
  void on_leg_broken(base::Errc why) override;
  void on_leg_drained() override;

 private:
  void deliver(http::Step& step, std::string_view rest);
  void decode(std::string_view bytes);
  void read_done();
  void tell(flow::Event event);
  void become_useless();

  Context* context_;
  UpstreamKey key_;
  DialEvents* dial_;  // null once dialed
  UpstreamUser* user_ = nullptr;
  bool is_raw_ = false;
  bool is_tainted_ = false;
  bool is_interim_ = false;  // the response under way is a 1xx: another follows
  http::Decoder decoder_{http::Decoder::Role::response};
  uv::Endpoint endpoint_;
  tls::PeerInfo peer_;
  Leg leg_;
};

}  // namespace keyswap::proxy
