// SPDX-License-Identifier: Apache-2.0
//
// A client's connection that sends requests: on the listener, or in a tunnel whose requests are
// read. It reads heads and bodies, gives each request its stream, and asks proxy/flow where a
// request goes and whether its caller may come. In HTTP/1.1 there is one stream at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/reverse.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/client_trust.h"
#include "proxy/net/managed_request.h"
#include "proxy/net/stage.h"
#include "proxy/net/stream.h"
#include "proxy/net/tunnel_request.h"

namespace keyswap::net {

class Connection;

class Requests final : public Stage, public StreamOwner {
 public:
  // In a tunnel.
  struct Tunnelled {
    flow::TunnelIdentity identity;
    Caller caller;  // who opened it
    ClientTrust trust;
  };

  // On the listener.
  explicit Requests(Connection& connection);
  Requests(Connection& connection, Tunnelled tunnelled);

  // Requests in the tunnel from now on.
  static void begin_in_tunnel(Connection& connection, Tunnelled tunnelled);

  // Of a tunnel that was asked for on this connection and will not stand.
  void refuse(const TunnelRequest& request, audit::Reason reason, base::Failure failure);

  [[nodiscard]] bool wants_bytes() const override;
  std::string_view on_bytes(std::string_view bytes) override;
  [[nodiscard]] bool has_step() const override;
  void on_client_end(bool is_clean) override;
  void on_client_said_all() override;
  void on_client_broken() override;
  void on_client_drained() override;
  void on_time_out() override;
  void on_drain() override;
  void on_cut() override;

  void on_stream_wants_bytes() override;
  void on_stream_done(flow::ClientFate fate) override;
  void on_tunnel_refused(RefusedTunnel refused) override;
  [[nodiscard]] bool is_client_done() const override;

  [[nodiscard]] bool is_reading() const override { return is_in_read_; }

 private:
  // What is read while there is no stream.
  enum class NextHead : std::uint8_t {
    first,    // nothing came yet
    another,  // behind a request
    timed,    // it has begun, and the timer runs for the rest
  };

  std::string_view read(std::string_view bytes);
  void begin_request(http::RequestHead head);
  void route_request(http::RequestHead head);
  void refuse_request(flow::Route route, http::RequestHead head);
  void reverse_request(http::RequestHead head);
  void open(flow::Route route, http::RequestHead head);
  void tell_real_values(const TunnelRequest& request);
  void refuse_bytes(audit::Reason reason, base::Note flaw, std::string_view begin);
  void look_up_caller();
  void answer_management(http::RequestHead head);
  void go_on(bool keeps);
  void answer_locally(http::RequestHead head, const services::LocalService& service);
  [[nodiscard]] std::string own_address(const http::RequestHead& head) const;
  [[nodiscard]] bool tells_in_tunnels() const;
  [[nodiscard]] std::optional<audit::Reason> check_caller(flow::Route::Kind kind) const;
  Stream& begin_stream(flow::Destination destination, Policy policy);

  Connection* connection_;
  std::optional<Tunnelled> tunnelled_;  // nothing: on the listener
  ClientCodec codec_;
  Caller caller_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<ManagedRequest> managed_;  // on the management listener
  bool is_in_read_ = false;
  NextHead next_head_ = NextHead::first;
};

}  // namespace keyswap::net
