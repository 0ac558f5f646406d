// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/routes.h"

#include <array>
#include <utility>

#include "proxy/manage/handlers.h"

namespace keyswap::manage {

namespace {

constexpr std::array kRoutes{
    Route{"GET", "/api/auth/status", Scope::none, LaneOf::work, auth_status},
    Route{"POST", "/api/auth/setup", Scope::none, LaneOf::passwords, set_up},
    Route{"POST", "/api/auth/login", Scope::none, LaneOf::passwords, log_in},
    Route{"POST", "/api/auth/logout", Scope::view, LaneOf::work, log_out},
    Route{"GET", "/api/auth/sessions", Scope::admin, LaneOf::work, list_sessions},
    Route{"DELETE", "/api/auth/sessions/{id}", Scope::admin, LaneOf::work, end_session},
    Route{"GET", "/api/status", Scope::view, LaneOf::work, show_status},
    Route{"GET", "/api/credentials", Scope::view, LaneOf::work, list_credentials},
    Route{"POST", "/api/credentials", Scope::admin, LaneOf::work, add_credential},
    Route{"POST", "/api/credentials/{id}/rotate", Scope::admin, LaneOf::work, rotate_credential},
    Route{"DELETE", "/api/credentials/{id}", Scope::admin, LaneOf::work, remove_credential},
    Route{"GET", "/api/audit", Scope::view, LaneOf::log, list_records},
    Route{"GET", "/api/audit/export", Scope::view, LaneOf::slow, export_records},
    Route{"GET", "/api/audit/stream", Scope::view, LaneOf::log, stream_records},
    Route{"GET", "/api/audit/verify", Scope::view, LaneOf::slow, verify_log},
    Route{"GET", "/api/policies", Scope::view, LaneOf::work, show_policy},
    Route{"GET", "/api/limits", Scope::view, LaneOf::work, list_limits},
    Route{"GET", "/api/sources", Scope::view, LaneOf::work, list_sources},
    Route{"POST", "/api/sources/{id}/flush", Scope::admin, LaneOf::slow, flush_source},
    Route{"POST", "/api/explain", Scope::view, LaneOf::work, explain},
    Route{"POST", "/api/reload", Scope::admin, LaneOf::work, reload},
};

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // its slash
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// Ids are of a few characters, none of which has to be escaped: what is, is no id.
bool is_id(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

bool is_path_of(std::string_view pattern, std::string_view path, std::vector<std::string>& ids) {
  ids.clear();
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view segment = take_segment(path);
    if (wanted.starts_with('{') && is_id(segment)) {
      ids.emplace_back(segment);
    } else if (wanted != segment) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

RouteFound find_route(std::string_view method, std::string_view path) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  RouteFound found;
  std::vector<std::string> ids;
  for (const Route& route : kRoutes) {
    if (!is_path_of(route.path, path, ids)) {
      continue;
    }
    if (route.method == wanted && found.route == nullptr) {
      found.route = &route;
      found.ids = ids;
    }
    found.allow += (found.allow.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == "GET") {
      found.allow += ", HEAD";
    }
  }
  return found;
}

}  // namespace keyswap::manage
