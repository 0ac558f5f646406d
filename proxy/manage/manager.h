// SPDX-License-Identifier: Apache-2.0
//
// What the routes of the management API work with. Everything that it points to outlives it; what
// is a function is asked on the API's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/sink.h"
#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/manage/lane.h"
#include "proxy/manage/live.h"
#include "proxy/manage/request.h"
#include "proxy/manage/sessions.h"
#include "proxy/manage/throttle.h"
#include "vault/manage_login.h"
#include "vault/vault.h"

namespace keyswap::manage {

// The audit log, as the commands about it read it. Thread-safe.
struct LogView {
  // Is this record asked for?
  using Wants = std::function<bool(std::string_view line)>;

  std::string folder;  // "" there is none
  // What the parameters of a query ask for; invalid_input, and the note says which cannot be read.
  std::function<base::Result<Wants>(const Query& query)> wants;
  std::function<std::string()> csv_heading;
  std::function<std::string(std::string_view line)> csv_row;
  // Up to which record it is signed, durably.
  std::function<std::uint64_t()> signed_to;
  // Reads and judges all of it: the JSON of what was found.
  std::function<base::Result<std::string>()> verify;
};

// What of the process is not the API's own. Each may be empty: then it cannot be had (503).
struct Surroundings {
  // The bindings in force.
  std::function<std::shared_ptr<const bindings::Bindings>()> bindings{};
  // Reads the bindings anew, as SIGHUP does; it is done later.
  std::function<void()> reload{};
  LogView log{};
  // Each limit of those bindings and what was used of it, as JSON.
  std::function<base::Result<std::string>(const bindings::Bindings& bindings)> limits{};
  // Where their secrets come from, as JSON.
  std::function<std::string(const bindings::Bindings& bindings)> sources{};
  // Has what was kept of that source dropped, and waits for it; not_found: there is none.
  std::function<base::Status(const bindings::Bindings& bindings, const std::string& id)> flush{};
  // The file that says them, as it is now, as JSON.
  std::function<base::Result<std::string>(const bindings::Bindings& bindings)> policy{};
  // What becomes of a request, as JSON; invalid_input: it is none. `caller`: nothing: whoever may.
  std::function<base::Result<std::string>(const bindings::Bindings& bindings,
                                          const std::string& method,
                                          const std::string& url,
                                          const std::optional<std::string>& caller)>
      explain{};
};

struct Manager {
  vault::Vault* vault = nullptr;
  audit::Sink* log = nullptr;
  const base::Clock* clock = nullptr;
  Surroundings around{};
  Sessions sessions;
  Throttle throttle{};  // of the lane on which passwords are hashed
  Lanes lanes{};
  Live live;
  std::int64_t begun_us = 0;  // steady clock

  Manager(vault::Vault& its_vault, audit::Sink& its_log, const base::Clock& its_clock)
      : vault(&its_vault),
        log(&its_log),
        clock(&its_clock),
        sessions(its_clock),
        live(sessions, [&its_vault] { return vault::has_manage_password(its_vault); }),
        begun_us(its_clock.steady_us()) {}

  [[nodiscard]] std::int64_t now_s() const { return clock->wall_us() / 1'000'000; }
};

}  // namespace keyswap::manage
