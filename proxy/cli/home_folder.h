// SPDX-License-Identifier: Apache-2.0
//
// A folder of the home in which keyswap makes and removes things of its own. Nothing in it is
// reached through a link, so that what somebody put in its place, or into it, leads no removal to
// files that are not ours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

class HomeFolder {
 public:
  // Makes it, mode 0700, where it is not there. permission: it is a link, no folder, or another
  // user's; io, no_space.
  static base::Result<HomeFolder> open(const std::string& path);

  // The same of one that is in it.
  [[nodiscard]] base::Result<HomeFolder> open_inside(const std::string& name) const;

  // What is in it, the last that was changed or touched first.
  [[nodiscard]] std::vector<std::string> names() const;

  // Makes it the last.
  void touch(const std::string& name) const;

  // A file, a link itself, or a folder with what is in it. What fails stays.
  void remove(const std::string& name) const;

 private:
  static base::Result<HomeFolder> open_at(int folder, const std::string& name);

  explicit HomeFolder(File folder) : folder_(std::move(folder)) {}

  File folder_;
};

// Is it a name that we give: `digits` hex digits, with nothing behind them, or with what
// write_file() adds while it writes?
bool is_hex_name(std::string_view name, std::size_t digits);

}  // namespace keyswap::cli
