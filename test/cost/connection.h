// SPDX-License-Identifier: Apache-2.0
//
// New intercepted connections: CONNECT is read and routed, the leaf found or minted, and TLS agreed
// with a client in memory. The client's own work is not counted.
#pragma once

#include <memory>
#include <string>

#include "bindings/binding.h"
#include "ca/leaf_cache.h"
#include "proxy/base/clock.h"
#include "proxy/tls/context.h"

namespace keyswap::work {

class Connections {
 public:
  Connections();

  // Opens one to this host and closes it. The first to a host has its leaf minted.
  void open(const std::string& host);

 private:
  base::SystemClock clock_;
  std::shared_ptr<const bindings::Bindings> bindings_;
  std::shared_ptr<const tls::ServerContext> to_client_;
  std::shared_ptr<const tls::ClientContext> client_;
  std::unique_ptr<ca::LeafCache> leaves_;
};

}  // namespace keyswap::work
