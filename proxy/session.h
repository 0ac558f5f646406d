// SPDX-License-Identifier: Apache-2.0
//
// One client connection: owns its leg, the decoder and the exchange of the moment, and carries out
// what the exchange asks for. It moves bytes and actions; it decides nothing (proxy/flow does).
//
//   listener    requests as a proxy gets them
//     CONNECT to a host whose requests are read -> minting (unless the leaf is there) -> first_byte
//     CONNECT to another host                   -> dialing -> tunnel (proxy/tunnel.h)
//   first_byte  what does the client speak?
//     0x16, TLS                                 -> handshake -> requests
//     anything else                             -> requests, in the clear
//   requests    requests inside a tunnel
//     a 101 that grants a WebSocket             -> websocket (proxy/websocket_relay.h)
//
// A session lives on its loop. It ends by end(); the loop's session table then buries it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ca/leaf.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/bound_upstreams.h"
#include "proxy/context.h"
#include "proxy/dial.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/secret_fault.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/leg.h"
#include "proxy/secret_lane.h"
#include "proxy/tunnel.h"
#include "proxy/upstream.h"
#include "proxy/uv/timer.h"
#include "proxy/websocket_relay.h"

namespace keyswap::proxy {

class Session final : public Mortal, public LegEvents, public UpstreamUser {
 public:
  // `ended` is called once, at the end; it must not destroy the session before the turn is over.
  Session(Context& context, std::uint64_t id, std::function<void(std::uint64_t)> ended);

  // Takes over an accepted socket and begins.
  void start(int socket);

  // The record it waited for.
  void audit_done(bool is_durable);
  // The answer of the limits to charge number `number`. False: nobody waits for it any more.
  bool charge_done(std::uint64_t number, limits::ChargeAnswer& answer);
  // The leaf it waited for, or why none could be minted.
  void leaf_done(base::Result<std::shared_ptr<const ca::Leaf>> leaf);

  // The policy in force is another now.
  void policy_changed() { bound_.forget_all(); }

  // Finish what is under way and go (SIGTERM).
  void drain();
  // Go now.
  void cut();

  void on_leg_connected() override {}

  void on_leg_secured() override;
  void on_leg_bytes(std::string_view bytes) override;
  void on_leg_end(bool is_clean) override;
  void on_leg_broken(base::Errc why) override;
  void on_leg_drained() override;

  void on_upstream(flow::Event event) override;
  void on_upstream_read_done() override;

  void on_upstream_raw(std::string_view /*bytes*/) override {}

  void on_upstream_raw_end() override {}

  void on_upstream_drained() override;

 private:
  // A response head, or one piece of a body with what frames it.
  static constexpr std::size_t kWrittenBytesMax =
      base::bounds::kLegUnreadBytesMax + base::bounds::kResponseHeadBytesMax;

  enum class Phase : std::uint8_t {
    listener,    // requests on the listener itself
    dialing,     // an opaque tunnel's upstream is being reached, or its record made durable
    minting,     // a leaf is being made, before CONNECT is answered
    first_byte,  // 200 was said to CONNECT: what does the client speak?
    handshake,   // TLS with the client
    requests,    // requests inside a tunnel (with TLS or without)
    tunnel,      // opaque
    websocket,   // frames, read and written anew (proxy/websocket_relay.h)
    closing,     // our end is said; what still comes is thrown away
    ended,
  };

  // reading (session.cc)
  void take(std::string_view bytes);
  void put_aside(std::string_view bytes);
  [[nodiscard]] base::Buffer take_unread();
  void read_on();
  void read_on_later();
  std::string_view decode(std::string_view bytes);
  std::string_view decode_steps(std::string_view bytes);
  [[nodiscard]] bool wants_bytes() const;
  void after_client_end();

  // requests (session_requests.cc)
  void begin_request(http::RequestHead head);
  void route_request(http::RequestHead head);
  void reverse_request(http::RequestHead head);
  void look_up_caller();
  [[nodiscard]] std::optional<audit::Reason> check_caller(flow::Route::Kind kind) const;
  void refuse_request(audit::Reason reason, base::Note flaw = "");
  void refuse_tunnel(audit::Reason reason, base::Failure failure = {});
  void answer_health(const http::RequestHead& head);
  void send_reply(const flow::Reply& reply);
  bool send(const base::Result<std::string_view>& bytes);

  // CONNECT (session_tunnel.cc)
  void open_tunnel(flow::Destination destination, std::string method);
  void open_intercepted(flow::Destination destination);
  void refuse_leaf(const base::Error& error);
  void say_established(Phase next);
  void listen_to_client();
  void begin_tls();
  void begin_requests();
  void tunnel_dialed(Dial::Outcome outcome);
  void tunnel_recorded(bool is_durable);
  void give_up_dialing(audit::Reason reason);
  void opaque_bytes(std::string_view bytes);
  void pass_first_bytes();
  void record_tunnel_end();
  [[nodiscard]] flow::RecordResponse tunnel_end() const;
  void record_tunnel_unsent();
  void give_up_tunnel();

