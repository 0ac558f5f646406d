// SPDX-License-Identifier: Apache-2.0
//
// Reading requests, and what becomes of their streams. Where a request goes is in
// requests_route.cc.
#include "proxy/net/requests.h"

#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/flow/decode_refusal.h"
#include "proxy/flow/foreign_speech.h"
#include "proxy/net/connection.h"
#include "proxy/net/interception.h"

namespace keyswap::net {

using audit::Reason;
using http::Step;

Requests::Requests(Connection& connection) : connection_(&connection), codec_(connection.leg()) {}

Requests::Requests(Connection& connection, Tunnelled tunnelled)
    : connection_(&connection), tunnelled_(std::move(tunnelled)), codec_(connection.leg()) {
  caller_ = tunnelled_->caller;
}

void Requests::begin_in_tunnel(Connection& connection, Tunnelled tunnelled) {
  connection.enter(std::make_unique<Requests>(connection, std::move(tunnelled)));
  connection.leg().set_patience(base::bounds::kResponseBodyIdleMs);
  connection.timer().set(connection.context().is_draining ? base::bounds::kHalfClosedMs
                                                          : base::bounds::kClientIdleMs);
  connection.read_on_later();
}

// --- reading ---

bool Requests::wants_bytes() const {
  return connection_->is_in(*this) && (!stream_ || stream_->wants_bytes()) &&
         (!managed_ || managed_->wants_bytes());
}

// The end of a body whose length was said takes no byte. It stays in the codec where the last piece
// brought something to wait for.
bool Requests::has_step() const {
  if (managed_) {
    return managed_->wants_bytes() && codec_.is_at_end();
  }
  return stream_ && !stream_->is_websocket() && stream_->wants_bytes() && codec_.is_at_end();
}

std::string_view Requests::on_bytes(std::string_view bytes) {
  if (tunnelled_) {
    tunnelled_->trust.settle();
  }
  if (stream_ && stream_->is_websocket()) {
    return stream_->on_raw_bytes(bytes);
  }
  is_in_read_ = true;
  const std::string_view rest = read(bytes);
  is_in_read_ = false;
  if (!connection_->is_over()) {
    if (stream_) {
      stream_->read_done();
    } else {
      codec_.leg().flush();
    }
  }
  return rest;
}

std::string_view Requests::read(std::string_view bytes) {
  while (wants_bytes()) {
    const std::string_view given = bytes;
    const Step step = codec_.next(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.kind) {
      case Step::Kind::need_more:
        if (!stream_ && codec_.is_mid_message() && next_head_ != NextHead::timed) {
          next_head_ = NextHead::timed;
          connection_->timer().set(base::bounds::kRequestHeadMs);
        }
        return bytes;
      case Step::Kind::head:
        begin_request(codec_.take_request());
        break;
      case Step::Kind::body:
        if (stream_) {
          stream_->on(flow::ClientBody{step.body});
        } else if (managed_) {
          managed_->on_body(step.body);
        }
        break;
      case Step::Kind::end:
        if (stream_) {
          stream_->on(flow::ClientEnd{});
        } else if (managed_) {
          managed_->on_end();
        }
        break;
      case Step::Kind::error:
        refuse_bytes(flow::reason_of(step.error), step.note, given);
        return bytes;
    }
  }
  return bytes;
}

// `begin`: the bytes that were read last.
void Requests::refuse_bytes(Reason reason, base::Note flaw, std::string_view begin) {
  auto speech = flow::ForeignSpeech::none;
  if (!stream_ && !tunnelled_ && next_head_ == NextHead::first &&
      connection_->management() == nullptr) {
    speech = flow::find_foreign_speech(begin);
  }
  if (!stream_) {
    connection_->timer().clear();
    if (managed_) {
      connection_->context().bury(std::move(managed_));
    }
    codec_.answer(http::Version::http_1_1);
    begin_stream(tunnelled_ ? tunnelled_->identity.destination : flow::Destination{},
                 connection_->context().policy);
  }
  stream_->on(flow::ClientRefused{
      .reason = reason, .flaw = flaw, .failure = {flow::cause_of(speech), {}}, .speech = speech});
}

void Requests::refuse(const TunnelRequest& request, Reason reason, base::Failure failure) {
  connection_->timer().clear();
  caller_ = request.caller;
  codec_.answer(request.version);
  // Its head is gone; what the record says of it is kept.
  http::RequestHead head;
  head.method = "CONNECT";
  head.keeps_alive = false;
  begin_stream(request.destination, request.policy)
      .on(flow::ClientHead{.head = std::move(head),
                           .refusal = reason,
                           .failure = std::move(failure),
                           .opens_tunnel = tells_in_tunnels() && request.real_values.empty()});
}

// Can a client be told in its tunnel that this is refused?
bool Requests::tells_in_tunnels() const {
  return connection_->context().clients.refusal_leaves != nullptr;
}

void refuse_tunnel(Connection& connection,
                   const TunnelRequest& request,
                   Reason reason,
                   base::Failure failure) {
  auto requests = std::make_unique<Requests>(connection);
  Requests& entered = *requests;
  connection.enter(std::move(requests));
  entered.refuse(request, reason, std::move(failure));
}

// --- streams ---

Stream& Requests::begin_stream(flow::Destination destination, Policy policy) {
  stream_ = std::make_unique<Stream>(
      connection_->context(),
      Stream::Setup{.client = &connection_->client(),
                    .codec = &codec_,
                    .bound = &connection_->bound(),
                    .owner = this,
                    .place = tunnelled_ ? Stream::Place::tunnel : Stream::Place::listener,
                    .caller = caller_,
                    .policy = std::move(policy)},
      std::move(destination));
  return *stream_;
}

void Requests::on_stream_wants_bytes() {
  connection_->read_on_later();
}

bool Requests::is_client_done() const {
  return connection_->is_client_ended() || connection_->is_broken();
}

void Requests::on_stream_done(flow::ClientFate fate) {
  if (stream_->is_websocket()) {
    connection_->close_politely(Leg::Ending::said);  // what it sent last is on its way
    return;
  }
  Context& context = connection_->context();
  context.bury(std::move(stream_));
  if (!tunnelled_) {
    caller_ = {};  // the next request says itself who sends it
  }
  if (connection_->is_broken()) {
    connection_->end();
  } else if (fate == flow::ClientFate::abort) {
    connection_->close_politely(Leg::Ending::cut);
  } else {
    go_on(fate == flow::ClientFate::keep);
  }
}

// To the next request, if the answer to the last lets the connection go on.
void Requests::go_on(bool keeps) {
  if (!keeps || codec_.closes() || connection_->context().is_draining) {
    connection_->close_politely(Leg::Ending::said);
    return;
  }
  connection_->timer().set(base::bounds::kClientIdleMs);
  static_cast<void>(codec_.next({}));  // the end of a request without a body is still in it
  if (connection_->has_unread() || connection_->is_client_ended() || codec_.leg().is_held()) {
    connection_->read_on_later();
  }
}

void Requests::on_tunnel_refused(RefusedTunnel refused) {
  connection_->context().bury(std::move(stream_));
  if (connection_->is_broken()) {
    connection_->end();
  } else {
    refuse_in_tunnel(*connection_, std::move(refused));
  }
}

// --- the client's end ---

void Requests::on_client_end(bool is_clean) {
  // A client that says its end after the handshake was only looking.
  if (tunnelled_ && !is_clean) {
    tunnelled_->trust.failed("closed", audit::AlertBy::nobody);
  }
  if (stream_ && stream_->is_websocket()) {
    stream_->client_gone();
  } else if ((!connection_->has_unread() && !has_step()) ||
             (stream_ && stream_->awaits_decision())) {
    on_client_said_all();  // what lies behind a request that is held is of nobody any more
  }
}

void Requests::on_client_said_all() {
  if (stream_) {
    stream_->client_said_all();
  } else if (managed_) {
    managed_->on_client_said_all();
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

void Requests::on_client_broken() {
  if (tunnelled_) {
    tunnelled_->trust.broke(codec_.leg());
  }
  on_cut();
}

void Requests::on_cut() {
  if (stream_) {
    stream_->client_gone();  // its end ends the connection
  } else {
    connection_->end();
  }
}

void Requests::on_client_drained() {
  if (stream_) {
    stream_->client_drained();
  } else if (managed_) {
    managed_->on_client_drained();
  }
}

void Requests::on_drain() {
  if (stream_) {
    stream_->drain();
  } else if (managed_) {
    managed_->on_drain();
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

// A stream has its own timer.
void Requests::on_time_out() {
  if (stream_) {
    return;
  }
  if (managed_) {
    managed_->on_time_out();
  } else if (codec_.is_mid_message()) {
    refuse_bytes(Reason::client_timeout, "", "");
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

}  // namespace keyswap::net
