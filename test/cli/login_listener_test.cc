// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_listener.h"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kLongMs = 20'000;

vault::RedirectWanted wanted_by(const LoginListener& listener) {
  vault::RedirectWanted wanted;
  wanted.host = listener.host();
  wanted.path = "/callback";
  wanted.state = "the-state";
  return wanted;
}

LoginListener opened() {
  REQUIRE(vault::lock_memory());
  auto listener = LoginListener::open(0);
  REQUIRE(listener);
  return std::move(listener).value();
}

// On any thread: no assertion of the test's.
File connected(std::uint16_t port) {
  File socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    socket.close();
  }
  return socket;
}

void say(const File& socket, const std::string& text) {
  static_cast<void>(::send(socket.descriptor(), text.data(), text.size(), MSG_NOSIGNAL));
}

std::string heard(const File& socket) {
  std::string all;
  std::array<char, 4096> piece{};
  for (ssize_t count = 1; count > 0;) {
    count = ::recv(socket.descriptor(), piece.data(), piece.size(), 0);
    all.append(piece.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return all;
}

std::string request(const LoginListener& listener, const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + listener.host() + "\r\n\r\n";
}

std::string asked(const LoginListener& listener, const std::string& target) {
  const File socket = connected(listener.port());
  say(socket, request(listener, target));
  return heard(socket);
}

}  // namespace

TEST_CASE("O26 a wrong answer is sent away, and the right one behind it is taken") {
  LoginListener listener = opened();
  std::string first;
  std::string second;
  std::thread browser([&] {
    first = asked(listener, "/callback?code=evil&state=another");
    second = asked(listener, "/callback?code=abc&state=the-state");
  });
  auto told = listener.wait(wanted_by(listener), kLongMs);
  browser.join();
  REQUIRE(told);
  CHECK(told->kind == vault::Redirected::Kind::code);
  CHECK(told->code.reveal() == "abc");
  CHECK(first.starts_with("HTTP/1.1 400 "));
  CHECK(second.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(second.find("<script") == std::string::npos);
  CHECK(second.find("default-src 'none'") != std::string::npos);
  CHECK(second.find("abc") == std::string::npos);
}

TEST_CASE("who connects and says nothing keeps nobody from logging in, however many they are") {
  LoginListener listener = opened();
  std::vector<File> silent;
  for (std::size_t i = 0; i <= base::bounds::kLoginClientsMax; ++i) {
    silent.push_back(connected(listener.port()));
  }
  std::thread browser([&] {
    const File socket = connected(listener.port());
    const std::string text = request(listener, "/callback?code=abc&state=the-state");
    say(socket, text.substr(0, 20));
    say(socket, text.substr(20));
    static_cast<void>(heard(socket));
  });
  auto told = listener.wait(wanted_by(listener), kLongMs);
  browser.join();
  REQUIRE(told);
  CHECK(told->kind == vault::Redirected::Kind::code);
}

TEST_CASE("a request that does not end is not read on") {
  LoginListener listener = opened();
  std::string answer;
  std::thread browser([&] {
    const File socket = connected(listener.port());
    say(socket, "GET /" + std::string(base::bounds::kLoginHeadBytesMax, 'a'));
    answer = heard(socket);
    static_cast<void>(asked(listener, "/callback?error=access_denied&state=the-state"));
  });
  auto told = listener.wait(wanted_by(listener), kLongMs);
  browser.join();
  REQUIRE(told);
  CHECK(told->kind == vault::Redirected::Kind::refused);
  CHECK((answer.empty() || answer.starts_with("HTTP/1.1 400 ")));
}

TEST_CASE("nobody is waited for for ever, and a port that is taken is told") {
  LoginListener listener = opened();
  const auto told = listener.wait(wanted_by(listener), 50);
  REQUIRE_FALSE(told);
  CHECK(told.failure().exit == Exit::no);
  const auto second = LoginListener::open(listener.port());
  REQUIRE_FALSE(second);
  CHECK(second.failure().hint.find("--redirect-port") != std::string::npos);
}

}  // namespace keyswap::cli