  // the exchange's actions (session_actions.cc)
  void make_exchange(flow::Destination destination);
  void drive(flow::Event event);
  void finish_driving();
  void flush_legs();
  void perform(const flow::Charge& action);
  void perform(const flow::Settle& action);
  void perform(const flow::FetchSecrets& action);
  void perform(const flow::Dial& action);
  void perform(const flow::DialAnew& action);
  void perform(const flow::Record& action);
  [[nodiscard]] bool is_counted_stranger(const flow::Record& action) const;
  void perform(const flow::RecordResponse& action);
  void perform(const flow::SendRequestHead& action);
  void perform(const flow::SendRequestBody& action);
  void perform(const flow::EndRequest& action);
  void perform(const flow::SendResponseHead& action);
  void perform(const flow::SendResponseBody& action);
  void perform(const flow::EndResponse& action);
  void perform(const flow::ReadClient& action);
  void perform(const flow::SetWait& action);
  void perform(const flow::ReleaseUpstream& action);
  void perform(const flow::BeginWebSocket& action);
  void perform(const flow::Finish& action);
  void begin_websocket();
  [[nodiscard]] std::int64_t wait_ms(const flow::SetWait& action) const;
  [[nodiscard]] std::int64_t response_wait_ms(std::int64_t usual_ms) const;
  void dial();
  [[nodiscard]] std::string owner() const;
  void exchange_dialed(Dial::Outcome outcome);
  void lose_upstream();
  void balance();

  // clients that do not come to TLS (session_tunnel.cc)
  void tls_failed(std::string_view alert, audit::AlertBy by);
  void tls_broke();

  // the end (session.cc)
  void close_politely(Leg::Ending ending);
  void drop_upstream();
  void end();
  void on_time_out();
  void on_wait_over();

  Context* context_;
  std::uint64_t id_;
  std::function<void(std::uint64_t)> ended_;
  Phase phase_ = Phase::listener;
  std::string client_address_;
  std::optional<std::uint32_t> client_user_;  // of this machine, as the kernel knows it
  Leg leg_;
  http::Decoder decoder_{http::Decoder::Role::request};
  http::h1::ResponseWriter writer_;
  base::Buffer written_{kWrittenBytesMax};                 // and not handed to the leg yet
  base::Buffer unread_{base::bounds::kLegUnreadBytesMax};  // bytes of the client not decoded yet
  bool is_client_ended_ = false;
  bool is_broken_ = false;
  // CONNECT was taken, and the client has neither shown that it trusts our leaf nor done without
  // TLS.
  bool awaits_trust_ = false;
  bool will_read_on_ = false;   // read_on is deferred
  bool is_head_timed_ = false;  // the timer runs for a head that has begun

  Policy policy_;  // of the request under way
  // Who the request on the listener, or whoever opened the tunnel, said it was; and who it is,
  // looked up again for each request, "" unknown.
  std::optional<flow::CallerClaim> claim_;
  std::string caller_;
  std::optional<flow::SecretFault> caller_fault_;  // why that could not be looked up
  flow::TunnelIdentity tunnel_;
  std::shared_ptr<const ca::Leaf> leaf_;
  std::unique_ptr<Tunnel> opaque_;
  std::unique_ptr<WebSocketRelay> websocket_;

  std::unique_ptr<flow::Exchange> exchange_;
  flow::Actions actions_;
  std::vector<flow::Event> follow_ups_;   // what actions brought about at once
  std::optional<flow::ClientFate> fate_;  // the exchange is over
  bool is_driving_ = false;
  bool is_upgraded_ = false;  // the exchange ended in a WebSocket
  bool is_in_read_ = false;   // more of the same read may come: its end flushes, once for all
  bool is_sent_ = false;      // a byte of the request has left
  bool awaits_record_ = false;
  bool is_resending_ = false;  // over a connection dialled anew, none that had rested
  bool is_recorded_ = false;   // durable, and waiting for a connection to be dialled anew
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Upstream> upstream_;
  BoundUpstreams bound_;
  limits::Ticket ticket_;            // what the request under way was charged
  std::uint64_t charge_number_ = 0;  // of the charge it waits for
  SecretFetch fetch_;                // of the secrets it waits for
  std::string request_id_;           // of the exchange or the tunnel
  std::string tunnel_method_;
  std::int64_t sent_us_ = 0;  // steady clock, when the request was sent or the tunnel opened
  std::int64_t wait_ms_ = 0;  // of the exchange's wait
  uv::Timer timer_;
};

// The sessions of a loop.
class SessionTable {
 public:
  explicit SessionTable(Context& context) : context_(&context) {}

  // Null when it is gone.
  Session* find(std::uint64_t id);
  Session& add();

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  void policy_changed();
  void drain_all();
  void cut_all();
  // Called each time a session has ended.
  std::function<void()> on_ended;

 private:
  std::vector<Session*> all();

  Context* context_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::uint64_t ids_given_ = 0;
};

}  // namespace keyswap::proxy
