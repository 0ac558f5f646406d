// SPDX-License-Identifier: Apache-2.0
//
// A folder in which something is built beside its place, whole, before a rename puts it there. What
// was begun and not finished is gone: after a failure and after a signal at once, after a kill or a
// power cut with the next one that is built for the same place.
#pragma once

#include <string>

#include "proxy/base/result.h"
#include "proxy/cli/files.h"
#include "proxy/cli/signal_hold.h"

namespace keyswap::cli {

// Holds signals as long as it lives: one that comes meanwhile counts when the folder has been taken
// away.
class Workshop {
 public:
  // For what is to stand at `place`, whose parent exists. First takes away what others left there.
  explicit Workshop(std::string place);
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  Workshop(Workshop&&) = delete;
  Workshop& operator=(Workshop&&) = delete;
  ~Workshop();

  // Could it be made? io or no_space (number = errno) if not.
  [[nodiscard]] const base::Status& made() const { return made_; }

  // Of mode 0700.
  [[nodiscard]] const std::string& path() const { return path_; }

  // Puts it in its place, where nothing or an empty folder may be; io (number = errno) if that does
  // not work, EINTR when a signal is held.
  base::Status move_into_place();

 private:
  SignalHold signals_;  // goes last
  std::string place_;
  std::string path_;
  File lock_;  // says that somebody is at work here
  base::Status made_;
  bool is_ours_to_remove_ = false;
};

}  // namespace keyswap::cli
