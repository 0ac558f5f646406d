// SPDX-License-Identifier: Apache-2.0
//
// Joins two connections of one world in memory (test/fuzz/session/world.h): what one side writes
// the other reads. TLS in it is TLS as it is.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "test/fuzz/session/world.h"

namespace keyswap::test {

class MemoryPipe {
 public:
  MemoryPipe(std::shared_ptr<Wire> one, std::shared_ptr<Wire> other)
      : one_(std::move(one)), other_(std::move(other)) {
    give_room();
  }

  // Both ways, all that is there. False: nothing was.
  bool carry() {
    const bool has_carried = carry(*one_, *other_);
    return carry(*other_, *one_) || has_carried;
  }

  // From now on neither side takes anything of what is written.
  void stop_taking() {
    room_ = 0;
    give_room();
  }

 private:
  void give_room() {
    one_->room = room_;
    other_->room = room_;
  }

  bool carry(Wire& from, Wire& to) const {
    from.room = room_;
    bool has_carried = !from.from_proxy.empty();
    to.to_proxy += std::exchange(from.from_proxy, {});
    if ((from.is_proxy_done || from.is_proxy_closed) && !to.is_peer_done) {
      to.is_peer_done = true;
      has_carried = true;
    }
    return has_carried;
  }

  std::shared_ptr<Wire> one_;
  std::shared_ptr<Wire> other_;
  std::size_t room_ = std::size_t{1} << 20U;
};

}  // namespace keyswap::test
