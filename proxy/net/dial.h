// SPDX-License-Identifier: Apache-2.0
//
// Reaching a destination once: judge its name, resolve, judge each address, connect, and for https
// prove that the other side is who it should be. The addresses that are dialled are those that were
// judged (I12); where `upstream.proxy` dials, the name is judged, and the addresses that it has
// here. The name that is verified is the destination's, wherever `upstream.resolve` leads (I3, I4).
//
// Addresses are tried as RFC 8305 says: the families in turns, the next one soon after the last or
// at once when one fails. The first connection that is proven wins; the others are cut. Once a host
// fails to prove who it is, no new attempt begins; those under way may still win. Bounded by
// bounds::kDialMs as a whole. Destroy it (through Context::bury) to give up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/record.h"
#include "proxy/flow/destination.h"
#include "proxy/net/context.h"
#include "proxy/net/dial_attempt.h"
#include "proxy/net/upstream.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

class Dial final : public Mortal, public DialAttemptEvents {
 public:
  struct Outcome {
    std::unique_ptr<Upstream> upstream;  // null: failed for `reason`
    audit::Reason reason = audit::Reason::upstream_connect_failed;
    base::Failure failure = {};  // what was seen
  };

  // Told once, never from inside the constructor.
  using Done = std::function<void(Outcome)>;

  // What the TLS handshake is for: a tunnel whose bytes we do not read has none.
  enum class Depth : std::uint8_t { tcp_only, as_protocol };

  Dial(Context& context, flow::Destination destination, Policy policy, Depth depth, Done done);

  // Drops the answer; the owner then buries it.
  void cancel();

  void on_attempt_connected(DialAttempt& attempt) override;
  void on_attempt_ready(DialAttempt& attempt) override;
  void on_attempt_failed(DialAttempt& attempt) override;

 private:
  void begin();
  void guard_proxied();
  void guard_answered(const uv::Lookup::Answer& answer);
  void reach_proxy();
  void look_up(const std::string& host, std::uint16_t port);
  void resolved(std::vector<std::string> addresses, std::uint16_t port);
  [[nodiscard]] std::optional<audit::Reason> judge_name() const;
  [[nodiscard]] std::optional<audit::Reason> judge(const uv::Endpoint& endpoint) const;
  void try_next();
  [[nodiscard]] bool has_next() const;
  void go_on();
  void fail(audit::Reason reason, base::Failure failure = {});
  void fail_late();
  void drop(DialAttempt& attempt);
  void drop_all();

  Context* context_;
  Policy policy_;
  DialAttempt::Task task_;
  Done done_;
  bool was_named_by_operator_ = false;  // upstream.resolve or upstream.proxy: not judged
  std::unique_ptr<uv::Lookup> lookup_;
  std::unique_ptr<uv::Timer> guard_limit_;  // while a proxied name is looked up to judge it
  std::vector<uv::Endpoint> endpoints_;
  std::size_t tried_ = 0;
  int room_waits_ = 0;                                  // for a descriptor
  std::vector<std::unique_ptr<DialAttempt>> attempts_;  // under way, the oldest first
  std::optional<DialAttempt::Failure> failure_;         // the one that says most
  uv::Timer pace_;
  uv::Timer deadline_;
};

}  // namespace keyswap::net
