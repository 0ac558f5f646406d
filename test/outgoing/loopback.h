// SPDX-License-Identifier: Apache-2.0
//
// Servers on this machine for calls of ours to reach, each on a thread of its own, and an
// environment that would lead every call astray. Good and bad certificates are test_pki's.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/outgoing/call_client.h"
#include "proxy/outgoing/call_memory.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/timer.h"
#include "test/support/temp_file.h"
#include "test/support/test_pki.h"
#include "test/support/tls_peer.h"
#include "vault/secret.h"

namespace keyswap::test {

// Before libcurl is started: proxies that nobody is at, and a file for the keys of TLS.
inline const std::string& astray() {
  static const TempFile kKeys("");
  static const std::string kPath = [] {
    for (const char* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
      ::setenv(name, "http://127.0.0.1:9", 1);
    }
    ::setenv("SSLKEYLOGFILE", kKeys.path().c_str(), 1);
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // as the proxy does
    REQUIRE(vault::lock_memory());
    REQUIRE(outgoing::start_call_memory());
    return kKeys.path();
  }();
  return kPath;
}

// Answers each connection by the next of its answers, the last one again and again, and closes it.
class LoopbackServer {
 public:
  struct Answer {
    std::string bytes;
    bool is_held = false;                    // not closed until the client does, or the server ends
    std::function<void()> before = nullptr;  // done before it is sent, on the server's thread
  };

  // `tls`: null for HTTP in the clear.
  LoopbackServer(ContextPointer tls, std::vector<Answer> answers)
      : tls_(std::move(tls)), answers_(std::move(answers)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 16) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  LoopbackServer(LoopbackServer&&) = delete;
  LoopbackServer& operator=(LoopbackServer&&) = delete;

  ~LoopbackServer() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_, &one, sizeof(one)));
    thread_.join();
    ::close(listener_);
    ::close(stop_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] std::string url(const std::string& host, const std::string& path = "/") const {
    return (tls_ == nullptr ? "http://" : "https://") + host + ":" + std::to_string(port_) + path;
  }

  // As they came, head and body.
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  // false: the server ends.
  bool await(int socket, short events) const {
    std::array<pollfd, 2> files = {pollfd{socket, events, 0}, pollfd{stop_, POLLIN, 0}};
    return ::poll(files.data(), files.size(), -1) > 0 && files[1].revents == 0;
  }

  void serve() {
    while (await(listener_, POLLIN)) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket < 0) {
        continue;
      }
      const std::size_t turn = std::min<std::size_t>(connections_++, answers_.size() - 1);
      std::unique_ptr<SSL, void (*)(SSL*)> ssl(nullptr, SSL_free);
      if (tls_ != nullptr) {
        ssl.reset(SSL_new(tls_.get()));
        SSL_set_fd(ssl.get(), socket);
        SSL_set_accept_state(ssl.get());
      }
      converse(socket, ssl.get(), answers_[turn]);
      ::close(socket);
    }
  }

  void converse(int socket, SSL* ssl, const Answer& answer) {
    std::string request;
    while (!is_whole(request)) {
      if (!read_some(socket, ssl, request)) {
        return;
      }
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    if (answer.before) {
      answer.before();
    }
    std::string_view rest = answer.bytes;
    while (!rest.empty()) {
      if (!write_some(socket, ssl, rest)) {
        return;
      }
    }
    std::string ignored;
    while (answer.is_held && read_some(socket, ssl, ignored)) {
    }
    if (ssl != nullptr) {
      SSL_shutdown(ssl);
    }
  }

  static bool is_whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) {
      return false;
    }
    const std::size_t length = request.find("Content-Length: ");
    const std::size_t body =
        length == std::string::npos || length > end ? 0 : std::stoul(request.substr(length + 16));
    return request.size() >= end + 4 + body;
  }

  bool read_some(int socket, SSL* ssl, std::string& into) const {
    std::array<char, 16384> bytes{};
    for (;;) {
      const int count = ssl == nullptr
                            ? static_cast<int>(::recv(socket, bytes.data(), bytes.size(), 0))
                            : SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      if (count > 0) {
        into.append(bytes.data(), static_cast<std::size_t>(count));
        return true;
      }
      if (!may_go_on(socket, ssl, count)) {
        return false;
      }
    }
  }

  bool write_some(int socket, SSL* ssl, std::string_view& rest) const {
    const int count = ssl == nullptr
                          ? static_cast<int>(::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL))
                          : SSL_write(ssl, rest.data(), static_cast<int>(rest.size()));
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
      return true;
    }
    return may_go_on(socket, ssl, count);
  }

  bool may_go_on(int socket, SSL* ssl, int count) const {
    const int error = ssl == nullptr ? 0 : SSL_get_error(ssl, count);
    const bool wants = ssl == nullptr
                           ? count < 0 && errno == EAGAIN
                           : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    const bool wants_write = ssl != nullptr && error == SSL_ERROR_WANT_WRITE;
    return wants && await(socket,
                          static_cast<short>(ssl == nullptr ? POLLIN | POLLOUT
                                             : wants_write  ? POLLOUT
                                                            : POLLIN));
  }

  ContextPointer tls_;
  std::vector<Answer> answers_;
  int stop_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::thread thread_;
};

