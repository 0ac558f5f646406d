// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_listener.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

namespace login_bounds = base::bounds;

constexpr std::int64_t kLoginUsPerMs = 1000;
constexpr int kLoginBacklog = 16;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::int64_t login_now_us() {
  return base::SystemClock().steady_us();
}

std::string_view status_words(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Request";
  }
}

std::string_view page_words(const vault::Redirected& told) {
  switch (told.kind) {
    case vault::Redirected::Kind::code:
      return "keyswap has the answer. You can close this page and go back to the terminal.";
    case vault::Redirected::Kind::refused:
      return "The log-in was refused. The terminal says why.";
    case vault::Redirected::Kind::ignored:
      break;
  }
  return "This is not the answer that keyswap waits for.";
}

// No script, nothing that is loaded, and nothing of the request in it.
std::string login_answer(const vault::Redirected& told) {
  const std::string body = "<!doctype html><meta charset=\"utf-8\"><title>keyswap</title><p>" +
                           std::string(page_words(told)) + "</p>\n";
  std::string text = "HTTP/1.1 " + std::to_string(told.status) + " ";
  text.append(status_words(told.status));
  text +=
      "\r\nContent-Type: text/html; charset=utf-8\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cache-Control: no-store\r\n"
      "Connection: close\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n";
  return text + body;
}

// It fits into the socket's buffer; who does not take it does without.
void say_to(int socket, const std::string& text) {
  static_cast<void>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  static_cast<void>(::shutdown(socket, SHUT_WR));
}

Failure no_listener(int number, std::uint16_t port) {
  return {Exit::cannot,
          "cannot listen on 127.0.0.1" + (port == 0 ? std::string() : ":" + std::to_string(port)) +
              ": " + explain_errno(number),
          port == 0 ? "log in with a code for another device: --device"
                    : "choose another port that the provider knows: --redirect-port PORT"};
}

}  // namespace

Outcome<LoginListener> LoginListener::open(std::uint16_t port) {
  File socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const as_any = reinterpret_cast<sockaddr*>(&address);
  if (!socket.is_open() || ::bind(socket.descriptor(), as_any, size) != 0 ||
      ::listen(socket.descriptor(), kLoginBacklog) != 0 ||
      ::getsockname(socket.descriptor(), as_any, &size) != 0) {
    return no_listener(errno, port);
  }
  return LoginListener(std::move(socket), ntohs(address.sin_port));
}

std::string LoginListener::host() const {
  return "127.0.0.1:" + std::to_string(port_);
}

Outcome<vault::Redirected> LoginListener::wait(const vault::RedirectWanted& wanted,
                                               std::int64_t wait_ms) {
  const std::int64_t end_us = login_now_us() + wait_ms * kLoginUsPerMs;
  for (std::int64_t now_us = login_now_us(); now_us < end_us; now_us = login_now_us()) {
    drop_late(now_us);
    std::vector<pollfd> asked = {{socket_.descriptor(), POLLIN, 0}};
    std::int64_t next_us = end_us;
    for (const Client& client : clients_) {
      asked.push_back({client.socket.descriptor(), POLLIN, 0});
      next_us = std::min(next_us, client.end_us);
    }
    const std::int64_t left_ms = (next_us - now_us) / kLoginUsPerMs + 1;
    if (::poll(asked.data(), asked.size(), static_cast<int>(left_ms)) <= 0) {
      continue;
    }
    vault::Redirected told;
    for (std::size_t i = clients_.size(); i > 0; --i) {
      if (asked[i].revents != 0 && read(clients_[i - 1], wanted, told)) {
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i - 1));
      }
      if (told.kind != vault::Redirected::Kind::ignored) {
        return told;
      }
    }
    if (auto problem = asked[0].revents != 0 ? accept_one(now_us) : Problem()) {
      return *std::move(problem);
    }
  }
  return Failure{Exit::no,
                 "nobody logged in within " + std::to_string(wait_ms / 60'000) + " minutes",
                 "try again; without a browser on this machine: --device"};
}

Problem LoginListener::accept_one(std::int64_t now_us) {
  File socket(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.is_open()) {
    return std::nullopt;  // it is gone again
  }
  if (clients_.size() >= login_bounds::kLoginClientsMax) {
    clients_.erase(clients_.begin());  // the one that has been silent for longest
  }
  auto head = vault::LockedBytes::of_size(login_bounds::kLoginHeadBytesMax);
  if (!head) {
    return no_locked_memory();
  }
  Client client;
  client.socket = std::move(socket);
  client.head = std::move(*head);
  client.end_us = now_us + login_bounds::kLoginClientMs * kLoginUsPerMs;
  clients_.push_back(std::move(client));
  return std::nullopt;
}

void LoginListener::drop_late(std::int64_t now_us) {
  std::erase_if(clients_, [now_us](const Client& client) { return client.end_us <= now_us; });
}

bool LoginListener::read(Client& client,
                         const vault::RedirectWanted& wanted,
                         vault::Redirected& told) {
  const int socket = client.socket.descriptor();
  const ssize_t count =
      ::recv(socket, client.head.data() + client.size, client.head.size() - client.size, 0);
  if (count <= 0) {
    return count == 0 || (errno != EAGAIN && errno != EINTR);
  }
  client.size += static_cast<std::size_t>(count);
  const std::string_view read(client.head.data(), client.size);
  const std::size_t end = read.find(kHeadEnd);
  if (end == std::string_view::npos && client.size < client.head.size()) {
    return false;
  }
  if (end != std::string_view::npos) {
    told = vault::read_redirect(read.substr(0, end + 2), wanted);
  }
  say_to(socket, login_answer(told));
  return true;
}

}  // namespace keyswap::cli
