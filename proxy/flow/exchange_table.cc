// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/exchange_table.h"

#include <array>
#include <variant>

#include "proxy/base/assert.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

namespace {

// t: taken; -: ignored; !: misfit. What is ignored, and why:
// - what is left of a request that is being refused: nobody will read it;
// - the end of a request that is known to be whole, and the end of an interim response;
// - a wait that ran out where another bound holds: a dial has its own;
// - a pause of the upstream before its answer has begun, or behind it;
// - what a secret in the request's body waited for, once the answer is whole without it;
// - everything once the exchange is over.
//
// A piece of a body before the head has left would be lost, a second head or a piece after the end
// would be smuggled: these are misfits, whoever hands them in.
// clang-format off
constexpr std::array<FitRow<Situation>, 16> kTable = {{
    // of the client:            Head
    //                           | Refused
    //                           | | Body
    //                           | | | End
    //                           | | | | Gone
    // of the world around:      | | | | |   Charged
    //                           | | | | |   | Decided
    //                           | | | | |   | | SecretsReady
    //                           | | | | |   | | | SecretsUnavailable
    //                           | | | | |   | | | | Dialed
    //                           | | | | |   | | | | | DialFailed
    //                           | | | | |   | | | | | | RecordDone
    //                           | | | | |   | | | | | | | CaptureDone
    // of the upstream:          | | | | |   | | | | | | | |   Head
    //                           | | | | |   | | | | | | | |   | Body
    //                           | | | | |   | | | | | | | |   | | End
    //                           | | | | |   | | | | | | | |   | | | Broken
    // of our own side:          | | | | |   | | | | | | | |   | | | |   NotWritten
    //                           | | | | |   | | | | | | | |   | | | |   | TimedOut
    //                           | | | | |   | | | | | | | |   | | | |   | | Paused
    {Situation::awaiting_head,    "t t ! ! t   ! ! ! ! ! ! ! !   ! ! ! !   ! - -"},
    {Situation::collecting,       "! t t t t   ! ! ! ! ! ! ! !   ! ! ! !   ! t -"},
    {Situation::holding,          "! ! ! ! t   ! t ! ! ! ! ! !   ! ! ! !   ! t -"},
    {Situation::charging,         "! ! ! ! t   t ! ! ! ! ! ! !   ! ! ! !   ! t -"},
    {Situation::fetching_secrets, "! ! ! ! t   ! ! t t ! ! ! !   ! ! ! !   ! t -"},
    {Situation::dialing,          "! ! ! ! t   ! ! ! ! t t ! !   ! ! ! !   ! - -"},
    {Situation::recording,        "! ! ! ! t   ! ! ! ! ! t t !   ! ! ! !   ! t -"},
    {Situation::refusing,         "! - - - t   ! ! ! ! ! ! t !   ! ! ! !   ! t -"},
    {Situation::uploading,        "! t t t t   ! ! ! ! ! ! ! !   t ! - t   t t -"},
    {Situation::swapping,         "! ! ! ! t   t ! t t ! ! t !   t ! - t   t t -"},
    {Situation::awaiting_answer,  "! ! ! - t   ! ! ! ! ! ! ! !   t ! - t   t t -"},
    {Situation::answering_early,  "! t t t t   ! ! ! ! ! ! ! !   ! t t t   t t t"},
    {Situation::swapping_early,   "! ! ! ! t   t ! t t ! ! t !   ! t t t   t t t"},
    {Situation::answering,        "! ! ! - t   ! ! ! ! ! ! ! !   ! t t t   t t t"},
    {Situation::capturing,        "! ! ! - t   - ! - - ! ! - t   t t t t   ! t -"},
    {Situation::finished,         "- - - - -   - - - - - - - -   - - - -   - - -"},
}};
// clang-format on

constexpr auto kFits = read_fits<std::variant_size_v<Event>>(kTable);
static_assert(kTable.back().situation == Situation::finished);

}  // namespace

Fit fit_of(Situation situation, const Event& event) {
  return kFits[static_cast<std::size_t>(situation)][event.index()];
}

Situation Exchange::situation() const {
  if (const auto* relaying = std::get_if<Relaying>(&state_)) {
    if (relaying->is_keeping) {
      return Situation::capturing;
    }
    if (is_body_held()) {
      return relaying->has_head ? Situation::swapping_early : Situation::swapping;
    }
    return relaying->has_head
               ? (relaying->client_done ? Situation::answering : Situation::answering_early)
               : (relaying->client_done ? Situation::awaiting_answer : Situation::uploading);
  }
  if (std::holds_alternative<Recording>(state_)) {
    return admission_.is_refused() ? Situation::refusing : Situation::recording;
  }
  if (std::holds_alternative<Holding>(state_)) {
    return Situation::holding;
  }
  if (std::holds_alternative<Admitting>(state_)) {
    return admission_.step() == Admission::Step::charging ? Situation::charging
                                                          : Situation::fetching_secrets;
  }
  return std::holds_alternative<AwaitingHead>(state_) ? Situation::awaiting_head
         : std::holds_alternative<Collecting>(state_) ? Situation::collecting
         : std::holds_alternative<Dialing>(state_)    ? Situation::dialing
                                                      : Situation::finished;
}

bool Exchange::wants_body() const {
  switch (situation()) {
    case Situation::collecting:
    case Situation::uploading:
    case Situation::answering_early:
      return true;
    case Situation::awaiting_head:
    case Situation::holding:
    case Situation::charging:
    case Situation::fetching_secrets:
    case Situation::dialing:
    case Situation::recording:
    case Situation::refusing:
    case Situation::swapping:
    case Situation::swapping_early:
    case Situation::awaiting_answer:
    case Situation::answering:
    case Situation::capturing:
    case Situation::finished:
      return false;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
