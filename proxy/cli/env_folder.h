// SPDX-License-Identifier: Apache-2.0
//
// The options of `keyswap env` that write a folder for somebody else (proxy/cli/client_folder.h),
// and what the command says then.
#pragma once

#include <string>

#include "proxy/cli/caller_choice.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

class CommandLine;

struct FolderOptions {
  std::string user = {};      // --for-user
  bool is_container = false;  // --for-container
  std::string folder = {};    // --dir
  std::string seen_at = {};   // --at
  std::string proxy = {};     // --proxy
  bool has_no_preload = false;

  [[nodiscard]] bool is_asked_for() const { return !user.empty() || is_container; }
};

void add_folder_options(CommandLine& app, FolderOptions& options);

// Nothing if they go together.
Problem check_folder_options(const FolderOptions& options);

// Writes the folder; gives the exit status. `json`: says what was made as an object.
int write_folder(const Home& home,
                 const FolderOptions& options,
                 const CallerChoice& caller,
                 bool json);

}  // namespace keyswap::cli
