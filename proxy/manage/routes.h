// SPDX-License-Identifier: Apache-2.0
//
// The routes of the management API: one line each, in one table. docs/openapi.yaml describes the
// same ones, which a test holds against it both ways.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/manage/answer.h"
#include "proxy/manage/lane.h"
#include "proxy/manage/manager.h"
#include "proxy/manage/request.h"

namespace keyswap::manage {

struct Route {
  std::string_view method;
  std::string_view path;  // "/api/credentials/{id}": a segment in braces stands for any
  Scope scope;            // that a session needs; none: no session is needed
  LaneOf lane;
  Answer (*answer)(Manager& manager, const Request& request);
};

std::span<const Route> routes();

struct RouteFound {
  const Route* route = nullptr;  // null: nothing has that path, or not by that method
  std::vector<std::string> ids;
  std::string allow;  // the methods that its path has; "": nothing has that path
};

// HEAD is answered as GET is.
RouteFound find_route(std::string_view method, std::string_view path);

}  // namespace keyswap::manage
