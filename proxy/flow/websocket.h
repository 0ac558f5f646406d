// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket connection after its 101, as a machine: pieces of messages and control frames in,
// actions out; no socket, file, clock or thread. Every frame that leaves is written anew (I9).
//
// Where a scheme signs messages (bindings/message_signer.h), each text message of the client is a
// request of its own, one at a time: collected whole, judged, charged, signed, its decision made
// durable (I6), and only then sent (websocket_messages.cc). Where a binding has `ws_text: true`, so
// is each that carries a placeholder, whose secret is swapped in (proxy/flow/decide_text.h), or the
// real value of a secret; the others are sent at once. Elsewhere, and where they are binary,
// messages pass as they come.
#pragma once

#include <cstdint>
#include <forward_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bindings/binding.h"
#include "bindings/message_signer.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/action.h"
#include "proxy/flow/admission.h"
#include "proxy/flow/collected_body.h"
#include "proxy/flow/decide_message.h"
#include "proxy/flow/decide_text.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/flow/findings.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_values.h"
#include "proxy/flow/scrub.h"
#include "proxy/flow/side.h"
#include "proxy/http/websocket.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::flow {

// --- events ---

// A piece of a message. `is_final`: its last one, which may be empty.
struct MessagePiece {
  Side from = Side::client;
  http::Opcode opcode = http::Opcode::text;  // text or binary
  std::string_view bytes;
  bool is_final = false;
  // Of a client's last piece where such messages are judged: what this one is judged by.
  std::optional<Moment> moment = std::nullopt;
};

// Close, ping or pong.
struct ControlFrame {
  Side from = Side::client;
  http::Opcode opcode = http::Opcode::ping;
  std::string_view payload;
};

// What one side sent is no frame, or one that may not come there.
struct FrameError {
  Side from = Side::client;
};

// That side's connection has ended or broken. `has_stalled`: it took nothing more.
struct SideGone {
  Side from = Side::client;
  bool has_stalled = false;
};

using WebSocketEvent = std::variant<MessagePiece,
                                    ControlFrame,
                                    FrameError,
                                    SideGone,
                                    GoingAway,
                                    Charged,
                                    SecretsReady,
                                    SecretsUnavailable,
                                    RecordDone,
                                    TimedOut>;

// --- actions, besides those of an exchange; what these ask for is of the message under way ---

// Message `number` is over, once for each: what becomes of its charge, and what is noted of its
// reply; nothing if it was not sent or none can be known.
struct EndMessage {
  std::uint64_t number = 0;
  ChargeFate fate = ChargeFate::keep;
  std::optional<RecordResponse> response;
};

// One frame to one side. A payload in locked memory is copied by the cipher alone (I1).
struct SendFrame {
  Side to = Side::client;
  http::Opcode opcode = http::Opcode::text;
  bool is_final = true;
  std::string_view payload;
  bool is_secret = false;
};

// The connection is over: both sides are closed, once what was sent to them is written.
struct EndWebSocket {
  audit::Outcome outcome = audit::Outcome::complete;
  std::vector<Finding> scrubbed = {};  // what came back on it, and did not go on
};

using WebSocketAction =
    std::variant<Record, EndMessage, EndWebSocket, Charge, FetchSecrets, SendFrame, SetWait>;

using WebSocketActions = std::vector<WebSocketAction>;

// Where it stands, on the client's side; told apart where it takes other events. The upstream's is
// always read.
enum class WebSocketSituation : std::uint8_t {
  reading,
  holding,  // nothing more of the client: it said its end, or has yet to hear a refusal
  charging,
  fetching_secrets,
  recording,
  over,
};

class WebSocket {
 public:
  struct Setup {
    Destination destination;
    std::string target;  // of the request that opened it
    std::string caller;
    std::shared_ptr<const bindings::Bindings> bindings;  // that the opening was decided by
    CollectedShare collected = {};        // of what the loop's machines hold of messages; its own
    KnownSecrets* known = nullptr;        // of all loops; outlives it; null: of itself alone
    BeginWebSocket begun = {};            // what the exchange knew that opened it
    vault::Holdings* holdings = nullptr;  // of all loops; outlives it; null: not counted
    // What is looked for in what clients send, of all loops; outlives it; null: nothing.
    const RealValues* real = nullptr;
  };

