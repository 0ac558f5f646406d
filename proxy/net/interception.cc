// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/interception.h"

#include <utility>

#include "ca/leaf_cache.h"
#include "proxy/base/bounds.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/net/connection.h"
#include "proxy/net/refusing.h"
#include "proxy/net/requests.h"

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
  } else if (error.code == base::Errc::permission) {
    return {base::Cause::name_not_permitted, {}};
  }
  return {cause, base::Facts().time("by this machine's clock it is ", now_s).take()};
}

// The client may send its first request.
void begin_requests(Connection& connection, Interception& tunnel, std::string server_name) {
  if (tunnel.refusal) {
    Refusing::begin(connection, std::move(tunnel.refusal));
    return;
  }
  Requests::begin_in_tunnel(
      connection,
      {.identity = {std::move(tunnel.request.destination), std::move(server_name)},
       .caller = std::move(tunnel.request.caller),
       .trust = std::move(tunnel.trust)});
}

ca::LeafCache& leaves_for(const Context& context, const Interception& tunnel) {
  return tunnel.refusal ? *context.clients.refusal_leaves : *context.clients.leaves;
}

void enter_tunnel(Connection& connection, Interception tunnel) {
  tunnel.leaf =
      leaves_for(connection.context(), tunnel).find(tunnel.request.destination.authority.host);
  if (tunnel.leaf) {
    FirstByte::begin(connection, std::move(tunnel));
    return;
  }
  auto minting = std::make_unique<Minting>(connection, std::move(tunnel));
  Minting& entered = *minting;
  connection.enter(std::move(minting));
  entered.begin();
}

}  // namespace

void intercept(Connection& connection, TunnelRequest request) {
  Context& context = connection.context();
  const std::string& host = request.destination.authority.host;
  ClientTrust trust(*context.clients.tls_watch,
                    {.address = connection.client().address,
                     .user = connection.client().user,
                     .caller = request.caller.name,
                     .host = host,
                     .alert = {}});
  enter_tunnel(connection, {std::move(request), std::move(trust), nullptr});
}

void refuse_in_tunnel(Connection& connection, RefusedTunnel refused) {
  if (connection.is_client_ended() && !connection.has_unread()) {
    Refusing::say(connection, *refused.reply);
    return;
  }
  Interception tunnel;
  tunnel.request.destination = std::move(refused.destination);
  tunnel.refusal = std::move(refused.reply);
  enter_tunnel(connection, std::move(tunnel));
}

// --- in common ---

bool InterceptionStage::is_refused_plainly() {
  if (!tunnel_.refusal || connection_->leg().has_tls()) {
    return false;
  }
  Refusing::say(*connection_, *tunnel_.refusal);
  return true;
}

void InterceptionStage::on_client_end(bool /*is_clean*/) {
  on_client_said_all();
}

void InterceptionStage::on_client_said_all() {
  if (is_refused_plainly()) {
    return;
  }
  tunnel_.trust.failed("closed", audit::AlertBy::nobody);
  connection_->end();
}

void InterceptionStage::on_client_broken() {
  tunnel_.trust.broke(connection_->leg());
  connection_->end();
}

void InterceptionStage::on_time_out() {
  if (is_refused_plainly()) {
    return;
  }
  tunnel_.trust.failed("timed_out", audit::AlertBy::nobody);
  connection_->end();
}

void InterceptionStage::on_drain() {
  // CONNECT was granted: its request may come yet.
  connection_->timer().set(base::bounds::kHalfClosedMs);
}

void InterceptionStage::on_cut() {
  connection_->end();
}

// --- a leaf ---

void Minting::begin() {
  const http::Authority& authority = tunnel().request.destination.authority;
  connection().timer().set(base::bounds::kClientTlsMs);
  Context& context = connection().context();
  leaves_for(context, tunnel())
      .request(authority.host,
               authority.kind != http::HostKind::name,
               // Told on another thread.
               [loop = context.loop,
                self = anchor_.handle()](base::Result<std::shared_ptr<const ca::Leaf>> minted) {
                 loop->post([self, minted = std::move(minted)] {
                   if (Minting* const minting = self.get()) {
                     minting->done(minted);
                   }
                 });
               });
}

void Minting::done(base::Result<std::shared_ptr<const ca::Leaf>> leaf) {
  if (!connection().is_in(*this)) {
    return;
  }
  if (!leaf) {
    refuse(leaf.error());
    return;
  }
  tunnel().leaf = std::move(*leaf);
  FirstByte::begin(connection(), std::move(tunnel()));
}

void Minting::on_time_out() {
  refuse({base::Errc::timed_out, "a certificate was not made in time"});
}

void Minting::refuse(const base::Error& error) {
  if (is_refused_plainly()) {
    return;
  }
  tunnel().trust.settle();
  const bool is_full =
      error.code == base::Errc::limit_exceeded || error.code == base::Errc::timed_out;
  refuse_tunnel(connection(),
                tunnel().request,
                is_full ? Reason::too_busy : Reason::leaf_unavailable,
                is_full ? base::Failure{} : leaf_failure(error, connection().context().now_s()));
}

// --- what the client speaks ---

void FirstByte::begin(Connection& connection, Interception tunnel) {
  const bool is_refused = tunnel.refusal != nullptr;
  connection.enter(std::make_unique<FirstByte>(connection, std::move(tunnel)));
  connection.leg().write(http::h1::connect_established());
  connection.leg().flush();
  connection.timer().set(is_refused ? base::bounds::kRefusedSpeechMs : base::bounds::kClientTlsMs);
  connection.read_on_later();
}

bool FirstByte::wants_bytes() const {
  return connection().is_in(*this);
}

std::string_view FirstByte::on_bytes(std::string_view bytes) {
  switch (flow::listen_where_read(bytes)) {
    case flow::Speech::undecided:
      return bytes;
    case flow::Speech::tls:
      Handshake::begin(connection(), std::move(tunnel()), bytes);
      return {};
    case flow::Speech::http:
    case flow::Speech::other:
      // Plain HTTP in a tunnel: read as such, and never given a secret (I5). If it is none, the
      // decoder says so.
      tunnel().trust.settle();
      tunnel().request.destination.protocol = flow::Protocol::http;
      begin_requests(connection(), tunnel(), "");
      return bytes;
  }
  KS_UNREACHABLE();
}

// --- TLS ---

void Handshake::begin(Connection& connection, Interception tunnel, std::string_view hello) {
  auto engine = tls::Engine::accept(*connection.context().clients.tls, std::move(tunnel.leaf));
  if (!engine) {
    tunnel.trust.failed("internal_error", audit::AlertBy::keyswap);
    connection.end();
    return;
  }
  const bool is_refused = tunnel.refusal != nullptr;
  connection.enter(std::make_unique<Handshake>(connection, std::move(tunnel)));
  if (is_refused) {
    connection.timer().set(base::bounds::kClientTlsMs);  // the wait for its first byte was shorter
  }
  connection.leg().start_tls(std::move(*engine), hello);
}

void Handshake::on_secured() {
  begin_requests(connection(), tunnel(), connection().leg().engine().server_name());
}

}  // namespace keyswap::net
