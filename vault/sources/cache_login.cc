// SPDX-License-Identifier: Apache-2.0
//
// The core's log-in at its source, and that it is renewed in time.
#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

#include "proxy/base/bounds.h"
#include "vault/sources/cache_core.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kUsPerMs = 1000;

}  // namespace

void SourceCache::Core::log_in() {
  auto run = backend_->log_in();
  if (run == nullptr) {
    fetch_queue();
    return;
  }
  is_logging_in_ = true;
  parts_.engine.run(
      spec_,
      std::move(run),
      parts_.clock.steady_us() + bounds::kSourceRunMs * kUsPerMs,
      [core = shared_from_this()](const RunOutcome& outcome) { core->logged_in(outcome); });
}

void SourceCache::Core::logged_in(const RunOutcome& outcome) {
  is_logging_in_ = false;
  login_watched_us_ = 0;
  const auto* const failed = std::get_if<Failed>(&outcome);
  if (failed != nullptr) {
    lose_login(*failed);
  } else {
    is_logged_in_ = true;
  }
  if (failed != nullptr && !has_session()) {
    end_badly(nullptr, *failed);
  } else {
    set_login_wait(failed);
    fetch_queue();
  }
  watch_login();
}

// `failed`: null when it did not.
void SourceCache::Core::set_login_wait(const Failed* failed) {
  const std::lock_guard lock(mutex_);
  if (failed == nullptr) {
    login_back_off_.worked();
  } else {
    login_back_off_.failed(parts_.clock.steady_us(), *failed, parts_.draw);
  }
}

// Whoever is not let in any more knocks only when somebody asks.
void SourceCache::Core::lose_login(const Failed& failed) {
  if (failed.fault == FetchFault::auth_lost || failed.fault == FetchFault::needs_login) {
    is_logged_in_ = false;
  }
}

// What was got by logging in is renewed ahead of its end, be it used or not: it is given back when
// the proxy ends.
void SourceCache::Core::watch_login() {
  const std::int64_t due_us = backend_->login_due_us();
  if (due_us == INT64_MAX || !is_logged_in_ || std::exchange(login_watched_us_, due_us) == due_us) {
    return;
  }
  const std::int64_t next_try_us = next_login_us();
  const std::int64_t now_us = parts_.clock.steady_us();
  const std::int64_t wait_us =
      std::max(due_us - parts_.clock.wall_us(), bounds::kSourceAgainMs * kUsPerMs);
  const std::uint64_t watch = ++login_watch_;
  parts_.engine.at(std::max(now_us + wait_us, next_try_us), [core = weak_from_this(), watch] {
    const auto alive = core.lock();
    if (alive != nullptr && alive->login_watch_ == watch && alive->is_logged_in_ &&
        !alive->is_logging_in_) {
      alive->log_in_again();
    }
  });
}

// Not while the source rests, which it may have asked for since the timer was set.
void SourceCache::Core::log_in_again() {
  if (parts_.clock.steady_us() < next_login_us()) {
    login_watched_us_ = 0;
    watch_login();
  } else {
    log_in();
  }
}

std::int64_t SourceCache::Core::next_login_us() const {
  const std::lock_guard lock(mutex_);
  return std::max(outage_.wait().next_try_us(), login_back_off_.next_try_us());
}

}  // namespace keyswap::vault
