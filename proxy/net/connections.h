// SPDX-License-Identifier: Apache-2.0
//
// The clients' connections of a loop: it makes them, tells all of them what concerns all, and
// buries each that has ended. Nobody looks one up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/net/connection.h"
#include "proxy/net/context.h"

namespace keyswap::net {

class Connections {
 public:
  explicit Connections(Context& context) : context_(&context) {}

  // A new one, for Connection::start(); it lives until it has ended and the turn is over.
  Connection& add();

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

  void policy_changed();
  void drain_all();
  void cut_all();
  // Called each time one has ended.
  std::function<void()> on_ended;

 private:
  // They may end while they are told.
  std::vector<Connection*> all();

  Context* context_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t numbers_given_ = 0;
};

}  // namespace keyswap::net
