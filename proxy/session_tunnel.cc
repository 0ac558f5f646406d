// SPDX-License-Identifier: Apache-2.0
//
// CONNECT: what becomes of a tunnel.
#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/connector.h"
#include "proxy/flow/reply.h"
#include "proxy/session.h"

namespace keyswap::proxy {

using audit::Reason;

// A host whose requests are read: the answer is yes, and the client says hello to us instead.
void Session::open_intercepted(flow::Destination destination) {
  tunnel_.destination = std::move(destination);
  const http::Authority& authority = tunnel_.destination.authority;
  leaf_ = context_->leaves->find(authority.host);
  if (!leaf_) {
    // Minting begins while the client still reads our answer. The waiter is told on another thread.
    Context* context = context_;
    context_->leaves->request(
        authority.host,
        authority.kind != http::HostKind::name,
        [context, id = id_](base::Result<std::shared_ptr<const ca::Leaf>> minted) {
          context->loop->post([context, id, minted = std::move(minted)] {
            if (Session* session = context->sessions->find(id)) {
              session->leaf_done(minted ? *minted : nullptr);
            }
          });
        });
  }
  say_established(Phase::first_byte);
}

void Session::say_established(Phase next) {
  decoder_ = http::Decoder(http::Decoder::Role::request);
  phase_ = next;
  leg_.write(flow::connect_established());
  leg_.flush();
  timer_.set(base::limits::kClientTlsMs);
  read_on_later();
}

void Session::leaf_done(std::shared_ptr<const ca::Leaf> leaf) {
  if (phase_ != Phase::first_byte) {
    return;
  }
  if (!leaf) {
    end();  // no leaf, no TLS: nothing can be said to this client
    return;
  }
  leaf_ = std::move(leaf);
  leg_.release(Leg::Hold::not_ready);
  listen_to_client();
}

void Session::listen_to_client() {
  if (phase_ != Phase::first_byte) {
    return;
  }
  switch (flow::listen_to(unread_.view())) {
    case flow::Speech::undecided:
      return;
    case flow::Speech::tls:
      begin_tls();
      return;
    case flow::Speech::http:
      // Plain HTTP in a tunnel: read as such, and never given a secret (I5).
      tunnel_.destination.scheme = flow::Scheme::http;
      begin_requests();
      return;
    case flow::Speech::other:
      tunnel_.destination.scheme = flow::Scheme::http;
      phase_ = Phase::requests;
      policy_ = context_->policy;
      refuse_request(Reason::malformed_request);
      return;
  }
}

void Session::begin_tls() {
  if (!leaf_) {
    leg_.hold(Leg::Hold::not_ready);
    return;
  }
  auto engine = tls::Engine::accept(*context_->client_tls, std::move(leaf_));
  if (!engine) {
    end();
    return;
  }
  phase_ = Phase::handshake;
  const base::Buffer hello = std::move(unread_);
  leg_.start_tls(std::move(*engine), hello.view());
}

void Session::begin_requests() {
  phase_ = Phase::requests;
  timer_.set(base::limits::kClientIdleMs);
  read_on_later();
}

// A host in no binding: its upstream is reached and the tunnel recorded before it is opened.
void Session::open_tunnel(flow::Destination destination, std::string method) {
  tunnel_.destination = std::move(destination);
  tunnel_method_ = std::move(method);
  request_id_ = context_->next_request_id();
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
    refuse_tunnel(outcome.reason);
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
  timer_.set(base::limits::kRecordMs);
}

// Its head is gone; what the record says of it is kept.
void Session::refuse_tunnel(Reason reason) {
  timer_.clear();
  make_exchange(tunnel_.destination);
  http::RequestHead head;
  head.method = tunnel_method_;
  head.keeps_alive = false;
  drive(flow::ClientHead{std::move(head), reason, std::nullopt});
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
  timer_.set(base::limits::kTunnelIdleMs);
  raw.leg().release(Leg::Hold::not_ready);
  if (!unread_.empty()) {
    const base::Buffer early = std::move(unread_);
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
  if (!unread_.append(bytes)) {
    cut();
    return;
  }
  const flow::Speech speech =
      opaque_->bytes() > 0 ? flow::Speech::other : flow::listen_to(unread_.view());
  if (speech == flow::Speech::undecided) {
    return;
  }
  if (speech == flow::Speech::http) {
    record_tunnel_end();
    tunnel_.destination.scheme = flow::Scheme::http;
    begin_requests();
    return;
  }
  const base::Buffer first = std::move(unread_);
  opaque_->on_client_bytes(first.view());
}

void Session::record_tunnel_end() {
  const std::string address = opaque_->endpoint().address;
  context_->audit->add(audit::ResponseRecord{.ts_us = context_->clock->wall_us(),
                                             .request_id = request_id_,
                                             .status = 0,
                                             .outcome = audit::Outcome::complete,
                                             .bytes = opaque_->bytes(),
                                             .duration_us = context_->clock->steady_us() - sent_us_,
                                             .upstream_ip = address,
                                             .tls = {},
                                             .spki_sha256 = {}});
  opaque_.reset();
}

}  // namespace keyswap::proxy
