// SPDX-License-Identifier: Apache-2.0
//
// The relay of `run --isolated`, in a process of its own as there, with sockets of this machine.
#include "proxy/cli/relay.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/descriptor_passing.h"

namespace keyswap::cli {

namespace {

constexpr int kPatienceMs = 20'000;

struct Bound {
  File socket;
  std::uint16_t port = 0;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// `flags`: SOCK_NONBLOCK for those of a relay.
Bound bound(int type, int flags = 0) {
  Bound made{File(socket(AF_INET, type | flags | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* general = reinterpret_cast<sockaddr*>(&address);
  const int number = made.socket.descriptor();
  REQUIRE(bind(number, general, size) == 0);
  REQUIRE((type == SOCK_DGRAM || listen(number, 8) == 0));
  REQUIRE(getsockname(number, general, &size) == 0);
  made.port = ntohs(address.sin_port);
  return made;
}

File connected(int type, std::uint16_t port) {
  File made(socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  REQUIRE(connect(made.descriptor(),
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) == 0);
  return made;
}

bool has_more(const File& file) {
  pollfd ready{file.descriptor(), POLLIN, 0};
  return poll(&ready, 1, kPatienceMs) == 1;
}

// All that comes until the end; "reset" for one that is none.
std::string read_all(const File& file) {
  std::string all;
  std::array<char, 65536> piece{};
  for (;;) {
    REQUIRE(has_more(file));
    const ssize_t size = recv(file.descriptor(), piece.data(), piece.size(), 0);
    if (size < 0) {
      return errno == ECONNRESET ? "reset" : "broken";
    }
    if (size == 0) {
      return all;
    }
    all.append(piece.data(), static_cast<std::size_t>(size));
  }
}

// A relay to a server of the test's.
class Relayed {
 public:
  Relayed()
      : server(bound(SOCK_STREAM)),
        inside_(bound(SOCK_STREAM, SOCK_NONBLOCK)),
        names_(bound(SOCK_DGRAM, SOCK_NONBLOCK)) {
    child_ = fork();
    if (child_ == 0) {
      const RelaySockets sockets{std::move(inside_.socket), std::move(names_.socket)};
      server.socket.close();
      static_cast<void>(relay(sockets,
                              "127.0.0.1:" + std::to_string(server.port),
                              [](std::string_view name) { return name == "a"; }));
      _exit(1);
    }
  }

  Relayed(const Relayed&) = delete;
  Relayed& operator=(const Relayed&) = delete;
  Relayed(Relayed&&) = delete;
  Relayed& operator=(Relayed&&) = delete;

  ~Relayed() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] File client() const { return connected(SOCK_STREAM, inside_.port); }

  [[nodiscard]] File asker() const { return connected(SOCK_DGRAM, names_.port); }

  [[nodiscard]] File accepted() const {
    REQUIRE(has_more(server.socket));
    return File(accept4(server.socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  Bound server;

 private:
  Bound inside_;
  Bound names_;
  pid_t child_ = 0;
};

}  // namespace

TEST_CASE("bytes go both ways, and each end is passed on by itself") {
  const Relayed relayed;
  const File client = relayed.client();
  const File server = relayed.accepted();
  const std::string question(300'000, 'q');
  const std::string answer(5'000'000, 'a');
  const pid_t writer = fork();  // so that neither side waits for the other
  if (writer == 0) {
    static_cast<void>(write_all(client.descriptor(), question));
    shutdown(client.descriptor(), SHUT_WR);
    _exit(0);
  }
  CHECK(read_all(server) == question);
  waitpid(writer, nullptr, 0);
  const pid_t answering = fork();
  if (answering == 0) {
    static_cast<void>(write_all(server.descriptor(), answer));
    shutdown(server.descriptor(), SHUT_WR);
    _exit(0);
  }
  CHECK(read_all(client) == answer);
  waitpid(answering, nullptr, 0);
}

TEST_CASE("a connection that breaks is no end of an answer") {
  const Relayed relayed;
  const File client = relayed.client();
  {
    const File server = relayed.accepted();
    const linger none{1, 0};
    setsockopt(server.descriptor(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  }
  CHECK(read_all(client) == "reset");
}

TEST_CASE("where no proxy listens any more, connections end, and the next is tried again") {
  Relayed relayed;
  relayed.server.socket.close();
  for (int i = 0; i < 3; ++i) {
    const File client = relayed.client();
    const std::string end = read_all(client);
    CHECK((end.empty() || end == "reset"));
  }
}

TEST_CASE("many connections at once stay apart") {
  const Relayed relayed;
  std::vector<File> clients;
  std::vector<File> servers;
  for (int i = 0; i < 7; ++i) {
    clients.push_back(relayed.client());
    servers.push_back(relayed.accepted());
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    REQUIRE(write_all(servers[i].descriptor(), std::to_string(i)));
    shutdown(servers[i].descriptor(), SHUT_WR);
    CHECK(read_all(clients[i]) == std::to_string(i));
  }
}

TEST_CASE("questions for names are answered beside them") {
  const Relayed relayed;
  const File asker = relayed.asker();
  const std::string question(
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x61\x00\x00\x01\x00\x01", 19);
  for (const char* wrong : {"", "no question"}) {
    send(asker.descriptor(), wrong, std::string_view(wrong).size(), 0);
  }
  send(asker.descriptor(), question.data(), question.size(), 0);
  std::array<char, 512> answer{};
  REQUIRE(has_more(asker));
  CHECK(recv(asker.descriptor(), answer.data(), answer.size(), 0) == 35);
  CHECK(std::string_view(answer.data() + 31, 4) == std::string_view("\x7f\x00\x00\x01", 4));
}

TEST_CASE("only an address can be relayed to") {
  const auto error = relay({}, "unix:/run/keyswap", [](std::string_view) { return true; });
  CHECK(error.code == base::Errc::invalid_input);
}

TEST_CASE("files are handed from one process to another, or it is seen that none come") {
  auto channel = make_channel();
  REQUIRE(channel);
  auto& [here, there] = channel.value();
  const Bound first = bound(SOCK_STREAM);
  const Bound second = bound(SOCK_DGRAM);
  REQUIRE(send_two(here, first.socket, second.socket));
  const auto received = receive_two(there);
  REQUIRE(received);
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  REQUIRE(getsockname(
              received->second.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  CHECK(ntohs(address.sin_port) == second.port);
  CHECK(say_go_on(there));
  CHECK(wait_to_go_on(here));
  here.close();
  CHECK_FALSE(receive_two(there));
  CHECK_FALSE(wait_to_go_on(there));
  CHECK_FALSE(say_go_on(there));
}

}  // namespace keyswap::cli
