// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/tunnel.h"

#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/net/connection.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/requests.h"

namespace keyswap::net {

void Tunnel::begin(Connection& connection, Setup setup) {
  auto tunnel = std::make_unique<Tunnel>(connection, std::move(setup));
  Tunnel& entered = *tunnel;
  connection.enter(std::move(tunnel));
  connection.leg().write(http::h1::connect_established());
  connection.leg().flush();
  if (!connection.is_in(entered)) {
    return;  // saying it showed that the client is gone
  }
  connection.timer().set(base::bounds::kTunnelIdleMs);
  entered.setup_.upstream->leg().release(Leg::Hold::not_ready);
  connection.read_on_later();
}

Tunnel::Tunnel(Connection& connection, Setup setup)
    : connection_(&connection),
      context_(&connection.context()),
      setup_(std::move(setup)),
      opened_us_(connection.context().clock->steady_us()),
      heard_ms_(connection.context().loop->now_ms()) {
  setup_.upstream->use_raw(*this);
  connection_->leg().set_patience(base::bounds::kTunnelIdleMs);
}

Tunnel::~Tunnel() {
  stop();
  context_->bury(std::move(setup_.upstream));
}

// Nothing passes any more. Silenced first: this may run when the dead of a turn are buried, and a
// leg that resumes puts off work to a turn that the upstream does not live to see.
void Tunnel::stop() {
  setup_.upstream->leg().silence();
  setup_.upstream->leave();
}

// --- bytes ---

bool Tunnel::wants_bytes() const {
  return connection_->is_in(*this);
}

std::string_view Tunnel::on_bytes(std::string_view bytes) {
  // The first bytes of all: plain HTTP is read, so that a placeholder in it does not pass unseen.
  // An upstream that spoke first speaks something else.
  const flow::Speech speech = bytes_ > 0 ? flow::Speech::other : flow::listen_where_opaque(bytes);
  if (speech == flow::Speech::undecided) {
    connection_->timer().set(base::bounds::kTunnelSpeechMs);
    return bytes;
  }
  if (speech == flow::Speech::http) {
    record_end();
    setup_.destination.protocol = flow::Protocol::http;
    Requests::begin_in_tunnel(*connection_,
                              {.identity = {std::move(setup_.destination), ""},
                               .caller = std::move(setup_.caller),
                               .trust = {}});
    return bytes;
  }
  pass(bytes);
  return {};
}

void Tunnel::pass(std::string_view bytes) {
  bytes_ += bytes.size();
  heard_ms_ = context_->loop->now_ms();
  Leg& upstream = setup_.upstream->leg();
  upstream.write(bytes);
  upstream.flush();
  if (upstream.is_congested()) {
    connection_->leg().hold(Leg::Hold::other_side_full);
  }
}

// What was not known to be HTTP until now goes on as it is.
void Tunnel::pass_unread() {
  const base::Buffer first = connection_->take_unread();
  if (!first.empty()) {
    pass(first.view());
  }
}

void Tunnel::on_upstream_raw(std::string_view bytes) {
  bytes_ += bytes.size();
  heard_ms_ = context_->loop->now_ms();
  Leg& client = connection_->leg();
  client.write(bytes);
  client.flush();
  if (client.is_congested()) {
    setup_.upstream->leg().hold(Leg::Hold::other_side_full);
  }
}

void Tunnel::on_client_drained() {
  setup_.upstream->leg().release(Leg::Hold::other_side_full);
}

void Tunnel::on_upstream_drained() {
  connection_->leg().release(Leg::Hold::other_side_full);
}

// --- ends ---

void Tunnel::on_client_end(bool /*is_clean*/) {
  connection_->read_on();  // what came with CONNECT may not have been looked at yet
  if (!connection_->is_in(*this)) {
    return;
  }
  pass_unread();
  is_client_done_ = true;
  setup_.upstream->leg().finish_writing(Leg::Ending::said);
  end_if_done();
}

void Tunnel::on_upstream_raw_end() {
  is_upstream_done_ = true;
  // One that broke takes no more bytes either, and will never say that it has room.
  is_client_done_ = is_client_done_ || setup_.upstream->leg().is_silent();
  connection_->leg().finish_writing(Leg::Ending::said);
  end_if_done();
}

void Tunnel::end_if_done() {
  if (is_client_done_ && is_upstream_done_) {
    connection_->close_politely(Leg::Ending::said);
  }
}

void Tunnel::on_client_broken() {
  connection_->end();
}

void Tunnel::on_cut() {
  connection_->end();
}

void Tunnel::on_time_out() {
  pass_unread();  // I10: who may yet say more does not hold them longer
  if (!connection_->is_in(*this)) {
    return;  // that showed that the upstream is gone
  }
  const std::int64_t left_ms =
      idle_left_ms(connection_->leg(), setup_.upstream->leg(), heard_ms_, context_->loop->now_ms());
  if (left_ms > 0) {
    connection_->timer().set(left_ms);
  } else {
    connection_->end();
  }
}

void Tunnel::on_over() {
  record_end();
}

void Tunnel::record_end() {
  if (!std::exchange(is_recorded_, true)) {
    add_response(*context_,
                 setup_.request_id,
                 setup_.destination,
                 outcome(),
                 opened_us_,
                 setup_.upstream.get());
    stop();
  }
}

// Of a side that took nothing more it says so.
flow::RecordResponse Tunnel::outcome() const {
  if (connection_->leg().has_stalled()) {
    return {0, audit::Outcome::client_timeout, bytes_, {}};
  }
  if (setup_.upstream->has_stalled()) {
    return {0, audit::Outcome::upstream_timeout, bytes_, setup_.upstream->failure()};
  }
  return {0, audit::Outcome::complete, bytes_, {}};
}

}  // namespace keyswap::net
