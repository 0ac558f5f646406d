// SPDX-License-Identifier: Apache-2.0
//
// What rules judge of a request: its methods and its paths, in every reading that some server gives
// them. Made once a request, however many rules, scopes and placeholders there are; each part when
// it is first asked for. An allowing rule must allow all readings (I5), a blocking one blocks in
// any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/method_overrides.h"
#include "bindings/path_pattern.h"
#include "bindings/path_readings.h"
#include "bindings/search_budget.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

class RequestReadings {
 public:
  // `target`: in origin form, with its query. All of it must outlive this. `body`: as far as it was
  // collected.
  RequestReadings(std::string_view method, std::string_view target);
  RequestReadings(std::string_view method,
                  std::string_view target,
                  const http::HeaderList& fields,
                  std::string_view body = {});
  RequestReadings(const RequestReadings&) = delete;
  RequestReadings& operator=(const RequestReadings&) = delete;
  RequestReadings(RequestReadings&&) = delete;
  RequestReadings& operator=(RequestReadings&&) = delete;
  ~RequestReadings() = default;

  [[nodiscard]] std::string_view method() const { return method_; }

  [[nodiscard]] std::string_view target() const { return target_; }

  [[nodiscard]] std::string_view path() const;  // of the target, as it came

  [[nodiscard]] const MethodOverrides& overrides() const;

  // Are the method and all that are named besides among `methods` (upper case; empty: any)?
  [[nodiscard]] bool allows_method(const std::vector<std::string>& methods) const;
  // Is the method, or one that is named besides, `method` ("*": any), whatever the case?
  [[nodiscard]] bool may_be_method(std::string_view method) const;

  // Does the pattern match the path in every reading? (Git's discovery: scope_path.)
  [[nodiscard]] bool is_allowed_by(const PathPattern& pattern) const;

  // The same two asked the other way round, by what must not be got around: may the method, or one
  // that is named besides, be among `methods` (empty: any)? May the pattern match the path, in some
  // reading for what blocks? What is not clear may.
  [[nodiscard]] bool may_be_among(const std::vector<std::string>& methods) const;
  [[nodiscard]] bool may_be_at(const PathPattern& pattern) const;

  // What all its rules share, of those that block too.
  [[nodiscard]] SearchBudget& search_budget() const { return search_budget_; }

  // The readings for what blocks: in lower case; each also without the slashes, dots and spaces at
  // its end; git's discovery with its service too. Nothing: there are too many to tell.
  [[nodiscard]] const std::optional<std::vector<std::string>>& blocking_paths() const;
  // Those below `base` ("/v2", in any case of letters), without it: "/x" of "/V2/x", and of what is
  // left with its dot segments resolved. Empty when blocking_paths() is nothing.
  [[nodiscard]] std::vector<std::string> blocking_paths_below(std::string_view base) const;

 private:
  [[nodiscard]] const PathReadings& paths() const;
  [[nodiscard]] const PathReadings& judged_paths() const;
  [[nodiscard]] MethodOverrides find_overrides() const;
  [[nodiscard]] std::optional<std::vector<std::string>> find_blocking_paths() const;

  std::string_view method_;
  std::string_view target_;
  const http::HeaderList* fields_ = nullptr;
  std::string_view body_;
  std::string discovery_path_;  // of git's discovery, else ""

  mutable SearchBudget search_budget_;

  // Made when they are first asked for.
  mutable std::optional<MethodOverrides> overrides_;
  mutable std::optional<PathReadings> paths_;
  mutable std::optional<PathReadings> discovery_paths_;
  mutable std::optional<std::optional<std::vector<std::string>>> blocking_paths_;
};

}  // namespace keyswap::bindings
