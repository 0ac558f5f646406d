// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/tunnel.h"

#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::net {

Tunnel::Tunnel(Context& context,
               Leg& client,
               std::unique_ptr<Upstream> upstream,
               std::function<void()> ended)
    : context_(&context),
      client_(&client),
      upstream_(std::move(upstream)),
      ended_(std::move(ended)),
      last_heard_ms_(context.loop->now_ms()) {
  upstream_->use_raw(*this);
  client_->set_patience(base::bounds::kTunnelIdleMs);
}

Tunnel::~Tunnel() {
  stop();
  context_->bury(std::move(upstream_));
}

void Tunnel::stop() {
  // Silenced first: this may run when the dead of a turn are buried, and a leg that resumes puts
  // off work to a turn that the upstream does not live to see.
  upstream_->leg().silence();
  upstream_->leave();
  ended_ = nullptr;
}

void Tunnel::on_client_bytes(std::string_view bytes) {
  bytes_ += bytes.size();
  last_heard_ms_ = context_->loop->now_ms();
  upstream_->leg().write(bytes);
  upstream_->leg().flush();
  if (upstream_->leg().is_congested()) {
    client_->hold(Leg::Hold::other_side_full);
  }
}

void Tunnel::on_client_end() {
  is_client_done_ = true;
  upstream_->leg().finish_writing(Leg::Ending::said);
  end_if_done();
}

void Tunnel::on_client_drained() {
  upstream_->leg().release(Leg::Hold::other_side_full);
}

void Tunnel::on_upstream_raw(std::string_view bytes) {
  bytes_ += bytes.size();
  last_heard_ms_ = context_->loop->now_ms();
  client_->write(bytes);
  client_->flush();
  if (client_->is_congested()) {
    upstream_->leg().hold(Leg::Hold::other_side_full);
  }
}

void Tunnel::on_upstream_raw_end() {
  is_upstream_done_ = true;
  // One that broke takes no more bytes either, and will never say that it has room.
  is_client_done_ = is_client_done_ || upstream_->leg().is_silent();
  client_->finish_writing(Leg::Ending::said);
  end_if_done();
}

void Tunnel::on_upstream_drained() {
  client_->release(Leg::Hold::other_side_full);
}

std::int64_t Tunnel::idle_left_ms() const {
  return net::idle_left_ms(*client_, upstream_->leg(), last_heard_ms_, context_->loop->now_ms());
}

void Tunnel::end_if_done() {
  if (is_client_done_ && is_upstream_done_ && ended_) {
    const auto ended = std::exchange(ended_, nullptr);
    ended();
  }
}

}  // namespace keyswap::net
