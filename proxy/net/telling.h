// SPDX-License-Identifier: Apache-2.0
//
// Failures outside of keyswap, told on stderr with what to do about them: one line a minute for the
// same failure of the same host, however often it happens (bounds::kTellAgainMs, kToldMax). The
// audit log has all of them. One for the process; thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/base/clock.h"
#include "proxy/flow/real_values.h"

namespace keyswap::net {

class Telling {
 public:
  // These outlive this. `real`: no line shows one of these; null: none is known.
  explicit Telling(const base::Clock& clock, const flow::RealValues* real = nullptr)
      : clock_(&clock), real_(real) {}

  // An upstream could not be reached, did not prove itself, or did not answer well; or there is no
  // certificate of ours for the host; or a client takes the listener for something else. Nothing,
  // if nothing is known.
  void failed(std::string_view host, const base::Failure& failure);
  // A client did not come to TLS with us.
  void client_tls_failed(std::string_view host, std::string_view alert, audit::AlertBy by);

  // Somebody sent the placeholder of the honeytoken `name` towards that host.
  void honeytoken(std::string_view name, std::string_view host, std::string_view client);

  // Somebody sent the real value of the secret `name` towards that host.
  void real_secret(std::string_view name, std::string_view host, std::string_view client);

  // That part of the budget of the secret `name` is used up, for that caller.
  void budget_passed(std::string_view name, std::string_view budget, std::string_view caller);

  // The clock of that host is like that beside this machine's: so much later, if it differs.
  void upstream_clock(std::string_view host, audit::ClockEvent event, std::int64_t offset_ms);

  // A client that runs as that user of the machine (nothing: the kernel does not say as which) was
  // not served, because it showed no token.
  void user_not_allowed(std::optional<std::uint32_t> user);

  // How many decisions were refusals since the number was taken; every loop counts.
  [[nodiscard]] std::atomic<std::uint64_t>& refusals() { return refusals_; }

  // Takes that number, once a minute (bounds::kTellAgainMs); 0 before. By one thread.
  [[nodiscard]] std::uint64_t take_refusals();

  // Is it to be told now? Then it counts as told.
  [[nodiscard]] bool is_due(std::string_view host, std::string_view what);

 private:
  void forget_old(std::int64_t now_us);

  const base::Clock* clock_;
  const flow::RealValues* real_;
  std::atomic<std::uint64_t> refusals_ = 0;
  std::int64_t refusals_taken_us_ = 0;  // steady clock
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> told_us_;  // guarded by mutex_; steady clock
};

}  // namespace keyswap::net
