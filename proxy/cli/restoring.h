// SPDX-License-Identifier: Apache-2.0
//
// How a backup takes a home's place. All of it is made and checked in a folder of its own inside
// the home; one rename of that folder to `restored` is the moment at which the home is the new one.
// From then on files are moved, first the old ones out of the way, then the new ones into place,
// and whatever stops that, the next command goes on with it before it does anything else. So there
// is the old home or the new one, and no mixture that a command would use.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proxy/cli/backup_file.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// Writes the files of a backup below `folder`, which is there; all of them durably.
base::Status write_files(const std::string& folder, const std::vector<BackedUp>& files);

// "before-restore-TIME", with a number behind it where that is there: what an earlier restore put
// away is never overwritten.
std::string free_before_name(const Home& home, const std::string& time);

// Says, in the folder that is to be `restored` and holds all that it will, which files of the home
// go to `before`, a folder of that name: a home's own, those that the new ones take the place of,
// and these.
base::Status write_plan(const std::string& folder,
                        const std::string& before,
                        const std::vector<std::string>& also);

std::string restored_folder(const Home& home);

// Ends a restore that has begun, if there is one. `may_go_on` is asked before each step, and is for
// tests, which end there as a kill would.
Problem finish_restore(
    const Home& home, const std::function<bool()>& may_go_on = [] { return true; });

}  // namespace keyswap::cli
