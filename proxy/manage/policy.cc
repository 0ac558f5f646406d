// SPDX-License-Identifier: Apache-2.0
//
// What is served: its limits, its sources, and what becomes of a request.
#include <optional>
#include <string>

#include "proxy/manage/change.h"
#include "proxy/manage/handlers.h"

namespace keyswap::manage {

namespace {

constexpr std::size_t kMethodBytesMax = 64;
constexpr std::size_t kUrlBytesMax = 8192;
constexpr std::size_t kCallerBytesMax = 256;

std::shared_ptr<const bindings::Bindings> in_force(const Manager& manager) {
  return manager.around.bindings ? manager.around.bindings() : nullptr;
}

Answer not_here() {
  return answer_error(503, "that cannot be had now");
}

}  // namespace

Answer show_policy(Manager& manager, const Request& /*request*/) {
  const auto bindings = in_force(manager);
  if (bindings == nullptr || !manager.around.policy) {
    return not_here();
  }
  auto json = manager.around.policy(*bindings);
  return json ? answer_json(200, *json + "\n") : not_here();
}

Answer list_limits(Manager& manager, const Request& /*request*/) {
  const auto bindings = in_force(manager);
  if (bindings == nullptr || !manager.around.limits) {
    return not_here();
  }
  auto json = manager.around.limits(*bindings);
  return json ? answer_json(200, *json + "\n") : not_here();
}

Answer list_sources(Manager& manager, const Request& /*request*/) {
  const auto bindings = in_force(manager);
  if (bindings == nullptr || !manager.around.sources) {
    return not_here();
  }
  return answer_json(200, manager.around.sources(*bindings) + "\n");
}

Answer flush_source(Manager& manager, const Request& request) {
  const auto bindings = in_force(manager);
  if (bindings == nullptr || !manager.around.flush) {
    return not_here();
  }
  const std::string& id = request.ids.front();
  const auto flushed = change(
      manager, request, "source_flushed", id, [&] { return manager.around.flush(*bindings, id); });
  if (!flushed && flushed.error().code == base::Errc::not_found) {
    return answer_error(404, "source not found");
  }
  return flushed ? answer_json(200, "{\"flushed\":true}\n")
                 : answer_error(503, "the values were not dropped");
}

Answer explain(Manager& manager, const Request& request) {
  Answer refusal;
  const auto members = Members::read(request, {"method", "url", "caller"}, refusal);
  if (!members) {
    return refusal;
  }
  const auto bindings = in_force(manager);
  if (bindings == nullptr || !manager.around.explain) {
    return not_here();
  }
  const auto method = members->find("method").plain_text(kMethodBytesMax);
  const auto url = members->find("url").plain_text(kUrlBytesMax);
  const auto caller = members->find("caller");
  const bool names_caller = !caller.is(vault::JsonKind::none);
  const auto named = names_caller ? caller.plain_text(kCallerBytesMax) : std::nullopt;
  if (!method || !url || (names_caller && !named)) {
    return answer_error(400, "method and url are required");
  }
  auto json = manager.around.explain(*bindings, *method, *url, named);
  return json ? answer_json(200, *json + "\n")
              : answer_error(400, "the method or the URL cannot be read");
}

}  // namespace keyswap::manage
