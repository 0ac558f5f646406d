// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/listening.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/uv/own_address.h"

namespace keyswap::net {

namespace {

bool is_all_addresses(std::string_view address) {
  return address == "0.0.0.0" || address == "::";
}

// The addresses of all interfaces lead here, too.
bool is_loopback(std::string_view address) {
  return address == "::1" || is_all_addresses(address) || address.starts_with("127.");
}

// An IPv4 address that is written as one of IPv6 (RFC 4291 section 2.5.5.2) leads where it does.
std::string_view unmapped(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  const bool is_mapped =
      address.starts_with(kMapped) && address.find('.') != std::string_view::npos;
  return address.substr(is_mapped ? kMapped.size() : 0);
}

// As a client of this machine writes it.
std::string for_clients(uv::Endpoint endpoint) {
  if (is_all_addresses(endpoint.address)) {
    endpoint.address = endpoint.address == "::" ? "::1" : "127.0.0.1";
  }
  return uv::to_string(endpoint);
}

}  // namespace

Listening::Listening(std::vector<uv::Endpoint> clients,
                     const std::optional<uv::Endpoint>& management)
    : endpoints_(std::move(clients)),
      for_clients_(endpoints_.empty() ? "" : for_clients(endpoints_.front())) {
  if (management) {
    endpoints_.push_back(*management);
  }
  for (const uv::Endpoint& endpoint : endpoints_) {
    ports_.push_back(endpoint.port);
  }
}

bool Listening::has_port(std::uint16_t port) const {
  return std::find(ports_.begin(), ports_.end(), port) != ports_.end();
}

bool Listening::is_led_to_by(const uv::Endpoint& endpoint) const {
  const std::string_view address = unmapped(endpoint.address);
  return std::any_of(endpoints_.begin(), endpoints_.end(), [&](const uv::Endpoint& listener) {
    return endpoint.port == listener.port &&
           (address == listener.address || is_loopback(address) ||
            (is_all_addresses(listener.address) && uv::is_own_address(std::string(address))));
  });
}

}  // namespace keyswap::net