  explicit WebSocket(Setup setup);
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  WebSocket(WebSocket&&) = delete;
  WebSocket& operator=(WebSocket&&) = delete;
  ~WebSocket() = default;

  // Takes one event, appends what it asks for. Views in the actions live until they have been
  // carried out. An event that the situation does not take (websocket_table.h) ends the connection,
  // and nothing else.
  void on(WebSocketEvent event, WebSocketActions& actions);

  // The actions have been carried out: what they had views of, and is sent for good, goes.
  void carried_out();

  // Are such messages of the client judged here? Then the last piece of one has its Moment.
  [[nodiscard]] bool is_judged(http::Opcode opcode) const {
    return is_judged_ && (signs() || opcode == http::Opcode::text);
  }

  // May more of what the client sent be handed in? Not while a message is being dealt with.
  [[nodiscard]] bool wants_client() const { return situation() == WebSocketSituation::reading; }

  [[nodiscard]] bool is_over() const { return std::holds_alternative<Over>(state_); }

  // Where it stands in the table of what it takes.
  [[nodiscard]] WebSocketSituation situation() const;

  // Does message `number` wait for Charged?
  [[nodiscard]] bool awaits_charge(std::uint64_t number) const;
  // Is the message under way waiting for its secrets, or for its record?
  [[nodiscard]] bool awaits_secrets() const;
  [[nodiscard]] bool awaits_record() const;

  // What the message under way is judged by.
  [[nodiscard]] const bindings::Bindings& bindings() const {
    return message().admission.bindings();
  }

 private:
  struct Reading {};

  struct Admitting {};  // where exactly: Admission::step()

  struct Recording {};

  struct Over {
    audit::Outcome outcome = audit::Outcome::complete;
  };

  // What is sent to one side, and came from it.
  struct Party {
    bool has_closed = false;      // its Close frame came
    bool is_mid_message = false;  // towards it, so that the next frame is a continuation
    // Frames to it that one event brings about: they are asked for after all else.
    std::vector<SendFrame> frames = {};
  };

  // What these have views of, until they have left.
  struct Leaving {
    std::forward_list<std::string> made;
    base::Buffer scrubbed{base::bounds::kFilteredBytesMax};
    std::optional<vault::Secret> sent;
  };

  // The message cannot be read, or nobody may send one any more: it is refused, and the connection
  // closed.
  struct Unreadable {
    audit::Reason reason = audit::Reason::malformed_request;
    std::uint16_t close_code = 0;
  };

  // The client's message, while it is collected.
  struct Incoming {
    bool has_begun = false;
    CollectedBody text;
    std::optional<Unreadable> unreadable = std::nullopt;
  };

  // It is there as a whole, and is dealt with.
  struct Message {
    Moment moment;
    Admission admission;
    // Of the moment's bindings; once a rule is chosen, that rule's.
    const bindings::MessageSigner* signer = nullptr;
    std::optional<bindings::MessageReading> reading = std::nullopt;
    std::vector<TextPiece> pieces = {};                // where it is not signed
    std::optional<vault::Secret> made = std::nullopt;  // with its secrets, and not sent yet
    vault::Holder holder;                              // counts it
    bool is_over = false;                              // EndMessage was said
  };

  struct Awaited {  // a message whose reply is still to come
    std::uint64_t number = 0;
    bool may_act_unjudged = false;
    const bindings::Venue* venue = nullptr;  // whose rule it is charged to; null: none
  };

  // The upstream's messages where the client's are signed.
  struct Replies {
    std::map<std::string, Awaited, std::less<>> awaited;  // by the message's id
    std::unique_ptr<bindings::ReplyReader> reader;
    bool is_mid_reply = false;
    bool is_read = false;  // the message under way: somebody waits for a reply
    std::uint64_t bytes = 0;
  };

  // What is looked for in what the upstream says (I8).
  struct Answers {
    explicit Answers(Findings begun)
        : findings(std::move(begun)), scrubber(&findings, FoundIn::message) {}

    Findings findings;
    Scrubber scrubber;
  };

