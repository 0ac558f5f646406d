// SPDX-License-Identifier: Apache-2.0
//
// One client's connection: a leg, the bytes of it that nobody has read yet, and the stage it is in.
// It decides nothing: what bytes mean is its stage's affair, what may be done a machine's
// (proxy/flow). It lives on its loop, and ends by end(); whoever has it then buries it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/net/arrival.h"
#include "proxy/net/bound_upstreams.h"
#include "proxy/net/client.h"
#include "proxy/net/context.h"
#include "proxy/net/leg.h"
#include "proxy/net/stage.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

class Connection final : public Mortal, public LegEvents {
 public:
  // Called once, at the end; it must not destroy the connection before the turn is over.
  using Ended = std::function<void(std::uint64_t number)>;

  Connection(Context& context, std::uint64_t number, Ended ended);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection() override;

  // Takes over an accepted socket and begins; there is room for it. `management`: who answers all
  // that is asked on it, and outlives it; null: it is a client's.
  void start(Arrival arrival, const services::LocalService* management = nullptr);

  // The policy in force is another now.
  void policy_changed() { bound_.forget_all(); }

  // Finish what is under way and go (SIGTERM).
  void drain();
  // Go now.
  void cut();

  // --- for its stages ---

  [[nodiscard]] Context& context() const { return *context_; }

  [[nodiscard]] Leg& leg() { return leg_; }

  [[nodiscard]] const Client& client() const { return client_; }

  [[nodiscard]] const services::LocalService* management() const { return management_; }

  // A token showed who it is: it takes no stranger's place any more.
  void proven() { place_.reset(); }

  [[nodiscard]] BoundUpstreams& bound() { return bound_; }

  // Its stage's; whoever takes a stage's place sets or clears it.
  [[nodiscard]] uv::Timer& timer() { return timer_; }

  // From now on it is that. The stage before dies at the end of the turn.
  void enter(std::unique_ptr<Stage> next);

  // Not once our end is said: the last stage stays where it is, and takes nothing more.
  [[nodiscard]] bool is_in(const Stage& stage) const { return !is_over_ && stage_.get() == &stage; }

  // Bytes that lie here are handed in at the end of this turn, if the stage wants them by then.
  void read_on_later();
  // The same, now.
  void read_on();

  // What lies here, for the stage to take at once.
  base::Buffer take_unread();

  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }

  // Will the client send no more? Did the connection break, or was it cut?
  [[nodiscard]] bool is_client_ended() const { return is_client_ended_; }

  [[nodiscard]] bool is_broken() const { return is_broken_; }

  // Is our end said? Then nothing is read any more.
  [[nodiscard]] bool is_over() const { return is_over_; }

  // Says goodbye and lets what was written arrive.
  void close_politely(Leg::Ending ending);
  void end();

  void on_leg_connected() override {}

  void on_leg_secured() override { stage_->on_secured(); }

  void on_leg_bytes(std::string_view bytes) override;
  void on_leg_end(bool is_clean) override;
  void on_leg_broken(base::Errc why) override;

  void on_leg_drained() override { stage_->on_client_drained(); }

 private:
  void put_aside(std::string_view bytes);

  Context* context_;
  const services::LocalService* management_ = nullptr;
  Client client_;
  StrangerPlace place_;
  Ended ended_;
  Leg leg_;
  base::Buffer unread_{base::bounds::kLegUnreadBytesMax};
  bool is_client_ended_ = false;
  bool is_broken_ = false;
  bool is_over_ = false;
  bool is_ended_ = false;
  bool will_read_on_ = false;  // read_on is deferred
  BoundUpstreams bound_;
  uv::Timer timer_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace keyswap::net
