// SPDX-License-Identifier: Apache-2.0
//
// Which event an exchange takes in which situation. Every pair has its place in the table, so no
// event can reach a step that is not made for it: what is not taken is ignored for a reason that
// exchange_table.cc gives, or ends the exchange (Exchange::protocol_violation). Not for what a step
// then does.
#pragma once

#include <cstdint>

#include "proxy/flow/event.h"
#include "proxy/flow/fit.h"

namespace keyswap::flow {

// A state of the machine, told apart where it takes other events.
enum class Situation : std::uint8_t {
  awaiting_head,
  collecting,
  holding,  // a person decides
  charging,
  fetching_secrets,
  dialing,
  recording,        // of a request that will be sent
  refusing,         // a refusal is recorded; then it is answered
  uploading,        // sent, but for some of its body
  swapping,         // the same, and a secret is waited for that its body needs
  awaiting_answer,  // sent as a whole
  answering_early,  // the response has begun before the request's end
  swapping_early,   // the same, and a secret is waited for that its body needs
  answering,        // the response has begun
  capturing,        // it is whole, and waits until what is captured of it is kept
  finished,
};

Fit fit_of(Situation situation, const Event& event);

}  // namespace keyswap::flow
