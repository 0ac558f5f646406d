// SPDX-License-Identifier: Apache-2.0
//
// One connection to an upstream: its bytes as response events, or as they are once a tunnel or a
// WebSocket uses it. It is made by a Dial, used by one exchange at a time (proxy/net/lease.h), and
// rests in between: in the Connector's pool, or, where somebody logged in on it, with the one
// client connection that it belongs to (proxy/net/bound_upstreams.h). A connection that showed any
// anomaly (surplus bytes, odd framing, an early close) is never used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/flow/event.h"
#include "proxy/http/decoder.h"
#include "proxy/http/outgoing.h"
#include "proxy/net/idle_pool.h"
#include "proxy/net/leg.h"
#include "proxy/net/upstream_codec.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

// What two requests must share to go over one connection.
struct UpstreamKey {
  std::string destination;   // protocol, host and port
  std::uint64_t policy = 0;  // Policy::number: it says where that is, and whom to trust to be it
  // I16: the user of this machine and the caller; only of a client connection whose user is not
  // known, that connection. HTTP/1.1 cannot tell which request an answer is for, so what an
  // upstream sends late must not get to anybody else.
  std::string owner;

  bool operator==(const UpstreamKey&) const = default;

  struct Hash {
    std::size_t operator()(const UpstreamKey& key) const {
      const std::hash<std::string> hash;
      return hash(key.destination) * 31 + hash(key.owner);
    }
  };
};

class Upstream;

// Where a connection rests while nobody uses it.
class UpstreamKeeper {
 public:
  UpstreamKeeper() = default;
  UpstreamKeeper(const UpstreamKeeper&) = delete;
  UpstreamKeeper& operator=(const UpstreamKeeper&) = delete;
  UpstreamKeeper(UpstreamKeeper&&) = delete;
  UpstreamKeeper& operator=(UpstreamKeeper&&) = delete;
  virtual ~UpstreamKeeper() = default;

  // It closed, or spoke without being asked: it is of no use any more. May bury it.
  virtual void drop(Upstream& upstream) = 0;
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

  virtual void on_upstream(flow::Event event) = 0;  // UpstreamHead, -Body, -End, -Broken

  // What came in one read is told; now is the time to flush.
  virtual void on_upstream_read_done() {}

  virtual void on_upstream_raw(std::string_view bytes) = 0;  // after use_raw()
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
  // Before TLS: a proxy's answer to CONNECT.
  virtual void on_dial_bytes(std::string_view bytes) = 0;
  virtual void on_tls_ready() = 0;
  virtual void on_dial_broken(base::Errc why) = 0;
};

class Upstream final : public Mortal, public LegEvents {
 public:
  using Key = UpstreamKey;

  // `key`: of the request that it is dialled for.
  Upstream(Context& context, UpstreamKey key, DialEvents& dial);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  Upstream(Upstream&&) = delete;
  Upstream& operator=(Upstream&&) = delete;

  ~Upstream() override { write_off(); }

  [[nodiscard]] Leg& leg() { return leg_; }

  [[nodiscard]] const UpstreamKey& key() const { return key_; }

  // Whose requests go over it (UpstreamKey::owner); before it rests for the first time.
  void belong_to(std::string owner) { key_.owner = std::move(owner); }

  // Ready: belongs to nobody until use().
  void dialed(uv::Endpoint endpoint);
  // The next response is for `user`.
  void use(UpstreamUser& user);

  // The request that `user` sends: its head, then pieces of its body, none empty, and its end. A
  // head with a secret in it lies in the loop's scratch, may have a value there already, and is
  // wiped (I1). False: it cannot be written, and nothing of this call was.
  [[nodiscard]] bool send_head(const http::OutgoingRequest& head) { return codec_.send_head(head); }

  [[nodiscard]] bool send_body(std::string_view bytes) { return codec_.send_body(bytes); }

  [[nodiscard]] bool send_secret(std::string_view bytes) { return codec_.send_secret(bytes); }

  [[nodiscard]] bool end_request() { return codec_.end_request(); }

  // A request was sent: its host must acknowledge it within bounds::kRequestAckMs, or the user is
  // told UpstreamBroken. A connection that rested may lead to a host that is gone without a word,
  // and the kernel is patient.
  void watch_for_acknowledgement();

  // What that response answers; said before it can come.
  void expect(http::AnswerTo answer_to) { codec_.expect(answer_to); }

  // From now on bytes as they are.
  void use_raw(UpstreamUser& user);
  void leave();  // the user goes; nothing is told to it any more
  // The same; and `keeper` has it until it is used again, or leaves.
  void rest(UpstreamKeeper& keeper);
  // It is about to be destroyed, and does not count as open any more.
  void write_off();

  // May another request go over it?
  [[nodiscard]] bool is_reusable() const { return !is_tainted_; }

  // Did it serve somebody, and rest?
  [[nodiscard]] bool has_rested() const { return idle_place.until_ms > 0; }

  [[nodiscard]] const uv::Endpoint& endpoint() const { return endpoint_; }

  [[nodiscard]] const tls::PeerInfo& peer() const { return peer_; }

  // Did it break because it took nothing more?
  [[nodiscard]] bool has_stalled() const { return leg_.has_stalled(); }

  // Why it broke, as far as it is known.
  [[nodiscard]] const base::Failure& failure() const { return leg_.failure(); }

  IdlePlace<Upstream> idle_place;  // the pool's
  // By the loop's clock: then the Date of an answer is looked at again (proxy/net/clock_watch.h).
  std::int64_t clock_due_ms = 0;

  void on_leg_connected() override;
  void on_leg_secured() override;
  void on_leg_bytes(std::string_view bytes) override;
  void on_leg_end(bool is_clean) override;
  void on_leg_broken(base::Errc why) override;
  void on_leg_drained() override;

 private:
  // Of who uses it now.
  struct Use {
    UpstreamUser* user = nullptr;
    bool is_raw = false;
    bool had_others = false;  // it served somebody before
    bool has_heard = false;   // a byte came since
    bool is_interim = false;  // the response under way is a 1xx: another follows
  };

  void deliver(http::Step& step, std::string_view rest);
  void decode(std::string_view bytes);
  void read_done();
  void tell(flow::Event event);
  [[nodiscard]] bool is_end_of_other(base::Errc why);
  void become_useless();
  void check_acknowledgement();

  Context* context_;
  UpstreamKey key_;
  DialEvents* dial_;                  // null once dialed
  UpstreamKeeper* keeper_ = nullptr;  // while it rests
  bool is_counted_ = true;            // in Context::Upstreams::open
  bool is_tainted_ = false;
  Use use_;
  uv::Endpoint endpoint_;
  tls::PeerInfo peer_;
  Leg leg_;
  UpstreamCodec codec_;
  uv::Timer acknowledgement_;  // set while a request has no byte of an answer
};

}  // namespace keyswap::net
