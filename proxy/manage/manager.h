// SPDX-License-Identifier: Apache-2.0
//
// What the routes of the management API work with. Everything that it points to outlives it; what
// is a function is asked on the API's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/sink.h"
#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/manage/sessions.h"
#include "proxy/manage/throttle.h"
#include "vault/vault.h"

namespace keyswap::manage {

// What of the process is not the API's own. Each may be empty: then it cannot be had (503).
struct Surroundings {
  // The bindings in force.
  std::function<std::shared_ptr<const bindings::Bindings>()> bindings{};
  // Reads the bindings anew, as SIGHUP does; it is done later.
  std::function<void()> reload{};
};

struct Manager {
  vault::Vault* vault = nullptr;
  audit::Sink* log = nullptr;
  const base::Clock* clock = nullptr;
  Surroundings around{};
  Sessions sessions;
  Throttle throttle{};        // of the lane on which passwords are hashed
  std::int64_t begun_us = 0;  // steady clock

  Manager(vault::Vault& its_vault, audit::Sink& its_log, const base::Clock& its_clock)
      : vault(&its_vault),
        log(&its_log),
        clock(&its_clock),
        sessions(its_clock),
        begun_us(its_clock.steady_us()) {}

  [[nodiscard]] std::int64_t now_s() const { return clock->wall_us() / 1'000'000; }
};

}  // namespace keyswap::manage
