// SPDX-License-Identifier: Apache-2.0
//
// A request that a person decides on, from the asking to its end, and the steps from one state to
// the next. Pure: the time is handed in, and each step gives the operation as it will be, so that
// whoever takes the step can make it durable first. Not for who keeps them (proxy/approvals/book.h)
// or asks for them (proxy/net/approvals.h).
//
//   waiting   -> approved | denied | expired | client_gone
//   approved  -> executing, once | expired
//   executing -> succeeded | failed | unknown (bytes left, and no answer came: nobody knows)
//
// Each step is from one version of the operation to the next: of two who decide on the same one,
// the second is told that it is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace keyswap::approvals {

enum class State : std::uint8_t {
  waiting,
  approved,
  denied,
  expired,
  executing,
  succeeded,
  failed,
  unknown,
  client_gone,
};

std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view name);

// Nothing follows it.
bool is_terminal(State state);

struct Operation {
  std::string id;  // "op_" and 32 hex digits
  State state = State::waiting;
  std::uint64_t version = 1;

  std::string request_id;
  std::string caller;  // "" unknown
  std::string secret;  // its name, or several
  std::string host;    // with its port
  std::string method;
  std::string path;  // as records show it
  std::uint64_t body_bytes = 0;
  std::string body_sha256;  // hex
  std::string digest;       // hex, of all that is approved (proxy/flow/approval_digest.h)

  // Its client was told 202 and comes again; else it waits on its connection, and nothing is
  // decided any more once that is over.
  bool is_detached = false;
  std::int64_t created_us = 0;  // since 1970, as the others
  std::int64_t changed_us = 0;
  std::int64_t expires_us = 0;        // nobody decides any more
  std::int64_t retry_us = 0;          // how long it may be sent once it is approved
  std::int64_t retry_expires_us = 0;  // until then; 0: it is not approved
  std::string by;                     // who decided, "" nobody
  std::string how;                    // "command", "page"
  std::string seal;                   // hex, over sealed_text(); of whoever keeps it

  bool operator==(const Operation&) const = default;
};

// All of it but its seal, each part behind its length: of two that differ no two have the same.
std::string sealed_text(const Operation& operation);

// Why a step is not taken.
enum class Refused : std::uint8_t {
  unknown,   // there is no such operation of this caller
  mismatch,  // it is of another request
  pending,   // it is not decided yet
  denied,
  expired,
  used,     // it was sent once already
  decided,  // by somebody else, or it is over
};

using Step = std::variant<Operation, Refused>;

// Who decides, and how.
struct Decider {
  std::string by;
  std::string how;
};

// As it is at `now_us`: what has waited too long is expired.
Operation at(Operation operation, std::int64_t now_us);

// `version`: of the operation that the person saw; 0: whichever.
Step decide(const Operation& operation,
            bool allows,
            const Decider& who,
            std::uint64_t version,
            std::int64_t now_us);
// Its client is told 202.
Step detach(const Operation& operation, std::int64_t now_us);
// It waits no longer: `state` is expired, or client_gone. What was approved can only expire.
Step end_open(const Operation& operation, State state, std::int64_t now_us);
// It is used up, before anything of it is sent. `digest`: of the request that is to be sent.
Step claim(const Operation& operation,
           std::string_view caller,
           std::string_view digest,
           std::int64_t now_us);
// What became of it: succeeded, failed or unknown.
Step finish(const Operation& operation, State state, std::int64_t now_us);
// After a restart: whoever waited on a connection is gone, and what was being sent nobody knows.
Operation recovered(Operation operation, std::int64_t now_us);
// Likewise, of one whose seal is not its own: somebody else wrote it, so nothing is sent by it, and
// nobody is said to have decided.
Operation disowned(Operation operation, std::int64_t now_us);

}  // namespace keyswap::approvals
