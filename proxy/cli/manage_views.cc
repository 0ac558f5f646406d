// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/manage_views.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "bindings/digest.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/explain_json.h"
#include "proxy/cli/explain_request.h"
#include "proxy/cli/files.h"
#include "proxy/cli/limit_json.h"
#include "proxy/cli/limit_rows.h"
#include "proxy/cli/source_flushing.h"
#include "proxy/cli/source_inventory.h"
#include "proxy/cli/source_json.h"
#include "proxy/limits/sqlite_store.h"

namespace keyswap::cli {

namespace {

// Without a file nothing was used yet.
base::Result<std::string> limits_now(const Home& home,
                                     const base::Clock& clock,
                                     const bindings::Bindings& bindings) {
  auto usage = limits::read_usage(home.limits());
  if (!usage && usage.error().code != base::Errc::not_found) {
    return usage.error();
  }
  return limits_json(
      report_limits(bindings, usage ? *usage : std::vector<limits::UsageRow>{}, clock.wall_us()));
}

// `is_in_force`: no reload is due, or none that would take it.
base::Result<std::string> policy_now(const std::string& file, const bindings::Bindings& bindings) {
  const auto text = read_file(file, base::bounds::kBindingsFileBytesMax);
  if (!text) {
    return text.error();
  }
  const nlohmann::ordered_json json = {
      {"policy_hash", bindings.sha256},
      {"file", file},
      {"is_in_force", bindings::sha256_hex(*text) == bindings.sha256},
      {"text", *text}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

base::Status flush_now(const Home& home,
                       const bindings::Bindings& bindings,
                       const std::string& id) {
  const auto sources = sources_of(bindings);
  if (std::ranges::find(sources, id, &NamedSource::id) == sources.end()) {
    return base::Error{base::Errc::not_found, "there is no such source"};
  }
  auto flushed = ask_to_flush(home, id);
  return flushed && flushed.value()
             ? base::Status()
             : base::Status(base::Error{base::Errc::unavailable, "it was not flushed"});
}

base::Result<std::string> explain_now(const vault::Vault& vault,
                                      const bindings::Bindings& bindings,
                                      const RequestToExplain& request,
                                      const std::optional<std::string>& caller) {
  Explanation explanation = explain_request(bindings, request, caller);
  explain_missing(bindings, vault, explanation);
  return explanation_json(request, explanation);
}

}  // namespace

void add_views(manage::Surroundings& around,
               const Home& home,
               const std::string& file,
               const vault::Vault& vault,
               const base::Clock& clock) {
  around.limits = [home, &clock](const bindings::Bindings& bindings) {
    return limits_now(home, clock, bindings);
  };
  around.policy = [file](const bindings::Bindings& bindings) {
    return policy_now(file, bindings);
  };
  around.sources = [file](const bindings::Bindings& bindings) {
    return sources_json(file, sources_of(bindings));
  };
  around.flush = [home](const bindings::Bindings& bindings, const std::string& id) {
    return flush_now(home, bindings, id);
  };
  around.explain = [&vault](const bindings::Bindings& bindings,
                            const std::string& method,
                            const std::string& url,
                            const std::optional<std::string>& caller) -> base::Result<std::string> {
    auto request = parse_request(method, url);
    if (!request) {
      return base::Error{base::Errc::invalid_input, "that is no request"};
    }
    return explain_now(vault, bindings, request.value(), caller);
  };
}

}  // namespace keyswap::cli
