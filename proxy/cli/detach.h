// SPDX-License-Identifier: Apache-2.0
//
// `keyswap serve --detach`: a child does all of it. It asks on the terminal as long as the process
// that was started waits in front; once it serves, it goes to a session of its own, and that
// process ends. So nothing of an opened vault crosses a fork: locked memory, locks and threads are
// the child's from the start.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// The child's way to the background, in this order.
class Departure {
 public:
  // `tell`: the write end of the pipe that the process in front reads.
  explicit Departure(File tell) : tell_(std::move(tell)) {}

  // Opens the home's serve.log, for what is said from then on, while files may still be opened to
  // be written. Beyond bounds::kServeLogBytesMax it begins anew.
  Problem open_log(const Home& home);
  // A session without a terminal; while that may still be asked of the kernel.
  base::Status leave_terminal();
  // The process in front says this on its stdout, and ends well. Ours lead to the log.
  void leave(std::string_view said);

 private:
  File tell_;
  File nothing_;  // /dev/null
  File log_;
};

// Runs `serves` in a child; gives the exit status of this process: 0 once the child has left, else
// the child's own, who has said why. Before any thread is started.
int run_detached(const std::function<int(Departure&)>& serves);

}  // namespace keyswap::cli
