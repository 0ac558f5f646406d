// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/dial.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/flow/address_order.h"
#include "proxy/flow/destination_guard.h"
#include "proxy/net/connector.h"

namespace keyswap::net {

using audit::Reason;

namespace {

// A connection that stands may take so many times what its TCP handshake took to be proven, before
// another address is tried beside it: TLS needs two journeys more, and the other side computes.
constexpr std::int64_t kProofPatience = 3;

// How often, and how long each time, a dial waits for a descriptor; within bounds::kDialMs.
constexpr int kRoomWaitsMax = 50;
constexpr std::int64_t kRoomWaitMs = 20;

Reason reason_of(const base::Error& failed_lookup) {
  if (failed_lookup.code == base::Errc::timed_out) {
    return Reason::upstream_timeout;
  }
  return failed_lookup.code == base::Errc::limit_exceeded ? Reason::too_busy
                                                          : Reason::upstream_dns_failed;
}

std::optional<Reason> refusal_of(flow::AddressVerdict verdict) {
  return verdict == flow::AddressVerdict::allowed ? std::nullopt
                                                  : std::optional(Reason::address_blocked);
}

base::Cause cause_of(const base::Error& failed_lookup) {
  if (failed_lookup.code == base::Errc::not_found) {
    return base::Cause::name_unknown;
  }
  return failed_lookup.code == base::Errc::timed_out ? base::Cause::lookup_timed_out
                                                     : base::Cause::lookup_failed;
}

}  // namespace

Dial::Dial(Context& context, flow::Destination destination, Policy policy, Depth depth, Done done)
    : context_(&context),
      policy_(std::move(policy)),
      task_{.destination = std::move(destination),
            .upstream_tls = policy_.upstream_tls,
            .key = {},
            .goes_by_proxy = false,
            .wants_tls = false},
      done_(std::move(done)),
      pace_(*context.loop, [this] { try_next(); }),
      deadline_(*context.loop, [this] { fail_late(); }) {
  task_.key = Connector::key_of(policy_, task_.destination);
  task_.wants_tls =
      depth == Depth::as_protocol && task_.destination.protocol == flow::Protocol::https;
  deadline_.set(base::bounds::kDialMs);
  context.defer([this] { begin(); });
}

void Dial::cancel() {
  done_ = nullptr;
  lookup_.reset();
  guard_limit_.reset();
  deadline_.clear();
  drop_all();
}

void Dial::begin() {
  if (!done_) {
    return;
  }
  const http::Authority& authority = task_.destination.authority;
  if (const auto* const mapped = flow::mapped_to(*policy_.bindings, task_.destination)) {
    was_named_by_operator_ = true;
    look_up(mapped->host, mapped->port);
    return;
  }
  if (const auto refused = judge_name()) {
    fail(*refused);
  } else if (policy_.bindings->upstream.proxy != nullptr) {
    guard_proxied();
  } else {
    look_up(authority.host, authority.port);
  }
}

// I12: the proxy resolves and dials, out of our sight. What can be judged here is judged here.
void Dial::guard_proxied() {
  const http::Authority& authority = task_.destination.authority;
  if (authority.kind != http::HostKind::name) {
    guard_answered(std::vector<std::string>{authority.host});
    return;
  }
  const base::Error unasked{base::Errc::not_found, "the name was not looked up"};
  if (policy_.bindings->upstream.proxy->guard == bindings::ProxyGuard::names) {
    guard_answered(unasked);
    return;
  }
  lookup_ = std::make_unique<uv::Lookup>(
      *context_->upstreams.resolver, authority.host, [this](const uv::Lookup::Answer& answer) {
        guard_answered(answer);
      });
  guard_limit_ =
      std::make_unique<uv::Timer>(*context_->loop, [this, unasked] { guard_answered(unasked); });
  guard_limit_->set(base::bounds::kGuardLookupMs);
}

void Dial::guard_answered(const uv::Lookup::Answer& answer) {
  lookup_.reset();
  if (guard_limit_) {
    guard_limit_->clear();
  }
  const http::Authority& authority = task_.destination.authority;
  std::optional<Reason> refused;
  if (answer) {
    for (const std::string& address : *answer) {
      refused = refused ? refused : judge({address, authority.port});
    }
  } else {
    refused = refusal_of(flow::judge_spelling_of(*policy_.bindings, task_.destination));
  }
  if (refused) {
    fail(*refused);
  } else {
    reach_proxy();
  }
}

void Dial::reach_proxy() {
  const bindings::UpstreamProxy& proxy = *policy_.bindings->upstream.proxy;
  was_named_by_operator_ = true;
  task_.goes_by_proxy = true;
  look_up(proxy.host, proxy.port);
}

void Dial::look_up(const std::string& host, std::uint16_t port) {
  const auto literal = http::parse_host(host, port);
  if (literal && literal->kind != http::HostKind::name) {
    resolved({literal->host}, port);
    return;
  }
  lookup_ = std::make_unique<uv::Lookup>(
      *context_->upstreams.resolver, host, [this, port](const uv::Lookup::Answer& answer) {
        if (answer) {
          resolved(*answer, port);
        } else {
          fail(reason_of(answer.error()), {cause_of(answer.error()), {}});
        }
      });
}

void Dial::resolved(std::vector<std::string> addresses, std::uint16_t port) {
  for (std::string& address : flow::in_turns_by_family(std::move(addresses))) {
    uv::Endpoint endpoint{std::move(address), port};
    // I12: one address that may not be dialled spoils the answer; a name does not point both ways.
    if (const auto refused = judge(endpoint)) {
      fail(*refused);
      return;
    }
    endpoints_.push_back(std::move(endpoint));
  }
  try_next();
}

// I12: a name says where it leads, too.
std::optional<Reason> Dial::judge_name() const {
  const http::Authority& authority = task_.destination.authority;
  if (authority.kind != http::HostKind::name) {
    return std::nullopt;
  }
  const bool is_local = authority.host == "localhost" || authority.host.ends_with(".localhost");
  if (is_local && context_->upstreams.listening.has_port(authority.port)) {
    return Reason::self_destination;
  }
  return refusal_of(flow::judge_name_of(*policy_.bindings, task_.destination));
}

std::optional<Reason> Dial::judge(const uv::Endpoint& endpoint) const {
  if (context_->upstreams.listening.is_led_to_by(endpoint)) {
    return Reason::self_destination;
  }
  if (was_named_by_operator_) {
    return std::nullopt;
  }
  return refusal_of(flow::judge_address_of(*policy_.bindings, task_.destination, endpoint.address));
}

void Dial::try_next() {
  if (!done_ || !has_next()) {
    return;
  }
  if (!attempts_.empty()) {
    context_->upstreams.connector->make_room();
    if (*context_->upstreams.open >= context_->upstreams.open_max) {
      pace_.set(base::bounds::kDialPaceMs);  // I10: a second one beside it waits for room
      return;
    }
  }
  if (attempts_.size() == base::bounds::kDialAttemptsMax) {
    drop(*attempts_.front());  // it had its time; the addresses that wait get theirs
  }
  DialAttempt& attempt = *attempts_.emplace_back(
      std::make_unique<DialAttempt>(*context_, task_, endpoints_[tried_++], *this));
  pace_.set(base::bounds::kDialPaceMs);
  attempt.start();
}

bool Dial::has_next() const {
  const bool is_disproved = failure_ && failure_->is_disproved;
  return !is_disproved && tried_ < endpoints_.size();
}

void Dial::on_attempt_connected(DialAttempt& attempt) {
  if (attempts_.back().get() != &attempt) {
    return;
  }
  if (task_.goes_by_proxy) {
    pace_.clear();  // the proxy is there; how long it needs is its own affair
    return;
  }
  const std::int64_t took_ms = context_->loop->now_ms() - attempt.begun_ms();
  pace_.set(std::max(base::bounds::kDialPaceMs, kProofPatience * took_ms));
}

void Dial::on_attempt_ready(DialAttempt& attempt) {
  pace_.clear();
  deadline_.clear();
  Outcome outcome{attempt.take(), {}, {}};
  drop_all();
  if (const Done done = std::exchange(done_, nullptr)) {
    done(std::move(outcome));
  }
}

void Dial::on_attempt_failed(DialAttempt& attempt) {
  if (attempt.failure().reason == Reason::too_busy && room_waits_ < kRoomWaitsMax) {
    // No descriptor, said by its own start(): those of connections that gave way this turn are
    // closed when it is over.
    ++room_waits_;
    --tried_;
    drop(attempt);
    pace_.set(kRoomWaitMs);
    return;
  }
  const bool says_more = !failure_ || (attempt.failure().reason == Reason::upstream_tls_failed &&
                                       !failure_->is_disproved);
  if (says_more) {
    failure_ = attempt.failure();
  }
  drop(attempt);
  // Later: this may be the attempt's own start().
  context_->defer([this] { go_on(); });
}

void Dial::go_on() {
  if (!done_) {
    return;
  }
  try_next();
  if (attempts_.empty() && !has_next()) {
    fail(failure_->reason, failure_->seen);
  }
}

// Too late: what failed for a reason says more than that time ran out.
void Dial::fail_late() {
  if (failure_ && failure_->reason == Reason::upstream_tls_failed) {
    fail(failure_->reason, failure_->seen);
    return;
  }
  const bool is_securing = std::ranges::any_of(
      attempts_, [](const std::unique_ptr<DialAttempt>& one) { return one->is_securing(); });
  const base::Cause cause = endpoints_.empty() ? base::Cause::lookup_timed_out
                            : is_securing      ? base::Cause::handshake_timed_out
                                               : base::Cause::connection_timed_out;
  fail(Reason::upstream_timeout,
       {cause, base::Facts().number("within ", base::bounds::kDialMs / 1000, " s").take()});
}

void Dial::fail(Reason reason, base::Failure failure) {
  pace_.clear();
  deadline_.clear();
  lookup_.reset();
  drop_all();
  if (const Done done = std::exchange(done_, nullptr)) {
    done({nullptr, reason, std::move(failure)});
  }
}

void Dial::drop(DialAttempt& attempt) {
  attempt.silence();
  const auto at = std::ranges::find_if(
      attempts_, [&](const std::unique_ptr<DialAttempt>& one) { return one.get() == &attempt; });
  context_->bury(std::move(*at));
  attempts_.erase(at);
}

void Dial::drop_all() {
  pace_.clear();
  while (!attempts_.empty()) {
    drop(*attempts_.back());
  }
}

}  // namespace keyswap::net
