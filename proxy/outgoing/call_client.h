// SPDX-License-Identifier: Apache-2.0
//
// Requests of ours over the network: to where secrets are fetched and tokens are minted. libcurl
// runs them on one event loop; nothing here waits. Names are looked up by our own resolver and
// judged by call_guard.h before libcurl hears of them.
//
// A call ends after bounds::kCallMs, all in all. It is sent once more, a second later, when there
// was no connection or no whole answer, or when the other side says 5xx; never after a 4xx, a
// redirect (which is an answer), or a server that does not prove who it is. What is good once
// (vault::Call::is_spending) is not sent again once a connection has taken it and no answer came,
// or a gateway's (502, 504): it may have been spent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/outgoing/call_guard.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/resolver.h"
#include "vault/sources/run.h"

namespace keyswap::outgoing {

// All of one loop; used on its thread, but for its making, which has to be before system calls are
// given up: libcurl opens a pair of sockets then.
class CallClient {
 public:
  // All outlive it; `leads_here` may be empty. unavailable: no locked memory.
  static base::Result<std::unique_ptr<CallClient>> create(uv::Loop& loop,
                                                          uv::Resolver& resolver,
                                                          const base::Clock& clock,
                                                          LeadsHere leads_here);
  CallClient(const CallClient&) = delete;
  CallClient& operator=(const CallClient&) = delete;
  CallClient(CallClient&&) = delete;
  CallClient& operator=(CallClient&&) = delete;
  ~CallClient();  // its calls are gone by then

 private:
  friend class OutgoingCall;
  struct State;
  explicit CallClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One call. Destroying it drops it; it may be destroyed when it tells.
class OutgoingCall {
 public:
  // A CallAnswer, or an Error as vault/sources/run.h says.
  using Answered = std::function<void(vault::Answer)>;

  // `answered` is called once, later, never from inside the constructor. `call` need not outlive
  // it. `wait_ms`: if less than bounds::kCallMs.
  OutgoingCall(CallClient& client,
               const CallPolicy& policy,
               const vault::Call& call,
               std::int64_t wait_ms,
               Answered answered);
  OutgoingCall(const OutgoingCall&) = delete;
  OutgoingCall& operator=(const OutgoingCall&) = delete;
  OutgoingCall(OutgoingCall&&) = delete;
  OutgoingCall& operator=(OutgoingCall&&) = delete;
  ~OutgoingCall();

 private:
  friend class CallClient;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::outgoing
