// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/sessions.h"

#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"
#include "proxy/base/manage_bounds.h"
#include "vault/caller_token.h"

namespace keyswap::manage {

namespace {

constexpr std::string_view kTokenPrefix = "fn_sess_";  // as other managers' clients know it
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kIdBytes = 6;
constexpr std::int64_t kUsPerMs = 1'000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::array<std::string_view, 4> kScopes = {"none", "view", "approve", "admin"};

template <std::size_t size>
std::string random_hex() {
  std::array<std::uint8_t, size> random{};
  base::random_bytes(random);
  return base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
}

}  // namespace

std::string_view to_string(Scope scope) {
  return kScopes.at(static_cast<std::size_t>(scope));
}

std::optional<Scope> parse_scope(std::string_view word) {
  const auto* const found = std::find(kScopes.begin() + 1, kScopes.end(), word);
  return found == kScopes.end() ? std::nullopt
                                : std::optional(static_cast<Scope>(found - kScopes.begin()));
}

NewSession Sessions::begin(Scope scope) {
  const std::int64_t now_s = clock_->wall_us() / kUsPerSecond;
  NewSession made{.token = std::string(kTokenPrefix) + random_hex<kTokenBytes>(),
                  .session = {.id = "s_" + random_hex<kIdBytes>(),
                              .scope = scope,
                              .begun_s = now_s,
                              .expires_s = now_s + base::bounds::kManageSessionMs / 1'000}};
  const std::lock_guard lock(mutex_);
  drop_ended();
  if (kept_.size() >= base::bounds::kManageSessionsMax) {
    kept_.erase(kept_.begin());
  }
  const std::int64_t steady_us = clock_->steady_us();
  kept_.push_back({made.session, vault::caller_token_digest(made.token), steady_us, steady_us});
  return made;
}

std::optional<Session> Sessions::find(std::string_view token) {
  const std::lock_guard lock(mutex_);
  drop_ended();
  const auto found = place_of(token);
  if (found == kept_.end()) {
    return std::nullopt;
  }
  found->used_us = clock_->steady_us();
  return found->session;
}

bool Sessions::is_there(std::string_view id) {
  const std::lock_guard lock(mutex_);
  drop_ended();
  return std::ranges::any_of(kept_, [&](const Kept& kept) { return kept.session.id == id; });
}

bool Sessions::end(std::string_view token) {
  const std::lock_guard lock(mutex_);
  drop_ended();
  const auto found = place_of(token);
  if (found == kept_.end()) {
    return false;
  }
  kept_.erase(found);
  return true;
}

bool Sessions::end_named(std::string_view id) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(kept_, [&](const Kept& kept) { return kept.session.id == id; }) > 0;
}

void Sessions::end_all() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

std::vector<Session> Sessions::all() {
  const std::lock_guard lock(mutex_);
  drop_ended();
  std::vector<Session> sessions;
  for (const Kept& kept : kept_) {
    sessions.push_back(kept.session);
  }
  return sessions;
}

// The wall clock counts, too: while a machine sleeps, the other one stands.
void Sessions::drop_ended() {
  const std::int64_t steady_us = clock_->steady_us();
  const std::int64_t now_s = clock_->wall_us() / kUsPerSecond;
  std::erase_if(kept_, [&](const Kept& kept) {
    return steady_us - kept.begun_us >= base::bounds::kManageSessionMs * kUsPerMs ||
           steady_us - kept.used_us >= base::bounds::kManageIdleMs * kUsPerMs ||
           now_s >= kept.session.expires_s;
  });
}

// Each is compared, and each in constant time.
std::vector<Sessions::Kept>::iterator Sessions::place_of(std::string_view token) {
  const std::string digest = vault::caller_token_digest(token);
  auto found = kept_.end();
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (base::equal_constant_time(kept->digest, digest)) {
      found = kept;
    }
  }
  return found;
}

}  // namespace keyswap::manage
