// SPDX-License-Identifier: Apache-2.0
//
// One exchange on a client's connection: its machine (proxy/flow/exchange.h), what it was charged,
// its timer, and its lease of an upstream. It carries out what the machine asks for: the machine
// runs to its end first, then its actions are performed in order; what an action brings about at
// once becomes the next event, so nothing re-enters. After a 101 that is granted it is a WebSocket
// (proxy/net/websocket_relay.h), over the same lease.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/flow/exchange.h"
#include "proxy/net/client.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/context.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/handle.h"
#include "proxy/net/lease.h"
#include "proxy/net/secret_lane.h"
#include "proxy/net/websocket_relay.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

// A CONNECT that was refused, once that is recorded, and what its client is to be told.
struct RefusedTunnel {
  flow::Destination destination;
  std::shared_ptr<const flow::Reply> reply;
};

// Who carries a stream. None of these may destroy it (Context::bury does).
class StreamOwner {
 public:
  StreamOwner() = default;
  StreamOwner(const StreamOwner&) = delete;
  StreamOwner& operator=(const StreamOwner&) = delete;
  StreamOwner(StreamOwner&&) = delete;
  StreamOwner& operator=(StreamOwner&&) = delete;
  virtual ~StreamOwner() = default;

  // More of the client's bytes are wanted; may be said again and again.
  virtual void on_stream_wants_bytes() = 0;
  // It is over, told once. `fate`: of the client's connection, as far as the exchange goes.
  virtual void on_stream_done(flow::ClientFate fate) = 0;
  // The same of one whose client is to be told inside of the tunnel that it asked for.
  virtual void on_tunnel_refused(RefusedTunnel refused) = 0;
  // Will the client say no more?
  [[nodiscard]] virtual bool is_client_done() const = 0;
  // Are bytes of the client being read? Then their end flushes what was written, once for all.
  [[nodiscard]] virtual bool is_reading() const = 0;
};

class Stream final : public Mortal, public LeaseEvents {
 public:
  // Where its request was read.
  enum class Place : std::uint8_t { listener, tunnel };

  // What is pointed to outlives the stream.
  struct Setup {
    const Client* client = nullptr;
    ClientCodec* codec = nullptr;
    BoundUpstreams* bound = nullptr;
    StreamOwner* owner = nullptr;
    Place place = Place::listener;
    Caller caller;
    Policy policy;  // I14: kept to the end
  };

  Stream(Context& context, Setup setup, flow::Destination destination);

  // Hands the machine what happened to the client's side: ClientHead, ClientBody, ClientEnd,
  // ClientRefused.
  void on(flow::Event event);

  // May more of the client's bytes be handed in?
  [[nodiscard]] bool wants_bytes() const;

  // Has it become a WebSocket? Then it takes bytes as they are, and gives what it left.
  [[nodiscard]] bool is_websocket() const { return websocket_ != nullptr; }

  std::string_view on_raw_bytes(std::string_view bytes) {
    return websocket_->on_client_bytes(bytes);
  }

  // What came in one read was handed in.
  void read_done();
  // The client will say no more, and everything that it said was handed in.
  void client_said_all();

  // A person decides on its request: a client that says its end then has hung up.
  [[nodiscard]] bool awaits_decision() const { return exchange_ && exchange_->awaits_decision(); }

  // The client is gone, or broke.
  void client_gone();
  // The client's leg has room again.
  void client_drained();
  // The proxy stops.
  void drain();

  void on_lease_dialed(audit::Reason reason, base::Failure failure) override;
  void on_lease_event(flow::Event event) override;

  void on_lease_read_done() override { read_done(); }

  void on_lease_drained() override;

 private:
  // Of the machine's run.
  struct Run {
    std::vector<flow::Event> follow_ups;   // what actions brought about at once
    std::optional<flow::ClientFate> fate;  // the exchange is over
    std::optional<RefusedTunnel> refused;  // and its client is told so in the tunnel
    bool is_on = false;
    bool is_in_read = false;   // more of the same read of the upstream may come
    bool is_upgraded = false;  // the exchange ended in a WebSocket:
    flow::BeginWebSocket begun;
  };

  // Of the record, or the decision of a person, that the exchange waits for.
  struct Awaited {
    bool is_awaited = false;
    bool is_durable = false;  // and waiting for a connection to be dialled anew
    bool is_again = false;    // it is of a request that is sent once more
    std::string operation;    // that a person decides on, or has let through; "": none
  };

  void finish_run();
  void flush();
  void await_pause();
  void balance();
  void perform(const flow::Charge& action);
  void perform(const flow::Settle& action);
  void perform(const flow::AskApproval& action);
  void perform(const flow::EndHold& action);
  void perform(const flow::FetchSecrets& action);
  void perform(const flow::Dial& action);
  void perform(const flow::DialAnew& action);
  void perform(const flow::Record& action);
  void perform(const flow::NoteDecision& action);
  void perform(const flow::NoteRealValues& action);
  void perform(const flow::RecordResponse& action);
  void perform(const flow::KeepCaptured& action);
  void perform(const flow::SendRequestHead& action);
  void perform(const flow::SendRequestBody& action);
  void perform(const flow::SendRequestSecret& action);
  void perform(const flow::EndRequest& action);
  void perform(const flow::SendPartingWords& action);
  void perform(const flow::SendResponseHead& action);
  void perform(const flow::SendResponseBody& action);
  void perform(const flow::EndResponse& action);
  void perform(const flow::RefuseInTunnel& action);
  void perform(const flow::ReadClient& action);
  void perform(const flow::SetWait& action);
  void perform(const flow::ReleaseUpstream& action);
  void perform(const flow::BeginWebSocket& action);
  void perform(const flow::Finish& action);

  [[nodiscard]] bool is_counted_stranger(const flow::Record& action) const;
  [[nodiscard]] DecisionOf decision_of() const;
  void note(const flow::Record& decision);
  void wait_for_record();
  void record_done(bool is_durable);
  void decided(flow::Decided decision);
  void end_operation(int status, std::optional<audit::Outcome> outcome);
  void captured(bool is_kept);
  bool charge_done(limits::ChargeAnswer& answer);
  void get_upstream();
  [[nodiscard]] std::int64_t wait_ms(const flow::SetWait& action) const;
  [[nodiscard]] std::int64_t response_wait_ms(std::int64_t usual_ms) const;
  void on_time_out();
  void become_websocket();

  Context* context_;
  Setup setup_;
  std::string request_id_;
  std::optional<flow::Exchange> exchange_;  // until it is over
  Run run_;
  Awaited record_;
  std::vector<limits::Ticket> tickets_;  // what it was charged
  SecretFetch fetch_;                    // of the secrets it waits for
  std::int64_t sent_us_ = 0;             // steady clock, when the request was sent
  std::int64_t wait_ms_ = 0;             // of the exchange's wait
  uv::Timer timer_;
  std::unique_ptr<uv::Timer> pause_;  // while an answer keeps something back
  Anchor<Stream> anchor_{*this};
  Lease lease_;
  std::unique_ptr<WebSocketRelay> websocket_;  // before the lease that it uses goes
};

}  // namespace keyswap::net
