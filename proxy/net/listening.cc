// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/listening.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/uv/own_address.h"

namespace keyswap::net {

namespace {

bool is_all_addresses(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

// The addresses of all interfaces lead here, too.
bool is_loopback(const std::string& address) {
  return address == "::1" || is_all_addresses(address) || address.starts_with("127.") ||
         address.starts_with("::ffff:127.");
}

}  // namespace

Listening::Listening(std::vector<uv::Endpoint> endpoints) : endpoints_(std::move(endpoints)) {
  for (const uv::Endpoint& endpoint : endpoints_) {
    ports_.push_back(endpoint.port);
  }
}

std::string Listening::to_string() const {
  return endpoints_.empty() ? "" : uv::to_string(endpoints_.front());
}

bool Listening::has_port(std::uint16_t port) const {
  return std::find(ports_.begin(), ports_.end(), port) != ports_.end();
}

bool Listening::is_led_to_by(const uv::Endpoint& endpoint) const {
  return std::any_of(
      endpoints_.begin(), endpoints_.end(), [&endpoint](const uv::Endpoint& listener) {
        return endpoint.port == listener.port &&
               (endpoint.address == listener.address || is_loopback(endpoint.address) ||
                (is_all_addresses(listener.address) && uv::is_own_address(endpoint.address)));
      });
}

}  // namespace keyswap::net
