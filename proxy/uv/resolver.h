// SPDX-License-Identifier: Apache-2.0
//
// Names -> addresses, off the loop's thread (getaddrinfo). A slow answer delays only who asked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/uv/loop.h"

namespace keyswap::uv {

// One question. Destroying it drops the answer.
class Lookup {
 public:
  // Canonical literals in the system's order, at most limits::kAddressesPerHostMax, or
  // not_found (there is no such name), or network (nobody could say).
  using Done = std::function<void(base::Result<std::vector<std::string>>)>;

  // `host`: at most 253 bytes (libuv 1.44 must not be given longer ones).
  Lookup(Loop& loop, const std::string& host, Done done);
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  Lookup(Lookup&&) = delete;
  Lookup& operator=(Lookup&&) = delete;
  ~Lookup();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the request under way
};

}  // namespace keyswap::uv
