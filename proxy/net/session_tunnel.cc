// SPDX-License-Identifier: Apache-2.0
//
// CONNECT: what becomes of a tunnel.
#include <utility>

#include "proxy/flow/reply.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/client_tls_watch.h"
#include "proxy/net/connector.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/session.h"

namespace keyswap::net {

using audit::Reason;

namespace {

// Why there is no certificate of ours, as the client, the record and stderr are told.
base::Failure leaf_failure(const base::Error& error, std::int64_t now_s) {
  base::Cause cause = base::Cause::minting_failed;
  if (error.code == base::Errc::not_yet_valid) {
    cause = base::Cause::clock_before_ca;
  } else if (error.code == base::Errc::expired) {
    cause = base::Cause::ca_expired;
  } else if (error.code == base::Errc::invalid_input) {
    return {base::Cause::name_not_certifiable, {}};
  }
  return {cause, base::Facts().time("by this machine's clock it is ", now_s).take()};
}

}  // namespace

// A host whose requests are read: the answer is yes, and the client says hello to us instead.
void Session::open_intercepted(flow::Destination destination) {
  tunnel_.destination = std::move(destination);
  const http::Authority& authority = tunnel_.destination.authority;
  tunnel_method_ = "CONNECT";
  awaits_trust_ = true;
  leaf_ = context_->leaves->find(authority.host);
  if (leaf_) {
    say_established(Phase::first_byte);
    return;
  }
  // Made before the answer: without a leaf nothing can be said to a client that speaks TLS already.
  decoder_ = http::Decoder(http::Decoder::Role::request);
  phase_ = Phase::minting;
  timer_.set(base::bounds::kClientTlsMs);
  Context* context = context_;  // the waiter is told on another thread
  context_->leaves->request(
      authority.host,
      authority.kind != http::HostKind::name,
      [context, id = id_](base::Result<std::shared_ptr<const ca::Leaf>> minted) {
        context->loop->post([context, id, minted = std::move(minted)] {
          if (Session* session = context->sessions->find(id)) {
            session->leaf_done(minted);
          }
        });
      });
}

void Session::leaf_done(base::Result<std::shared_ptr<const ca::Leaf>> leaf) {
  if (phase_ != Phase::minting) {
    return;
  }
  if (!leaf) {
    refuse_leaf(leaf.error());
    return;
  }
  leaf_ = std::move(*leaf);
  say_established(Phase::first_byte);
}

void Session::refuse_leaf(const base::Error& error) {
  awaits_trust_ = false;
  const bool is_full =
      error.code == base::Errc::limit_exceeded || error.code == base::Errc::timed_out;
  const base::Failure failure = is_full ? base::Failure{} : leaf_failure(error, context_->now_s());
  phase_ = Phase::listener;
  refuse_tunnel(is_full ? Reason::too_busy : Reason::leaf_unavailable, failure);
}

void Session::say_established(Phase next) {
  decoder_ = http::Decoder(http::Decoder::Role::request);
  phase_ = next;
  leg_.write(http::h1::connect_established());
  leg_.flush();
  timer_.set(base::bounds::kClientTlsMs);
  read_on_later();
}

void Session::listen_to_client() {
  if (phase_ != Phase::first_byte) {
    return;
  }
  switch (flow::listen_where_read(unread_.view())) {
    case flow::Speech::undecided:
      return;
    case flow::Speech::tls:
      begin_tls();
      return;
    case flow::Speech::http:
    case flow::Speech::other:
      // Plain HTTP in a tunnel: read as such, and never given a secret (I5). If it is none, the
      // decoder says so.
      awaits_trust_ = false;
      tunnel_.destination.protocol = flow::Protocol::http;
      begin_requests();
      return;
  }
}

void Session::begin_tls() {
  auto engine = tls::Engine::accept(*context_->client_tls, std::move(leaf_));
  if (!engine) {
    tls_failed("internal_error", audit::AlertBy::keyswap);
    end();
    return;
  }
  phase_ = Phase::handshake;
  const base::Buffer hello = take_unread();
  leg_.start_tls(std::move(*engine), hello.view());
}

// It ended before a byte of a request came: what the client thinks of our leaf is in the alert.
void Session::tls_broke() {
  const bool has_tls = leg_.has_tls() && leg_.engine().has_failed();
  if (!has_tls) {
    tls_failed("reset", audit::AlertBy::nobody);
  } else if (const auto alert = leg_.engine().alert()) {
    tls_failed(
        alert->name,
        alert->from == tls::Alert::From::peer ? audit::AlertBy::client : audit::AlertBy::keyswap);
  } else {
    tls_failed("not_tls", audit::AlertBy::nobody);
  }
}

void Session::tls_failed(std::string_view alert, audit::AlertBy by) {
  awaits_trust_ = false;
  context_->client_tls_watch->failed(
      {client_address_, client_user_, caller_, tunnel_.destination.authority.host, alert, by});
}

void Session::begin_requests() {
  phase_ = Phase::requests;
  leg_.set_patience(base::bounds::kResponseBodyIdleMs);
  timer_.set(context_->is_draining ? base::bounds::kHalfClosedMs : base::bounds::kClientIdleMs);
  read_on_later();
}

// A host in no binding: its upstream is reached and the tunnel recorded before it is opened.
void Session::open_tunnel(flow::Destination destination, std::string method) {
  tunnel_.destination = std::move(destination);
  tunnel_method_ = std::move(method);
  request_id_ = context_->next_request_id();
  sent_us_ = 0;
  decoder_ = http::Decoder(http::Decoder::Role::request);
  phase_ = Phase::dialing;
  context_->connector->make_room();
  dial_ =
      std::make_unique<Dial>(*context_,
                             tunnel_.destination,
                             policy_,
                             Dial::Depth::tcp_only,
                             [this](Dial::Outcome outcome) { tunnel_dialed(std::move(outcome)); });
}

void Session::tunnel_dialed(Dial::Outcome outcome) {
  context_->bury(std::move(dial_));
  if (!outcome.upstream) {
    phase_ = Phase::listener;
    refuse_tunnel(outcome.reason, std::move(outcome.failure));
    return;
  }
  upstream_ = std::move(outcome.upstream);
  upstream_->leg().hold(Leg::Hold::not_ready);
  const audit::DecisionRecord record{.is_tunnel = true,
                                     .ts_us = context_->clock->wall_us(),
                                     .request_id = request_id_,
                                     .decision = audit::Decision::pass,
                                     .reason = Reason::no_placeholder,
                                     .secret = {},
                                     .scheme = {},
                                     .client = {client_address_, client_user_, caller_},
                                     .destination = {tunnel_.destination.authority.host,
                                                     tunnel_.destination.authority.port,
                                                     tunnel_method_,
                                                     {}},
                                     .bindings_sha256 = policy_.bindings->sha256};
  context_->audit->add(record);
  context_->audit->wait_for(id_);
  awaits_record_ = true;
  timer_.set(base::bounds::kRecordMs);
}

// Its upstream is not reached yet, and will not be: refused, and recorded as that.
void Session::give_up_dialing(Reason reason) {
  if (!dial_) {
    end();  // it is recorded
    return;
  }
  drop_upstream();
  phase_ = Phase::listener;
  refuse_tunnel(reason);
}

// It is recorded, or may yet be, and not opened.
void Session::record_tunnel_unsent() {
  awaits_record_ = false;
  add_response(*context_,
               request_id_,
               tunnel_.destination,
               {0, audit::Outcome::not_sent, 0},
               0,
               upstream_.get());
}

// I10: a disk that hangs does not hold the client. Another record would hang likewise.
void Session::give_up_tunnel() {
  record_tunnel_unsent();
  drop_upstream();
  send_reply(flow::make_refusal({.reason = Reason::audit_unavailable,
                                 .request_id = request_id_,
                                 .secret = {},
                                 .can_do_no_harm = true}));
  close_politely(Leg::Ending::said);
}

// Its head is gone; what the record says of it is kept.
void Session::refuse_tunnel(Reason reason, base::Failure failure) {
  timer_.clear();
  make_exchange(tunnel_.destination);
  http::RequestHead head;
  head.method = tunnel_method_;
  head.keeps_alive = false;
  drive(flow::ClientHead{std::move(head), reason, std::nullopt, std::move(failure)});
}

// I6: no byte of a tunnel leaves before its record is durable.
void Session::tunnel_recorded(bool is_durable) {
  if (!is_durable) {
    drop_upstream();
    phase_ = Phase::listener;
    refuse_tunnel(Reason::audit_unavailable);
    return;
  }
  sent_us_ = context_->clock->steady_us();
  auto upstream = std::move(upstream_);
  Upstream& raw = *upstream;
  opaque_ = std::make_unique<Tunnel>(
      *context_, leg_, std::move(upstream), [this] { close_politely(Leg::Ending::said); });
  say_established(Phase::tunnel);
  if (phase_ != Phase::tunnel) {
    return;  // saying it showed that the client is gone
  }
  timer_.set(base::bounds::kTunnelIdleMs);
  raw.leg().release(Leg::Hold::not_ready);
  if (!unread_.empty()) {
    const base::Buffer early = take_unread();
    opaque_bytes(early.view());
  }
}

void Session::opaque_bytes(std::string_view bytes) {
  if (opaque_->bytes() > 0 && unread_.empty()) {
    opaque_->on_client_bytes(bytes);
    return;
  }
  // The first bytes of all: plain HTTP is read, so that a placeholder in it does not pass unseen.
  // An upstream that spoke first speaks something else.
  put_aside(bytes);
  if (phase_ != Phase::tunnel) {
    return;  // it was too much
  }
  const flow::Speech speech =
      opaque_->bytes() > 0 ? flow::Speech::other : flow::listen_where_opaque(unread_.view());
  if (speech == flow::Speech::undecided) {
    timer_.set(base::bounds::kTunnelSpeechMs);
    return;
  }
  if (speech == flow::Speech::http) {
    record_tunnel_end();
    tunnel_.destination.protocol = flow::Protocol::http;
    begin_requests();
    return;
  }
  pass_first_bytes();
}

// What is not HTTP goes on as it is.
void Session::pass_first_bytes() {
  const base::Buffer first = take_unread();
  if (!first.empty()) {
    opaque_->on_client_bytes(first.view());
  }
}

void Session::record_tunnel_end() {
  add_response(
      *context_, request_id_, tunnel_.destination, tunnel_end(), sent_us_, &opaque_->upstream());
  // What ends it may be an event of its own.
  opaque_->stop();
  context_->bury(std::move(opaque_));
}

// Of a side that took nothing more it says so.
flow::RecordResponse Session::tunnel_end() const {
  if (leg_.has_stalled()) {
    return {0, audit::Outcome::client_timeout, opaque_->bytes(), {}};
  }
  if (opaque_->upstream().has_stalled()) {
    return {0, audit::Outcome::upstream_timeout, opaque_->bytes(), opaque_->upstream().failure()};
  }
  return {0, audit::Outcome::complete, opaque_->bytes(), {}};
}

}  // namespace keyswap::net
