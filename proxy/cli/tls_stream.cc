// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/tls_stream.h"

#include <array>
#include <cerrno>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

constexpr time_t kDeadlineSeconds = 5;
constexpr int kBacklog = 16;
constexpr std::size_t kPieceBytes = std::size_t{16} * 1024;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Error network_error() {
  return {Errc::network, "the connection failed", errno};
}

}  // namespace

base::Result<File> connect_loopback(std::uint16_t port) {
  File socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval deadline{kDeadlineSeconds, 0};
  const sockaddr_in address = loopback(port);
  if (!socket.is_open() ||
      setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) != 0 ||
      setsockopt(socket.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline) != 0 ||
      connect(socket.descriptor(), generic(address), sizeof address) != 0) {
    return network_error();
  }
  return socket;
}

base::Result<LoopbackListener> listen_loopback() {
  File socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (!socket.is_open() || bind(socket.descriptor(), generic(address), size) != 0 ||
      listen(socket.descriptor(), kBacklog) != 0 ||
      getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return network_error();
  }
  return LoopbackListener{std::move(socket), ntohs(address.sin_port)};
}

base::Result<TlsStream> TlsStream::open(File socket, tls::Engine engine) {
  TlsStream stream(std::move(socket), std::move(engine));
  KS_TRY(stream.handshake());
  return stream;
}

base::Status TlsStream::handshake() {
  for (;;) {
    const auto done = engine_.handshake();
    KS_TRY(flush());  // also what is to be said about a failure
    if (!done) {
      return done.error();
    }
    if (*done) {
      return {};
    }
    const auto received = receive();
    if (!received) {
      return received.error();
    }
    if (!*received) {
      return Error{Errc::closed, "the connection was closed during the TLS handshake"};
    }
  }
}

base::Status TlsStream::flush() {
  base::Buffer& output = engine_.output();
  while (!output.empty()) {
    const ssize_t sent =
        send(socket_.descriptor(), output.view().data(), output.view().size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return network_error();
    }
    output.consume(static_cast<std::size_t>(sent));
  }
  return {};
}

// Gives false when the peer has closed.
base::Result<bool> TlsStream::receive() {
  std::array<char, kPieceBytes> piece{};
  for (;;) {
    const ssize_t count = recv(socket_.descriptor(), piece.data(), piece.size(), 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return network_error();
    }
    if (count == 0) {
      return false;
    }
    KS_TRY(engine_.feed({piece.data(), static_cast<std::size_t>(count)}));
    return true;
  }
}

base::Status TlsStream::write(std::string_view plaintext) {
  KS_TRY(engine_.write(plaintext));
  return flush();
}

base::Result<bool> TlsStream::read_message(base::Buffer& message) {
  while (message_size(message.view()) == 0) {
    char* room = message.prepare(kPieceBytes);
    if (room == nullptr) {
      return Error{Errc::limit_exceeded, "the message is too long"};
    }
    const auto read = engine_.read(room, kPieceBytes);
    if (!read) {
      return read.error();
    }
    message.commit(read->size);
    if (read->is_closed) {
      return false;
    }
    if (read->size > 0) {
      continue;
    }
    const auto received = receive();
    if (!received) {
      return received.error();
    }
    if (!*received) {
      return false;
    }
  }
  return true;
}

std::size_t message_size(std::string_view bytes) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    return 0;
  }
  const std::string_view length = field_of(bytes, "content-length");
  std::size_t body = 0;
  std::from_chars(length.data(), length.data() + length.size(), body);
  const std::size_t size = head_end + 4 + body;
  return size <= bytes.size() ? size : 0;
}

std::string_view field_of(std::string_view message, std::string_view name) {
  message = message.substr(0, message.find("\r\n\r\n"));
  for (std::size_t line = message.find("\r\n"); line != std::string_view::npos;
       line = message.find("\r\n", line + 2)) {
    const std::string_view rest = message.substr(line + 2);
    const std::string_view field = rest.substr(0, rest.find("\r\n"));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos ||
        !base::equal_ignoring_case(field.substr(0, colon), name)) {
      continue;
    }
    const std::size_t begin = field.find_first_not_of(" \t", colon + 1);
    return begin == std::string_view::npos ? std::string_view() : field.substr(begin);
  }
  return {};
}

}  // namespace keyswap::cli
