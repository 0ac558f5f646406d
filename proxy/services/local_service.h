// SPDX-License-Identifier: Apache-2.0
//
// What keyswap answers itself: an upstream inside the process, which takes a request's head and
// body and gives a response's head and body. It has no socket and writes no bytes; whoever asks it
// carries the answer to the client.
#pragma once

#include <string_view>

#include "proxy/flow/reply.h"
#include "proxy/http/message.h"

namespace keyswap::services {

class SlowService;

class LocalService {
 public:
  LocalService() = default;
  LocalService(const LocalService&) = delete;
  LocalService& operator=(const LocalService&) = delete;
  LocalService(LocalService&&) = delete;
  LocalService& operator=(LocalService&&) = delete;
  virtual ~LocalService() = default;

  // The answer, with its body also to a HEAD: who carries it leaves that out. Its head has views
  // into what is constant, into the service, or into itself.
  [[nodiscard]] virtual flow::Reply answer(const http::RequestHead& head,
                                           std::string_view body) const = 0;

  // Who answers this request in its place, because that takes time; null: answer() does.
  [[nodiscard]] virtual SlowService* slow(const http::RequestHead& /*head*/) const {
    return nullptr;
  }
};

}  // namespace keyswap::services
