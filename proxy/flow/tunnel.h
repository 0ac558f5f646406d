// SPDX-License-Identifier: Apache-2.0
//
// A tunnel to a host in no binding, from its CONNECT to its end, as a machine: events in, actions
// out; no socket, file, clock or thread. Its route and its caller are judged before it begins
// (proxy/flow/destination.h, proxy/flow/caller.h). Then its upstream is reached, it is recorded,
// and once the record is durable (I6) it is opened; from there bytes go as they are, both ways.
// Nothing in it is looked at but the client's first bytes, and no secret can be in it.
//
// What it takes in which situation is in tunnel_table.h; where each event leads is at the head of
// tunnel.cc. Owned by a client's connection (proxy/net/tunnel.h), which carries the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/flow/action.h"
#include "proxy/flow/event.h"
#include "proxy/flow/side.h"

namespace keyswap::flow {

// --- events, besides those that an exchange has, too ---

// A client's CONNECT. It may be opened, as far as its route and its caller go.
struct TunnelAsked {};

// Bytes of one side; of the client all that came and did not pass, the oldest first.
struct BytesCame {
  Side from = Side::client;
  std::string_view bytes;
};

// That side said its end, and what it said before was handed in.
struct SideEnded {
  Side from = Side::client;
};

// That side's connection broke. `has_stalled`: it took nothing more.
struct SideBroken {
  Side from = Side::client;
  bool has_stalled = false;
  base::Failure failure = {};
};

// The client's connection is over, whoever ended it. `has_stalled`: it took nothing more.
struct ConnectionOver {
  bool has_stalled = false;
};

using TunnelEvent = std::variant<TunnelAsked,
                                 Dialed,
                                 DialFailed,
                                 RecordDone,
                                 GoingAway,
                                 TimedOut,
                                 ConnectionOver,
                                 BytesCame,
                                 SideEnded,
                                 SideBroken>;

// --- actions, besides those that an exchange has, too ---

// CONNECT is answered with 200, and both sides are read from now on.
struct OpenTunnel {};

// To the other side. What is not asked to be passed is kept, and handed in again with what follows.
struct PassBytes {
  Side from = Side::client;
  std::string_view bytes;
};

// The same of what is kept of the client's.
struct PassKept {};

// Our end is said to that side, once what was passed to it is written. It is read on.
struct EndSide {
  Side to = Side::client;
};

// HTTP in the clear: what is kept of the client's is the first request in a tunnel whose requests
// are read (so that a placeholder in it does not pass unseen).
struct ReadRequests {};

// CONNECT is answered with a refusal after its record, like any other request on the listener.
struct RefuseTunnel {
  audit::Reason reason = audit::Reason::malformed_request;
  base::Failure failure = {};
};

// The same, at once: another record would hang as well.
struct RefuseUnrecorded {
  audit::Reason reason = audit::Reason::audit_unavailable;
};

using TunnelAction = std::variant<Dial,
                                  Record,
                                  OpenTunnel,
                                  PassBytes,
                                  PassKept,
                                  EndSide,
                                  ReadRequests,
                                  RefuseTunnel,
                                  RefuseUnrecorded,
                                  SetWait,
                                  RecordResponse,
                                  ReleaseUpstream,
                                  Finish>;

using TunnelActions = std::vector<TunnelAction>;

// Where it stands, told apart where it takes other events.
enum class TunnelSituation : std::uint8_t {
  awaiting_connect,
  dialing,
  recording,
  listening,        // it is open, and nothing has passed yet
  listening_alone,  // the same, and the upstream said its end
  relaying,
  client_done,    // the client said its end
  upstream_done,  // the upstream did
  closing,        // nothing more comes; what was passed to the client is on its way
  over,
};

class Tunnel {
 public:
  // Takes one event, appends what it asks for. Views in the actions live as long as those of the
  // event. An event that the situation does not take (tunnel_table.h) changes nothing, or ends the
  // tunnel.
  void on(TunnelEvent event, TunnelActions& actions);

  // May bytes of the client be handed in?
  [[nodiscard]] bool wants_client() const;

  [[nodiscard]] bool is_over() const { return std::holds_alternative<Over>(state_); }

  // Where it stands in the table of what it takes.
  [[nodiscard]] TunnelSituation situation() const;

 private:
  struct AwaitingConnect {};

  struct Dialing {};

  struct Recording {};

  struct Listening {
    std::uint64_t kept_bytes = 0;  // of the client's, which may yet be HTTP
    bool upstream_done = false;
  };

  struct Relaying {  // one of them at most: of both it is closing
    bool client_done = false;
    bool upstream_done = false;
  };

  struct Closing {};

  struct Over {};

  // What its closing record will say.
  struct Course {
    std::uint64_t bytes = 0;  // both ways together
    bool has_client_stalled = false;
    std::optional<base::Failure> upstream_stall;
  };

  void handle(const TunnelAsked& event, TunnelActions& actions);
  void handle(const Dialed& event, TunnelActions& actions);
  void handle(DialFailed& event, TunnelActions& actions);
  void handle(const RecordDone& event, TunnelActions& actions);
  void handle(const GoingAway& event, TunnelActions& actions);
  void handle(const TimedOut& event, TunnelActions& actions);
  void handle(const ConnectionOver& event, TunnelActions& actions);
  void handle(const BytesCame& event, TunnelActions& actions);
  void handle(const SideEnded& event, TunnelActions& actions);
  void handle(SideBroken& event, TunnelActions& actions);

  void listen(std::string_view bytes, TunnelActions& actions);
  void read_requests(TunnelActions& actions);
  void pass(Side from, std::string_view bytes, TunnelActions& actions);
  Relaying& relay(TunnelActions& actions);
  void end_direction(Side from, Relaying& relaying, TunnelActions& actions);
  void note_stall(SideBroken& event);

  // Before it is open.
  void give_up(audit::Reason reason, TunnelActions& actions);
  void refuse(audit::Reason reason, base::Failure failure, TunnelActions& actions);
  void leave_unsent(TunnelActions& actions);
  // Once it is.
  void close(TunnelActions& actions);
  void cut(TunnelActions& actions);
  void end(TunnelActions& actions);
  [[nodiscard]] bool was_opened() const;  // and has no closing record yet
  [[nodiscard]] RecordResponse closing_record() const;

  void protocol_violation(TunnelActions& actions);

  std::variant<AwaitingConnect, Dialing, Recording, Listening, Relaying, Closing, Over> state_;
  Course course_;
};

}  // namespace keyswap::flow