  struct Logon {
    std::string rule;  // by whose key the connection was logged on; "" none
    // A message went unjudged that might act for whoever is logged on, and nobody will know when it
    // was answered, because it has no id.
    bool has_unjudged_without_id = false;
  };

  void handle(MessagePiece& event, WebSocketActions& actions);
  void handle(const ControlFrame& event, WebSocketActions& actions);
  void handle(const FrameError& event, WebSocketActions& actions);
  void handle(const SideGone& event, WebSocketActions& actions);
  void handle(const GoingAway& event, WebSocketActions& actions);
  void handle(const Charged& event, WebSocketActions& actions);
  void handle(SecretsReady& event, WebSocketActions& actions);
  void handle(SecretsUnavailable& event, WebSocketActions& actions);
  void handle(const RecordDone& event, WebSocketActions& actions);
  void handle(const TimedOut& event, WebSocketActions& actions);

  // passing on (websocket.cc)
  void protocol_violation(WebSocketActions& actions);

  [[nodiscard]] Party& party(Side side) { return side == Side::client ? client_ : upstream_; }

  void send(Side to, http::Opcode opcode, bool is_final, std::string_view payload);
  void look_for_known();
  std::string_view shown_payload(const ControlFrame& frame);
  void send_made(Side to, http::Opcode opcode, std::string payload);
  void pass_upstream_piece(const MessagePiece& piece, WebSocketActions& actions);
  void pass_scrubbed(const MessagePiece& piece, WebSocketActions& actions);
  void pass_piece(const MessagePiece& piece);
  void close(std::uint16_t client_code,
             std::uint16_t upstream_code,
             audit::Outcome outcome,
             WebSocketActions& actions,
             std::string_view reason = {});
  void end(audit::Outcome outcome, WebSocketActions& actions);

  // a client's message where they are judged (websocket_messages.cc)
  void collect(MessagePiece& piece, WebSocketActions& actions);
  void add(std::string_view bytes);
  [[nodiscard]] std::optional<audit::Reason> read();
  [[nodiscard]] std::optional<audit::Reason> check_id() const;
  [[nodiscard]] SharedSearch real_values() const;
  [[nodiscard]] Verdict with_real_values(Verdict verdict) const;
  void judge(WebSocketActions& actions);
  void judge_text(WebSocketActions& actions);
  void pass_text(WebSocketActions& actions);
  [[nodiscard]] std::optional<audit::Reason> check_allowed() const;
  void go_on(const Admission::Refusal& refusal, WebSocketActions& actions);
  void record(WebSocketActions& actions);
  void refuse(audit::Reason reason, WebSocketActions& actions);
  [[nodiscard]] std::optional<SecretFault> prepare(std::span<const vault::Secret> secrets);
  base::Status look_for(std::span<const vault::Secret> secrets);
  void send_message(WebSocketActions& actions);
  void await_reply(WebSocketActions& actions);
  void send_payload();
  [[nodiscard]] bool may_log_on() const;
  void tell_refusal(audit::Reason reason);
  void end_message(ChargeFate fate,
                   std::optional<RecordResponse> response,
                   WebSocketActions& actions);
  void end_message_under_way(WebSocketActions& actions);
  void next_message();

  // Does a scheme sign the messages? Else those that are judged are texts with placeholders.
  [[nodiscard]] bool signs() const { return teller_ != nullptr; }

  [[nodiscard]] Message& message();
  [[nodiscard]] const Message& message() const;

  // the upstream's messages where the client's are signed (websocket_messages.cc)
  void note_reply(const MessagePiece& piece, WebSocketActions& actions);
  void read_reply(const MessagePiece& piece, WebSocketActions& actions);
  void end_replied(const bindings::Reply& reply, WebSocketActions& actions);

  Setup setup_;
  std::variant<Reading, Admitting, Recording, Over> state_;
  Party client_;
  Party upstream_;
  Leaving leaving_;
  bool is_judged_ = false;
  // Of the bindings that opened the WebSocket; null: none signs its messages.
  const bindings::MessageSigner* teller_ = nullptr;
  Incoming incoming_;
  std::optional<Message> message_;
  std::string late_refusal_;  // waits for the end of a message to the client
  Replies replies_;
  Answers answers_;
  Logon logon_;
};

}  // namespace keyswap::flow
