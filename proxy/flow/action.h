// SPDX-License-Identifier: Apache-2.0
//
// The closed list of what an exchange can ask for. Its stream (proxy/net/stream.h) carries the
// actions out in order, after the machine has come to rest. Views live until that is done
// (Exchange::carried_out).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "audit/record.h"
#include "bindings/approval_rule.h"
#include "bindings/signer.h"
#include "proxy/base/bounds.h"
#include "proxy/base/cause.h"
#include "proxy/flow/answer_capture.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/findings.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_sighting.h"
#include "proxy/flow/spending.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

struct Reply;  // proxy/flow/reply.h

// Count it against the scope's limits: Charged follows. `volume_e8` of at most `volume_max_e8`: an
// order's value against the day's volume (bindings/signer.h).
struct Charge {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  std::int64_t volume_e8 = 0;
  std::int64_t volume_max_e8 = 0;
  bool wants_nonce = false;
  // What a budget of the scope is charged for it, until RecordResponse says what it came to.
  // Nothing: nothing.
  std::optional<bindings::TokenUsage> spends = std::nullopt;
  std::string_view model = {};  // with it
};

enum class ChargeFate : std::uint8_t {
  keep,      // it was sent, and may have been acted on
  refused,   // the upstream refused it (4xx): it was a call, and no order
  not_sent,  // it counts for nothing
};

// What becomes of what was charged.
struct Settle {
  ChargeFate fate = ChargeFate::keep;
};

// Have a person decide on this request: Decided follows, once. It is as it will be sent, and whole.
struct AskApproval {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  const bindings::ApprovalRule* approval = nullptr;  // the exchange's; until it hears
  std::vector<PlaceOf> places = {};                  // whose vault entries it needs
  std::string_view operation = {};                   // that it comes with; "": it is a new one
  std::string_view method = {};
  std::string_view target = {};
  std::string path = {};     // as shown_path gives it
  std::string headers = {};  // bound_headers()
  std::string_view body = {};
};

enum class HoldEnd : std::uint8_t { timed_out, client_gone };

// The client does not wait for the decision any more. Timed out: Decided follows all the same.
struct EndHold {
  HoldEnd why = HoldEnd::timed_out;
};

// Ask for the vault entries that these places need: SecretsReady or SecretsUnavailable follows, at
// once or later.
struct FetchSecrets {
  std::vector<PlaceOf> places;
};

// Get a verified connection to the destination: Dialed or DialFailed follows.
struct Dial {};

// The same, dialled anew whatever is at rest, for a request that is sent once more; and make
// durable what was noted so far: RecordDone or DialFailed follows, once both are there.
struct DialAnew {};

// Make this decision durable: RecordDone follows.
struct Record {
  audit::Decision decision = audit::Decision::refused;
  audit::Reason reason = audit::Reason::malformed_request;
  std::optional<std::uint32_t> rule;
  std::uint32_t place = 0;                      // of the rule
  std::vector<PlaceOf> further;                 // allowed: what else is swapped in; a record each
  std::vector<Denial> others;                   // recorded along with it
  std::vector<std::uint32_t> honeytokens = {};  // likewise: rules whose placeholders were sent
  RealSightings real_values = {};               // likewise: secrets that were sent themselves
  std::string_view method;
  std::string path;                               // as shown_path gives it
  base::Failure failure = {};                     // of a refusal
  std::optional<bindings::OrderInfo> order = {};  // what the judged order is, if it is one
  // The client's own signature was not made with the placeholder secret (Judgement::is_unproven).
  bool is_unproven = false;
  // It was signed for the upstream's time, so much later than this machine's; 0: for this one's.
  std::int64_t clock_shift_ms = 0;
};

// The same of what was decided in the middle of a body; nobody waits for that.
struct NoteDecision {
  Record record;
};

// Tell of the real values that were seen in the middle of a body, beside the decision that the
// request had already; nobody waits for that.
struct NoteRealValues {
  Record record;
};

