// SPDX-License-Identifier: Apache-2.0
//
// A signal that asks the program to end while it holds such signals back, because it must not be
// left half-way (proxy/cli/workshop.h). Whoever waits for an answer then waits no more: nobody is
// going to be asked, and the signal acts once all is cleared away.
#pragma once

#include "proxy/cli/files.h"

namespace keyswap::cli {

class HeldEnd {
 public:
  // By what the calling thread holds back now.
  HeldEnd();

  // For poll(2): can be read once there is one; -1 where none is held back. Nobody reads it.
  [[nodiscard]] int descriptor() const { return file_.descriptor(); }

 private:
  File file_;
};

}  // namespace keyswap::cli
