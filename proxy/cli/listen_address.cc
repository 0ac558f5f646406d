// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/listen_address.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/policy.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kAllV4 = "0.0.0.0:";
constexpr std::string_view kAllV6 = "[::]:";
constexpr std::uint32_t kLoopbackNetwork = 127;
constexpr const char* kLike = "like: --listen 127.0.0.1:8472";

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == kLoopbackNetwork;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_mapped(const std::string& host) {
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_V4MAPPED(&v6);
}

// In the form that it is mostly written in; "" of what is no address.
std::string canonical(const std::string& host) {
  for (const int family : {AF_INET, AF_INET6}) {
    in6_addr bytes{};  // the longer of the two
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_pton(family, host.c_str(), &bytes) == 1) {
      return inet_ntop(family, &bytes, text.data(), text.size());
    }
  }
  return "";
}

bool is_v6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

bool is_all_addresses(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

// Can only one of them be listened on?
bool collide(const ListenAddress& one, const ListenAddress& other) {
  if (one.is_unix() || other.is_unix()) {
    return one.unix_path == other.unix_path;
  }
  return one.port != 0 && one.port == other.port && is_v6(one.host) == is_v6(other.host) &&
         (one.host == other.host || is_all_addresses(one.host) || is_all_addresses(other.host));
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty() || text.size() > 5 ||
      !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  unsigned value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  port = static_cast<std::uint16_t>(value);
  return value <= 65'535;
}

Outcome<ListenAddress> parse_unix(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Failure{Exit::usage,
                   "--listen unix: wants the path of a socket",
                   "like: --listen unix:/run/keyswap/proxy.sock"};
  }
  return ListenAddress{"", 0, absolute_path(path)};
}

// Its text as a client is given it.
std::string for_clients(std::string address) {
  if (address.starts_with(kAllV4)) {
    return "127.0.0.1:" + address.substr(kAllV4.size());
  }
  if (address.starts_with(kAllV6)) {
    return "[::1]:" + address.substr(kAllV6.size());
  }
  return address;
}

bool is_unix_text(std::string_view address) {
  return address.starts_with(kUnix);
}

bool is_loopback_text(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]:");
}

}  // namespace

bool ListenAddress::is_beyond_loopback() const {
  return !is_unix() && !is_loopback(host);
}

std::string to_string(const ListenAddress& address) {
  if (address.is_unix()) {
    return std::string(kUnix) + address.unix_path;
  }
  const std::string host = is_v6(address.host) ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Outcome<ListenAddress> parse_listen(const std::string& text) {
  if (is_unix_text(text)) {
    return parse_unix(text.substr(kUnix.size()));
  }
  const std::size_t colon = text.rfind(':');
  ListenAddress listen;
  if (colon == std::string::npos ||
      !parse_port(std::string_view(text).substr(colon + 1), listen.port)) {
    return Failure{Exit::usage, "--listen wants ADDRESS:PORT or unix:PATH, not " + text, kLike};
  }
  listen.host = text.substr(0, colon);
  if (listen.host.size() > 2 && listen.host.front() == '[' && listen.host.back() == ']') {
    listen.host = listen.host.substr(1, listen.host.size() - 2);
  } else if (listen.host.find(':') != std::string::npos) {
    return Failure{
        Exit::usage, "an IPv6 address stands in brackets: " + text, "like: --listen [::1]:8472"};
  }
  if (listen.host.empty()) {
    return Failure{Exit::usage,
                   "--listen wants an IP address in front of " + text,
                   "this machine alone: --listen 127.0.0.1" + text +
                       "   all of IPv4: --listen 0.0.0.0" + text};
  }
  const std::string host = canonical(listen.host);
  if (host.empty()) {
    return Failure{Exit::usage, "--listen wants an IP address, not " + listen.host, kLike};
  }
  if (is_mapped(host)) {
    return Failure{Exit::usage,
                   listen.host + " is an IPv4 address, written as one of IPv6",
                   "write the IPv4 address: --listen 127.0.0.1:8472"};
  }
  listen.host = host;
  return listen;
}

Outcome<ListenAddress> parse_manage(const std::string& text) {
  auto address = parse_listen(text);
  if (!address || address->is_beyond_loopback()) {
    return Failure{Exit::usage,
                   "management wants an address of loopback and a port, or unix:PATH, not " + text,
                   "like: --manage 127.0.0.1:8474"};
  }
  return address;
}

Outcome<std::vector<ListenAddress>> parse_all_listens(const std::vector<std::string>& texts) {
  if (texts.size() > base::bounds::kListenersMax) {
    return Failure{
        Exit::usage,
        "more than " + std::to_string(base::bounds::kListenersMax) + " addresses to listen on",
        "listen on 0.0.0.0:PORT, which is all of IPv4"};
  }
  std::vector<ListenAddress> all;
  for (const std::string& text : texts.empty() ? std::vector<std::string>{kDefaultListen} : texts) {
    auto address = parse_listen(text);
    if (!address) {
      return address.failure();
    }
    const auto other = std::find_if(all.begin(), all.end(), [&](const ListenAddress& before) {
      return collide(before, address.value());
    });
    if (other != all.end()) {
      const std::string name = to_string(*other);
      const bool is_same = name == to_string(address.value());
      return Failure{
          Exit::usage,
          "--listen " + text + (is_same ? " is given twice" : " and " + name + " overlap"),
          "leave one out"};
    }
    all.push_back(std::move(address).value());
  }
  return all;
}

Problem check_manage(const ListenAddress& manage, const std::vector<ListenAddress>& listens) {
  const bool is_taken =
      std::any_of(listens.begin(), listens.end(), [&](const ListenAddress& listen) {
        return collide(listen, manage);
      });
  if (!is_taken) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 "--manage " + to_string(manage) + " is where clients come (--listen)",
                 "choose another port: --manage 127.0.0.1:8474"};
}

Problem check_listens(const std::vector<ListenAddress>& addresses,
                      const bindings::Bindings& bindings,
                      const std::string& bindings_file) {
  const auto beyond =
      std::find_if(addresses.begin(), addresses.end(), [](const ListenAddress& address) {
        return address.is_beyond_loopback();
      });
  if (beyond == addresses.end() || !bindings.callers.empty()) {
    return std::nullopt;
  }
  return Failure{
      Exit::usage,
      "refused to listen on " + beyond->host +
          ": everybody who reaches it could use the secrets, since " + bindings_file +
          " does not say who may come",
      "make a token with: keyswap caller add NAME   and name it there: callers: [NAME]; or listen "
      "on 127.0.0.1"};
}

std::string address_for_clients(const std::vector<std::string>& addresses) {
  std::string chosen;
  for (const std::string& address : addresses) {
    const std::string given = for_clients(address);
    const bool is_better = chosen.empty() || (is_unix_text(chosen) && !is_unix_text(given)) ||
                           (is_loopback_text(given) && !is_loopback_text(chosen));
    if (is_better) {
      chosen = given;
    }
  }
  return chosen;
}

Problem check_client_address(const std::string& address) {
  if (!is_unix_text(address)) {
    return std::nullopt;
  }
  std::string hint("start it with --listen ");
  hint.append(kDefaultListen).append(" as well");
  return Failure{Exit::cannot,
                 "the running proxy listens on a Unix socket alone, which no client takes for its "
                 "proxy: " +
                     address,
                 std::move(hint)};
}

}  // namespace keyswap::cli
