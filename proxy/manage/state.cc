// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <unistd.h>

#include "bindings/json.h"
#include "proxy/manage/change.h"
#include "proxy/manage/handlers.h"

namespace keyswap::manage {

namespace {

std::string uptime_text(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 3600;
  return std::to_string(seconds / kHour) + "h " + std::to_string(seconds % kHour / kMinute) + "m";
}

}  // namespace

Answer show_status(Manager& manager, const Request& /*request*/) {
  constexpr std::int64_t kUsPerSecond = 1'000'000;
  const std::int64_t seconds = (manager.clock->steady_us() - manager.begun_us) / kUsPerSecond;
  const auto bindings = manager.around.bindings ? manager.around.bindings() : nullptr;
  std::string json = R"({"running":true,"uptime":")" + uptime_text(seconds);
  json += R"(","version":")" KEYSWAP_VERSION R"(","pid":)" + std::to_string(::getpid());
  json += R"(,"vault":{"open":)";
  json += manager.vault->is_locked() ? "false" : "true";
  json += R"(},"audit":{"writable":)";
  json += manager.log->is_dead() ? "false" : "true";
  json += R"(},"bindings":{"sha256":)";
  json += bindings == nullptr ? "null" : bindings::json_string(bindings->sha256);
  return answer_json(200, json + "}}\n");
}

// It is begun now, and done later: what became of it is in the audit log.
Answer reload(Manager& manager, const Request& request) {
  if (!manager.around.reload) {
    return answer_error(503, "nothing can be reloaded here");
  }
  const auto begun = change(manager, request, "reload", "", [&]() -> base::Status {
    manager.around.reload();
    return {};
  });
  if (!begun) {
    return answer_error(503, "the audit log does not take records: nothing was done");
  }
  return answer_json(202, "{\"reloading\":true}\n");
}

}  // namespace keyswap::manage
