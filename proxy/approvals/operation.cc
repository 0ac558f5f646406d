// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/operation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/assert.h"

namespace keyswap::approvals {

namespace {

constexpr std::array<std::string_view, 9> kStates = {"waiting",
                                                     "approved",
                                                     "denied",
                                                     "expired",
                                                     "executing",
                                                     "succeeded",
                                                     "failed",
                                                     "unknown",
                                                     "client_gone"};

Operation in_state(Operation operation, State state, std::int64_t now_us) {
  operation.state = state;
  ++operation.version;
  operation.changed_us = now_us;
  return operation;
}

}  // namespace

std::string_view to_string(State state) {
  return kStates.at(static_cast<std::size_t>(state));
}

std::optional<State> parse_state(std::string_view name) {
  const auto* const found = std::ranges::find(kStates, name);
  return found == kStates.end()
             ? std::nullopt
             : std::optional(static_cast<State>(std::distance(kStates.begin(), found)));
}

bool is_terminal(State state) {
  return state != State::waiting && state != State::approved && state != State::executing;
}

std::string sealed_text(const Operation& operation) {
  std::string all;
  const auto add = [&all](std::string_view part) {
    all.append(std::to_string(part.size())).append(":").append(part);
  };
  for (const std::string_view part : {std::string_view(operation.id),
                                      to_string(operation.state),
                                      std::string_view(operation.request_id),
                                      std::string_view(operation.caller),
                                      std::string_view(operation.secret),
                                      std::string_view(operation.host),
                                      std::string_view(operation.method),
                                      std::string_view(operation.path),
                                      std::string_view(operation.body_sha256),
                                      std::string_view(operation.digest),
                                      std::string_view(operation.by),
                                      std::string_view(operation.how)}) {
    add(part);
  }
  for (const std::uint64_t number : {operation.version, operation.body_bytes}) {
    add(std::to_string(number));
  }
  for (const std::int64_t number : {std::int64_t{operation.is_detached ? 1 : 0},
                                    operation.created_us,
                                    operation.changed_us,
                                    operation.expires_us,
                                    operation.retry_us,
                                    operation.retry_expires_us}) {
    add(std::to_string(number));
  }
  return all;
}

Operation at(Operation operation, std::int64_t now_us) {
  const bool is_over = (operation.state == State::waiting && now_us >= operation.expires_us) ||
                       (operation.state == State::approved && now_us >= operation.retry_expires_us);
  return is_over ? in_state(std::move(operation), State::expired, now_us) : operation;
}

Step decide(const Operation& operation,
            bool allows,
            const Decider& who,
            std::uint64_t version,
            std::int64_t now_us) {
  Operation now = at(operation, now_us);
  if (now.state == State::expired) {
    return Refused::expired;
  }
  if (now.state != State::waiting || (version != 0 && version != now.version)) {
    return Refused::decided;
  }
  now = in_state(std::move(now), allows ? State::approved : State::denied, now_us);
  now.by = who.by;
  now.how = who.how;
  if (allows) {
    now.retry_expires_us = now_us + now.retry_us;
  }
  return now;
}

Step detach(const Operation& operation, std::int64_t now_us) {
  Operation now = at(operation, now_us);
  if (now.state != State::waiting) {
    return now.state == State::expired ? Refused::expired : Refused::decided;
  }
  now.is_detached = true;
  return in_state(std::move(now), State::waiting, now_us);
}

Step end_open(const Operation& operation, State state, std::int64_t now_us) {
  KS_ASSERT(state == State::expired || state == State::client_gone);
  const bool may_end = operation.state == State::waiting ||
                       (operation.state == State::approved && state == State::expired);
  return may_end ? Step(in_state(operation, state, now_us)) : Step(Refused::decided);
}

Step claim(const Operation& operation,
           std::string_view caller,
           std::string_view digest,
           std::int64_t now_us) {
  if (operation.caller != caller) {
    return Refused::unknown;
  }
  if (operation.digest != digest) {
    return Refused::mismatch;
  }
  Operation now = at(operation, now_us);
  switch (now.state) {
    case State::waiting:
      return Refused::pending;
    case State::denied:
      return Refused::denied;
    case State::expired:
    case State::client_gone:
      return Refused::expired;
    case State::executing:
    case State::succeeded:
    case State::failed:
    case State::unknown:
      return Refused::used;
    case State::approved:
      return in_state(std::move(now), State::executing, now_us);
  }
  KS_UNREACHABLE();
}

Step finish(const Operation& operation, State state, std::int64_t now_us) {
  KS_ASSERT(state == State::succeeded || state == State::failed || state == State::unknown);
  return operation.state == State::executing ? Step(in_state(operation, state, now_us))
                                             : Step(Refused::decided);
}

Operation recovered(Operation operation, std::int64_t now_us) {
  if (operation.state == State::executing) {
    return in_state(std::move(operation), State::unknown, now_us);
  }
  const bool is_open = !is_terminal(operation.state);
  if (is_open && !operation.is_detached) {
    return in_state(std::move(operation), State::expired, now_us);
  }
  return at(std::move(operation), now_us);
}

Operation disowned(Operation operation, std::int64_t now_us) {
  operation.by.clear();
  operation.how.clear();
  operation.retry_expires_us = 0;
  return in_state(std::move(operation), State::expired, now_us);
}

}  // namespace keyswap::approvals
