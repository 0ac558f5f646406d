// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/health_probe.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr time_t kPatienceSeconds = 3;
constexpr std::size_t kAnswerBytesMax = std::size_t{16} * 1024;

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

template <typename Kind>
Address address_of(const Kind& kind) {
  Address address;
  std::memcpy(&address.bytes, &kind, sizeof kind);
  address.size = sizeof kind;
  return address;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnix)) {
    sockaddr_un local{};
    text.remove_prefix(kUnix.size());
    if (text.size() >= sizeof local.sun_path) {
      return std::nullopt;
    }
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, text.data(), text.size());
    return address_of(local);
  }
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string_view::npos ||
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec != std::errc()) {
    return std::nullopt;
  }
  std::string host(text.substr(0, colon));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    return address_of(v4);
  }
  if (host.size() > 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    return address_of(v6);
  }
  return std::nullopt;
}

File connect_to(const Address& address) {
  File socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{kPatienceSeconds, 0};
  if (socket.is_open()) {
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(socket.descriptor(),
                reinterpret_cast<const sockaddr*>(&address.bytes),
                address.size) != 0) {
      const int number = errno;
      socket.close();
      errno = number;
    }
  }
  return socket;
}

std::string read_answer(int socket) {
  std::string answer(kAnswerBytesMax, '\0');
  std::size_t size = 0;
  while (size < answer.size()) {
    const ssize_t count = recv(socket, answer.data() + size, answer.size() - size, 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      break;
    }
    size += static_cast<std::size_t>(count);
  }
  answer.resize(size);
  return answer;
}

}  // namespace

std::string health_in(std::string_view answer) {
  const std::size_t body = answer.find("\r\n\r\n");
  const auto json = body == std::string_view::npos
                        ? nlohmann::json()
                        : nlohmann::json::parse(answer.substr(body + 4), nullptr, false);
  if (!json.is_object()) {
    return "no answer to GET /healthz";
  }
  const auto text_of = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text_of("status") != "ok") {
    const std::string reason = text_of("reason");
    return "failing" + (reason.empty() ? "" : ": " + reason);
  }
  const std::string policy = text_of("policy");
  return policy.empty() ? "ok" : "ok, policy " + policy;
}

std::string probe_health(const std::string& address) {
  const auto where = parse_address(address);
  if (!where) {
    return "its address is not one: " + address;
  }
  const File socket = connect_to(*where);
  if (!socket.is_open()) {
    return "cannot be reached: " + explain_errno(errno);
  }
  const std::string host = address.starts_with(kUnix) ? "localhost" : address;
  const std::string request =
      "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  if (send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return "no answer to GET /healthz";
  }
  return health_in(read_answer(socket.descriptor()));
}

}  // namespace keyswap::cli
