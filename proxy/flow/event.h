// SPDX-License-Identifier: Apache-2.0
//
// The closed list of what can happen to an exchange. Views in an event live until the actions that
// answer it have been carried out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/base/error.h"
#include "proxy/flow/foreign_speech.h"
#include "proxy/flow/operations.h"
#include "proxy/flow/secret_fault.h"
#include "proxy/http/message.h"
#include "vault/secret.h"

namespace keyswap::flow {

// A reverse route's rule, and what its path became (proxy/flow/reverse.h).
struct ReverseUse {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  std::string target;  // origin form, as it is sent
};

// The client's request head. `refusal`: what its route or its tunnel's identity already decided.
// `reverse`: it came by a reverse route.
struct ClientHead {
  http::RequestHead head;
  std::optional<audit::Reason> refusal = std::nullopt;
  std::optional<ReverseUse> reverse = std::nullopt;
  base::Failure failure = {};  // what was seen, with a refusal that something failed for
  // It is a CONNECT on the listener, whose refusal may be told inside of the tunnel.
  bool opens_tunnel = false;
};

// There is no request to look at, or no more of it: its bytes are not HTTP, or did not come in
// time.
struct ClientRefused {
  audit::Reason reason = audit::Reason::malformed_request;
  base::Note flaw = "";        // what exactly is wrong with its bytes; "" nothing more to say
  base::Failure failure = {};  // what was seen of the client
  ForeignSpeech speech = ForeignSpeech::none;  // what it speaks instead of HTTP
};

// A piece of the request's body, not empty.
struct ClientBody {
  std::string_view bytes;
};

struct ClientEnd {};  // the request is complete

// The client closed or broke: nobody waits for an answer. `has_stalled`: it took nothing more of
// what was sent to it.
struct ClientGone {
  bool has_stalled = false;
};

// The limits let it through, or why not: rate_limited, quota_exceeded, order_limit_exceeded,
// too_busy.
struct Charged {
  std::optional<audit::Reason> refusal;
  std::int64_t retry_after_ms = 0;  // with a refusal: when to come again; 0: not known
  std::uint64_t nonce = 0;          // if it was asked for
};

// A person let it through, and that is used up, durably; or why not. `operation`: what the client
// is told of it, if it is told.
struct Decided {
  std::optional<audit::Reason> refusal;
  std::optional<OperationView> operation;
  std::int64_t now_us = 0;  // since 1970; 0: as in Setup
};

struct SecretsReady {
  // Of each place that was asked for in turn, in the order of its Injection::needs().
  std::vector<vault::Secret> secrets;
  std::int64_t now_us = 0;  // since 1970, when they were opened; 0: as in Setup
  // The upstream's time less that, for signers that follow it; 0: it is not known, or the same.
  std::int64_t clock_shift_us = 0;
};

struct SecretsUnavailable {
  std::string name;  // the first entry that could not be opened
  SecretFault fault = SecretFault::missing;
  std::int64_t retry_after_ms = 0;  // when its source is asked again; 0: not known
};

struct Dialed {};  // a verified connection to the destination is there

struct DialFailed {
  audit::Reason reason = audit::Reason::upstream_connect_failed;
  base::Failure failure = {};
};

// The decision is durable, or it never will be.
struct RecordDone {
  bool is_durable = false;
};

// What was captured of the answer is in the vault, durably, and recorded; or it is not.
struct CaptureDone {
  bool is_kept = false;
};

struct UpstreamHead {
  http::ResponseHead head;
};

struct UpstreamBody {
  std::string_view bytes;
};

struct UpstreamEnd {};  // the response is complete

// Closed too early, reset, TLS that broke, not HTTP/1.1; or it takes nothing more.
struct UpstreamBroken {
  // It had served a request before this one, and ended without a byte of an answer to it.
  bool was_stale = false;
  base::Failure failure = {};
};

// What was asked to be sent last could not be written, and nothing of it was.
struct NotWritten {
  bool is_request_head = false;
};

// The wait that was set (flow::SetWait) is over.
struct TimedOut {
  // We did not read from the client, so it could not go on: its upstream has no room. For how long
  // it may have none is the connection's affair (UpstreamBroken).
  bool client_was_held = false;
};

// For a while (bounds::kAnswerPauseMs) nothing more came of an answer of which something is kept
// back that need not be (Exchange::keeps_back).
struct Paused {};

using Event = std::variant<ClientHead,
                           ClientRefused,
                           ClientBody,
                           ClientEnd,
                           ClientGone,
                           Charged,
                           Decided,
                           SecretsReady,
                           SecretsUnavailable,
                           Dialed,
                           DialFailed,
                           RecordDone,
                           CaptureDone,
                           UpstreamHead,
                           UpstreamBody,
                           UpstreamEnd,
                           UpstreamBroken,
                           NotWritten,
                           TimedOut,
                           Paused>;

}  // namespace keyswap::flow
