// SPDX-License-Identifier: Apache-2.0
//
// Where this proxy listens, for clients and for management, as far as somebody could be led there.
// I12: it never dials itself. Unix sockets are not in it: none is ever dialled.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/uv/tcp.h"

namespace keyswap::net {

class Listening {
 public:
  Listening() = default;
  // With the ports that they really have: where clients come, and where who manages does.
  explicit Listening(std::vector<uv::Endpoint> clients,
                     const std::optional<uv::Endpoint>& management = std::nullopt);

  // Of each of them.
  [[nodiscard]] std::span<const std::uint16_t> ports() const { return ports_; }

  // The first that is for clients, as those of this machine write it: "127.0.0.1:8472"; "" of none.
  [[nodiscard]] const std::string& to_string() const { return for_clients_; }

  [[nodiscard]] bool has_port(std::uint16_t port) const;

  // Would a connection to it come out here? Every loopback address counts with a port of ours, and
  // with a listener on all addresses each one of this machine. May ask the kernel.
  [[nodiscard]] bool is_led_to_by(const uv::Endpoint& endpoint) const;

 private:
  std::vector<uv::Endpoint> endpoints_;
  std::vector<std::uint16_t> ports_;
  std::string for_clients_;
};

}  // namespace keyswap::net
