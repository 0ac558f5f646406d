// SPDX-License-Identifier: Apache-2.0
//
// Where `serve --listen` says to listen, and what may be listened on: beyond loopback everybody who
// reaches the port could use the secrets, so that there the bindings have to say who comes, and
// each shows a token. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

inline constexpr const char* kDefaultListen = "127.0.0.1:8472";

struct ListenAddress {
  std::string host;            // an IP literal, in its usual form; "" of a Unix socket
  std::uint16_t port = 0;      // 0 picks one
  std::string unix_path = {};  // absolute; "" of TCP

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }

  // Can other machines, or containers with a network of their own, reach it?
  [[nodiscard]] bool is_beyond_loopback() const;
};

// "127.0.0.1:8472", "[::1]:0", "unix:/run/keyswap.sock"
std::string to_string(const ListenAddress& address);

// Such a text. A path that is not absolute counts from the folder that we are in.
Outcome<ListenAddress> parse_listen(const std::string& text);
// The same for management: TCP on loopback, or a Unix socket.
Outcome<ListenAddress> parse_manage(const std::string& text);
// All that was given, none of it twice or within another (0.0.0.0), at most bounds::kListenersMax;
// kDefaultListen where nothing was.
Outcome<std::vector<ListenAddress>> parse_all_listens(const std::vector<std::string>& texts);

// Clients already come to where it would be managed: which is which could not be told.
Problem check_manage(const ListenAddress& manage, const std::vector<ListenAddress>& listens);

// Beyond loopback, and nobody named who may come: what to do.
Problem check_listens(const std::vector<ListenAddress>& addresses,
                      const bindings::Bindings& bindings,
                      const std::string& bindings_file);

// Of the addresses that a proxy listens on, as `ready` says them, the one that clients of this
// machine are given: over loopback if one is, and of all interfaces the loopback one. A Unix socket
// where there is nothing else.
std::string address_for_clients(const std::vector<std::string>& addresses);

// Nothing if clients can be given that address as their proxy. None of them takes a Unix socket.
Problem check_client_address(const std::string& address);

}  // namespace keyswap::cli
