// SPDX-License-Identifier: Apache-2.0
//
// Collects what is wrong with a file, so that all of it can be said at once; bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/parse.h"
#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

class ConfigIssues {
 public:
  void error(Place place, std::string text, std::string hint = "");
  void warning(Place place, std::string text, std::string hint = "");
  void add_errors(std::vector<ConfigIssue> errors);

  // In the order of the file; past bounds::kIssuesMax one more that says how many are not shown.
  [[nodiscard]] std::vector<ConfigIssue> take_errors();
  [[nodiscard]] std::vector<ConfigIssue> take_warnings();

 private:
  std::vector<ConfigIssue> errors_;
  std::vector<ConfigIssue> warnings_;
};

// `text` in quotes if it is a plain word of at most 64 bytes that may be shown, else `otherwise`.
// For the operator's own keys and host names; never for values that could be secret.
std::string quoted_or(std::string_view text, std::string_view otherwise);

}  // namespace keyswap::bindings
