// SPDX-License-Identifier: Apache-2.0
//
// What more than one machine asks for, of exchange, WebSocket and tunnel: records and charges
// (secrets: proxy/net/secret_lane.h). Here it is carried out; whoever drives a machine waits for
// the answer and hands it in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/action.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/net/context.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

// Whose decision it is.
struct DecisionOf {
  std::string_view request_id;
  std::string_view client_address;
  std::optional<std::uint32_t> client_user;
  std::string_view caller;
  const flow::Destination& destination;
  const bindings::Bindings& bindings;
  bool is_tunnel = false;
};

// Adds the decision's record, or records, to the loop's batch; who waits for them says so to the
// lane. A failure in it is told on stderr, too (proxy/net/telling.h).
void add_decision(Context& context, const DecisionOf& of, const flow::Record& decision);

// The alerts alone for the real values that were seen after its decision was recorded: a record
// each, and a line on stderr.
void add_real_values(Context& context, const DecisionOf& of, const flow::Record& decision);

// The same of the record of how it ended. `sent_us`: steady clock, 0 if it was not sent;
// `upstream`: may be null.
void add_response(Context& context,
                  std::string_view request_id,
                  const flow::Destination& destination,
                  const flow::RecordResponse& response,
                  std::int64_t sent_us,
                  const Upstream* upstream);

// The event that an answer of the limits is.
flow::Charged charged_by(const limits::ChargeAnswer& answer);

// Takes an answer of the limits; false: nobody waits for it any more, so it is given back.
using ChargeTaker = std::function<bool(limits::ChargeAnswer& answer)>;

// Counts `charge` against the limits; `taker` gets the answer, once, on this loop's thread: at once
// or in a later turn.
void charge(Context& context,
            const Policy& policy,
            std::string_view caller,
            const flow::Charge& charge,
            const ChargeTaker& taker);

// Whose request it is that spends.
struct SpentBy {
  const Policy& policy;
  std::string_view request_id;
  std::string_view caller;
};

// What the request came to takes the place of what its budget was charged, and is recorded.
// `ticket`: with a charge of a budget.
void spend(Context& context,
           const SpentBy& by,
           const limits::Ticket& ticket,
           const flow::Spent& spent);

// A record, and a line on stderr, where the answer says that a budget is past.
void tell_passed_budget(Context& context, const SpentBy& by, const limits::ChargeAnswer& answer);

// Gives back what `fate` says.
void settle(Context& context, const limits::Ticket& ticket, flow::ChargeFate fate);

}  // namespace keyswap::net