// A root, and what a policy and servers make of it.
struct Pki {
  Identity root = make_root();
  std::shared_ptr<const tls::ClientContext> trusted = trusting({root});

  [[nodiscard]] ContextPointer server(const std::string& host) const {
    return weak_server_context(make_server(root, host));
  }
};

inline const Pki& pki() {
  astray();
  static const Pki kPki;
  return kPki;
}

inline outgoing::CallPolicy loopback_policy() {
  return {.allowed = {{"127.0.0.0", 8}, {"::1", 128}},
          .bindings = std::make_shared<const bindings::Bindings>(),
          .tls = pki().trusted};
}

inline vault::Secret secret_of(std::string_view bytes) {
  auto secret = vault::Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

inline vault::Call call_to(std::string url, std::string_view method = "GET") {
  vault::Call call;
  call.method = method;
  call.url = std::move(url);
  return call;
}

inline std::string http_answer(std::string_view status,
                               std::string_view fields,
                               std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A loop with all that calls need.
class Caller {
 public:
  explicit Caller(outgoing::LeadsHere leads_here = nullptr) {
    astray();
    auto loop = uv::Loop::create();
    REQUIRE(loop);
    loop_ = std::move(*loop);
    auto resolver = uv::Resolver::create(*loop_);
    REQUIRE(resolver);
    resolver_ = std::move(*resolver);
    auto client = outgoing::CallClient::create(*loop_, *resolver_, clock_, std::move(leads_here));
    REQUIRE(client);
    client_ = std::move(*client);
  }

  // Until it is answered.
  vault::Answer call(const vault::Call& call,
                     const outgoing::CallPolicy& policy = loopback_policy(),
                     std::int64_t wait_ms = 10'000) {
    std::optional<vault::Answer> answer;
    outgoing::OutgoingCall under_way(*client_, policy, call, wait_ms, [&](vault::Answer told) {
      answer = std::move(told);
      loop_->stop();
    });
    REQUIRE_FALSE(answer);  // never from inside
    loop_->run();
    REQUIRE(answer);
    return std::move(*answer);
  }

  base::Errc error(const vault::Call& called,
                   const outgoing::CallPolicy& policy = loopback_policy(),
                   std::int64_t wait_ms = 10'000) {
    const vault::Answer answer = call(called, policy, wait_ms);
    REQUIRE(std::holds_alternative<base::Error>(answer));
    UNSCOPED_INFO(std::get<base::Error>(answer).note.text());
    return std::get<base::Error>(answer).code;
  }

  uv::Loop& loop() { return *loop_; }

  outgoing::CallClient& client() { return *client_; }

 private:
  base::SystemClock clock_;
  std::unique_ptr<uv::Loop> loop_;
  std::unique_ptr<uv::Resolver> resolver_;
  std::unique_ptr<outgoing::CallClient> client_;
};

}  // namespace keyswap::test