// Note how it ended; nobody waits for that.
struct RecordResponse {
  int status = 0;
  audit::Outcome outcome = audit::Outcome::unknown;
  std::uint64_t body_bytes = 0;
  base::Failure failure = {};
  std::vector<Finding> scrubbed = {};  // what came back, and did not go on
  std::optional<Spent> spent = {};     // of budgets, where it was charged to some
};

// Put these into the vault, durably, before anything of the answer that they came in goes on:
// CaptureDone follows.
struct KeepCaptured {
  std::span<const CapturedValue> values;
};

// To the upstream: the request's head, pieces of its body (not empty), its end.
struct SendRequestHead {
  http::OutgoingRequest head;
};

struct SendRequestBody {
  std::string_view bytes;
};

// A piece of it in locked memory, which a secret is in (I1).
struct SendRequestSecret {
  std::string_view bytes;
};

struct EndRequest {};

// To the client, ahead of the response's head: no, in what it speaks instead of HTTP
// (proxy/flow/foreign_speech.h).
struct SendPartingWords {
  std::string_view words;
};

// To the client: interim heads, the response's head, pieces of its body (not empty), its end.
struct SendResponseHead {
  http::OutgoingResponse head;
};

struct SendResponseBody {
  std::string_view bytes;
};

struct EndResponse {};

// CONNECT is answered with 200, and what the client asks for in the tunnel, in TLS or in the clear,
// with this: where no certificate can be had for its host, this is the answer to CONNECT. The
// connection ends with it.
struct RefuseInTunnel {
  std::shared_ptr<const Reply> reply;
};

// From now on the client's body is wanted: hand in what it sends.
struct ReadClient {};

enum class Wait : std::uint8_t {
  none,
  request_body,
  record,  // or a charge
  secrets,
  approval,  // of a person
  response_head,
  response_body,
  capture,          // what came in an answer is being kept
  websocket_close,  // one side of a WebSocket said its end, the other has not
  tunnel_speech,    // a tunnel's first bytes may yet be HTTP
  tunnel_idle,      // nothing passes in a tunnel; begins anew whenever something does
};

// TimedOut follows when this wait lasts too long; replaces the one before.
struct SetWait {
  Wait wait = Wait::none;
  std::int64_t ms = 0;  // how long, where a binding says so; 0: as usual
};

// The connection is a WebSocket from here on, both sides of it (proxy/flow/websocket.h); the
// exchange is over, and what becomes of the connections is not its affair any more.
// What is looked for in what the upstream says there, from the beginning on; null: nothing yet.
struct BeginWebSocket {
  SharedSearch search;
  bool is_scrubbed = true;  // false: a binding says that it goes on as it comes
  Findings findings;        // in the heads before it
};

enum class UpstreamFate : std::uint8_t {
  reuse,
  keep_for_client,  // I16: somebody logged in on it; for this client connection alone
  discard,
};

// The connection to the upstream is not needed any more (also: a dial under way).
struct ReleaseUpstream {
  UpstreamFate fate = UpstreamFate::discard;
  std::int64_t rest_ms = base::bounds::kUpstreamIdleMs;  // how long it may rest, if it is reused
};

enum class ClientFate : std::uint8_t {
  keep,   // the next request may come
  close,  // say goodbye, so that what was sent arrives
  abort,  // cut it, so that what was sent cannot be taken for complete
};

// The exchange is over.
struct Finish {
  ClientFate client = ClientFate::close;
};

using Action = std::variant<Charge,
                            Settle,
                            AskApproval,
                            EndHold,
                            FetchSecrets,
                            Dial,
                            DialAnew,
                            Record,
                            NoteDecision,
                            NoteRealValues,
                            RecordResponse,
                            KeepCaptured,
                            SendRequestHead,
                            SendRequestBody,
                            SendRequestSecret,
                            EndRequest,
                            SendPartingWords,
                            SendResponseHead,
                            SendResponseBody,
                            EndResponse,
                            RefuseInTunnel,
                            ReadClient,
                            SetWait,
                            ReleaseUpstream,
                            BeginWebSocket,
                            Finish>;

using Actions = std::vector<Action>;

}  // namespace keyswap::flow
