// SPDX-License-Identifier: Apache-2.0
//
// `keyswap env --for-user` and `--for-container`: a folder outside of the home with all that
// another user, or a container, needs to use the proxy: roots, a Java key store, and the variables
// as a file for docker and for a shell. It holds placeholders, and no secret; a caller's token only
// where one was asked for, and then for that user's eyes alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/client_environment.h"
#include "proxy/cli/client_files.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/sandbox/privileges.h"

namespace keyswap::cli {

struct FolderWish {
  std::optional<sandbox::User> user;  // nobody: for a container
  std::string folder;                 // "" = beside the home
  std::string seen_at;                // where programs see it; "" = there, in a container /keyswap
  Preload preload = Preload::yes;
};

// What was made.
struct ClientFolder {
  std::string path;
  std::string seen_at;
  std::vector<std::string> warnings;

  [[nodiscard]] std::string docker_file() const { return path + "/env"; }

  [[nodiscard]] std::string shell_file() const { return path + "/env.sh"; }
};

// The user of this machine that --for-user names.
Outcome<std::optional<sandbox::User>> reader_of(const std::string& name);

// "HOST:PORT" as it may stand in a URL; pure.
bool is_proxy_address(std::string_view text);

// The first folder on the way to `path`, itself too, that the user may not enter, as far as modes
// say. What is not there yet is no hindrance.
std::optional<std::string> folder_closed_to(const sandbox::User& user, const std::string& path);

// A failure (usage) for a folder in the home; (cannot) where others could change what is in it, the
// user could not read it, or it cannot be written.
Outcome<ClientFolder> make_client_folder(const Home& home,
                                         const FolderWish& wish,
                                         const ProxyAccess& access,
                                         const bindings::Bindings& bindings);

}  // namespace keyswap::cli
