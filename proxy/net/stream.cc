// SPDX-License-Identifier: Apache-2.0
//
// The run of a stream's machine, and what happens to the stream. What the machine asks for is
// carried out in stream_actions.cc.
#include "proxy/net/stream.h"

#include <utility>

#include "proxy/net/approvals.h"
#include "proxy/net/clock_watch.h"
#include "proxy/net/host_secrets.h"

namespace keyswap::net {

namespace {

constexpr int kSwitchingProtocols = 101;

}  // namespace

Stream::Stream(Context& context, Setup setup, flow::Destination destination)
    : context_(&context),
      setup_(std::move(setup)),
      request_id_(context.next_request_id()),
      fetch_(*context.secrets),
      timer_(*context.loop, [this] { on_time_out(); }),
      lease_(context, *setup_.bound, *this) {
  if (context.memory.real != nullptr) {
    learn_real_values(
        *context.secrets, *context.memory.real, *setup_.policy.bindings, destination.authority);
  }
  exchange_.emplace(
      flow::Exchange::Setup{.destination = std::move(destination),
                            .bindings = setup_.policy.bindings,
                            .request_id = request_id_,
                            .scratch = context.memory.scratch.get(),
                            .now_us = context.clock->wall_us(),
                            .caller = setup_.caller.name,
                            .collected = flow::CollectedShare(context.memory.collected_bytes),
                            .known = context.memory.known,
                            .holdings = context.memory.holdings,
                            .real = context.memory.real,
                            .operations = context.memory.approvals});
  if (context.is_draining) {
    exchange_->drain();
  }
}

void Stream::on(flow::Event event) {
  if (run_.is_on) {
    run_.follow_ups.push_back(std::move(event));
    return;
  }
  if (!exchange_) {
    return;
  }
  run_.is_on = true;
  // Vectors of the loop, so that their memory is not asked for with each request.
  run_.follow_ups = std::move(context_->memory.spare_events);
  flow::Actions actions = std::move(context_->memory.spare_actions);
  run_.follow_ups.push_back(std::move(event));
  for (std::size_t i = 0; i < run_.follow_ups.size() && exchange_ && !run_.fate; ++i) {
    actions.clear();
    exchange_->on(std::move(run_.follow_ups[i]), actions);
    for (const flow::Action& action : actions) {
      std::visit([this](const auto& asked) { perform(asked); }, action);
    }
    exchange_->carried_out();
  }
  actions.clear();
  run_.follow_ups.clear();
  context_->memory.spare_actions = std::move(actions);
  context_->memory.spare_events = std::move(run_.follow_ups);
  run_.is_on = false;
  if (run_.fate || !(run_.is_in_read || setup_.owner->is_reading())) {
    flush();
  }
  finish_run();
}

void Stream::flush() {
  setup_.codec->leg().flush();
  if (lease_.upstream() != nullptr) {
    lease_.upstream()->leg().flush();
  }
}

void Stream::finish_run() {
  if (!exchange_ || !exchange_->awaits_secrets()) {
    fetch_.cancel();
  }
  if (!exchange_) {
    return;
  }
  await_pause();
  if (!run_.fate) {
    balance();
    return;
  }
  if (run_.is_upgraded) {
    end_operation(kSwitchingProtocols, audit::Outcome::complete);
    become_websocket();
    return;
  }
  end_operation(0, std::nullopt);
  exchange_.reset();
  timer_.clear();
  setup_.codec->rest();
  setup_.codec->leg().release(Leg::Hold::other_side_full);
  if (run_.refused) {
    setup_.owner->on_tunnel_refused(std::move(*run_.refused));
  } else {
    setup_.owner->on_stream_done(*run_.fate);
  }
}

// What is kept back of an answer need not be when it pauses. Most answers come whole in one read:
// whether this one pauses is asked behind the read.
void Stream::await_pause() {
  if (run_.is_in_read && !run_.fate) {
    return;
  }
  if (!run_.fate && exchange_->keeps_back()) {
    if (pause_ == nullptr) {
      pause_ = std::make_unique<uv::Timer>(*context_->loop, [this] { on(flow::Paused{}); });
    }
    pause_->set(base::bounds::kAnswerPauseMs);
  } else if (pause_ != nullptr) {
    pause_->clear();
  }
}

// Back-pressure: while one side takes no more bytes, the other is not read.
void Stream::balance() {
  Upstream* const upstream = lease_.upstream();
  if (upstream == nullptr) {
    return;
  }
  if (upstream->leg().is_congested()) {
    setup_.codec->leg().hold(Leg::Hold::other_side_full);
  }
  if (setup_.codec->leg().is_congested()) {
    upstream->leg().hold(Leg::Hold::other_side_full);
  }
}

void Stream::become_websocket() {
  Upstream& upstream = *lease_.upstream();
  const bool is_upstream_gone = upstream.leg().is_silent();  // writing may have shown it
  websocket_ = std::make_unique<WebSocketRelay>(
      *context_,
      setup_.codec->leg(),
      upstream,
      WebSocketRelay::Setup{.destination = exchange_->destination(),
                            .target = std::string(exchange_->target()),
                            .request_id = request_id_,
                            .client = setup_.client,
                            .caller = setup_.caller,
                            .policy = setup_.policy,
                            .opened_us = sent_us_,
                            .begun = std::move(run_.begun)},
      WebSocketRelay::Told{.read_on = [this] { setup_.owner->on_stream_wants_bytes(); },
                           .ended =
                               [this] {
                                 setup_.owner->on_stream_done(flow::ClientFate::close);
                               }});
  exchange_.reset();
  timer_.clear();
  setup_.codec->rest();
  setup_.codec->leg().release(Leg::Hold::other_side_full);
  if (setup_.owner->is_client_done()) {
    websocket_->on_client_gone();
  } else if (is_upstream_gone) {
    websocket_->on_upstream_raw_end();
  } else if (context_->is_draining) {
    websocket_->drain();  // it was granted after all others had been told
  } else {
    setup_.owner->on_stream_wants_bytes();
  }
}

// --- the client's side ---

bool Stream::wants_bytes() const {
  return websocket_ ? websocket_->wants_client() : exchange_ && exchange_->wants_body();
}

void Stream::read_done() {
  if (!exchange_) {
    return;
  }
  flush();  // a side that turns out to be broken may end the exchange
  if (exchange_) {
    await_pause();
    balance();
  }
}

void Stream::client_said_all() {
  if (!exchange_) {
    return;
  }
  if (exchange_->wants_body() || exchange_->awaits_decision()) {
    // An upload cut short is never completed, and nobody is asked for who hangs up.
    on(flow::ClientGone{});
  } else if (lease_.is_used()) {
    timer_.set(base::bounds::kHalfClosedMs);
  }
}

void Stream::client_gone() {
  if (websocket_) {
    websocket_->on_client_gone();
  } else {
    on(flow::ClientGone{setup_.codec->leg().has_stalled()});
  }
}

void Stream::client_drained() {
  if (websocket_) {
    websocket_->on_client_drained();
  } else if (lease_.upstream() != nullptr) {
    lease_.upstream()->leg().release(Leg::Hold::other_side_full);
  }
}

void Stream::drain() {
  if (websocket_) {
    websocket_->drain();
  } else if (exchange_) {
    exchange_->drain();
    if (exchange_->awaits_decision()) {
      record_.operation.clear();  // its state is kept
      on(flow::Decided{audit::Reason::shutting_down, std::nullopt, 0});
    }
  }
}

// --- the upstream's side ---

void Stream::on_lease_event(flow::Event event) {
  if (const auto* const head = std::get_if<flow::UpstreamHead>(&event);
      head != nullptr && exchange_) {
    look_at_clock(*context_, exchange_->destination(), sent_us_, head->head, *lease_.upstream());
  }
  const bool was_in_read = std::exchange(run_.is_in_read, true);
  on(std::move(event));
  run_.is_in_read = was_in_read;
}

void Stream::on_lease_drained() {
  setup_.codec->leg().release(Leg::Hold::other_side_full);
}

void Stream::on_lease_dialed(audit::Reason reason, base::Failure failure) {
  const bool is_there = lease_.upstream() != nullptr;
  if (record_.is_awaited) {
    return;  // the record comes first, and finds what became of the connection
  }
  if (!is_there) {
    on(flow::DialFailed{reason, std::move(failure)});
  } else if (record_.is_durable) {
    on(flow::RecordDone{true});
  } else {
    on(flow::Dialed{});
  }
}

// --- waits ---

void Stream::on_time_out() {
  // An upstream that is not read cannot say more. How long its client may take is the leg's affair.
  if (lease_.upstream() != nullptr && lease_.upstream()->leg().is_held()) {
    timer_.set(wait_ms_);
  } else if (setup_.owner->is_client_done() && lease_.is_used()) {
    on(flow::ClientGone{});
  } else {
    on(flow::TimedOut{setup_.codec->leg().is_held()});
  }
}

}  // namespace keyswap::net
