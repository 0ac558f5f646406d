// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/base/bounds.h"
#include "proxy/base/descriptors.h"
#include "proxy/cli/name_answers.h"
#include "proxy/http/target.h"

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

// Of one turn, so that no client keeps the others waiting.
constexpr int kQuestionsATurn = 16;

// An IP address and port as the kernel wants them.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

bool again() {
  return errno == EAGAIN || errno == EINTR;
}

base::Result<SocketAddress> socket_address(const std::string& text) {
  const auto authority = http::parse_authority(text, 0);
  if (!authority || authority->kind == http::HostKind::name) {
    return Error{Errc::invalid_input, "the proxy's address is none of IP"};
  }
  SocketAddress address;
  if (authority->kind == http::HostKind::ipv4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(authority->port);
    static_cast<void>(inet_pton(AF_INET, authority->host.c_str(), &v4->sin_addr));
    address.size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(authority->port);
    static_cast<void>(inet_pton(AF_INET6, authority->host.c_str(), &v6->sin6_addr));
    address.size = sizeof(sockaddr_in6);
  }
  return address;
}

// What goes from one socket to the other. While something is here, no more is read.
class Way {
 public:
  Way(int from, int to) : from_(from), to_(to) {}

  // False: one of the two is broken.
  bool move() {
    if (wants_bytes() && !receive()) {
      return false;
    }
    while (has_bytes()) {
      const ssize_t sent =
          send(to_, buffer_.data() + begin_, end_ - begin_, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        return again();
      }
      begin_ += static_cast<std::size_t>(sent);
    }
    if (has_ended_ && !is_over_) {
      is_over_ = true;
      shutdown(to_, SHUT_WR);  // that it is gone shows when it is read
    }
    return true;
  }

  [[nodiscard]] bool wants_bytes() const { return !has_bytes() && !has_ended_; }

  [[nodiscard]] bool has_bytes() const { return begin_ < end_; }

  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  bool receive() {
    const ssize_t received = recv(from_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (received < 0) {
      return again();
    }
    begin_ = 0;
    end_ = static_cast<std::size_t>(received);
    has_ended_ = received == 0;
    return true;
  }

  int from_;
  int to_;
  std::array<char, base::bounds::kRelayedBytesMax> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool has_ended_ = false;  // nothing more comes
  bool is_over_ = false;    // and the other side knows
};

// One connection inside, and the one outside that it is joined with.
class Pair {
 public:
  Pair(File inside, File outside)
      : inside_(std::move(inside)),
        outside_(std::move(outside)),
        out_(inside_.descriptor(), outside_.descriptor()),
        in_(outside_.descriptor(), inside_.descriptor()) {}

  // What is waited for. A socket of which nothing is wanted is left out: poll(2) would tell of its
  // end again and again.
  [[nodiscard]] std::array<pollfd, 2> wanted() const {
    return {wanted_of(inside_, out_, in_), wanted_of(outside_, in_, out_)};
  }

  // False: it is over.
  bool move() {
    if (!out_.move() || !in_.move()) {
      reset(inside_);
      reset(outside_);
      return false;
    }
    return !out_.is_over() || !in_.is_over();
  }

 private:
  static pollfd wanted_of(const File& socket, const Way& from, const Way& to) {
    const int events = (from.wants_bytes() ? POLLIN : 0) | (to.has_bytes() ? POLLOUT : 0);
    return {events == 0 ? -1 : socket.descriptor(), static_cast<short>(events), 0};
  }

  // Its closing is a reset then, and no end of an answer.
  static void reset(const File& socket) {
    const linger none{1, 0};
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  }

  File inside_;
  File outside_;
  Way out_;
  Way in_;
};

void send_at_once(const File& socket) {
  const int on = 1;
  setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

class Relay {
 public:
  Relay(const RelaySockets& sockets,
        const SocketAddress& proxy,
        const std::function<bool(std::string_view)>& may_be_reached)
      : sockets_(sockets),
        proxy_(proxy),
        may_be_reached_(may_be_reached),
        pairs_max_(std::min(
            base::bounds::kRelayedConnectionsMax,
            base::clients_that_fit(base::descriptors_allowed(), base::descriptors_open()))) {}

  Error run() {
    for (;;) {
      std::vector<pollfd> polled = {{sockets_.names.descriptor(), POLLIN, 0}, listener()};
      for (const auto& pair : pairs_) {
        const auto wanted = pair->wanted();
        polled.insert(polled.end(), wanted.begin(), wanted.end());
      }
      if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
        return Error{Errc::io, "the relay cannot wait", errno};
      }
      answer_names();
      move_pairs(polled);
      take_connections();
    }
  }

 private:
  [[nodiscard]] pollfd listener() const {
    return {pairs_.size() < pairs_max_ ? sockets_.connections.descriptor() : -1, POLLIN, 0};
  }

  // Those of whom poll(2) told something.
  void move_pairs(const std::vector<pollfd>& polled) {
    constexpr std::size_t kBeforePairs = 2;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const std::size_t at = kBeforePairs + 2 * i;
      if ((polled[at].revents != 0 || polled[at + 1].revents != 0) && !pairs_[i]->move()) {
        pairs_[i] = nullptr;
      }
    }
    std::erase(pairs_, nullptr);
  }

  void take_connections() {
    while (pairs_.size() < pairs_max_) {
      File inside(accept4(sockets_.connections.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!inside.is_open()) {
        return;  // no more of them, or none that can be had now
      }
      File outside(socket(proxy_.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const auto* address = reinterpret_cast<const sockaddr*>(&proxy_.bytes);
      if (connect(outside.descriptor(), address, proxy_.size) != 0 && errno != EINPROGRESS) {
        continue;  // nobody is there: the connection inside ends
      }
      send_at_once(inside);
      send_at_once(outside);
      pairs_.push_back(std::make_unique<Pair>(std::move(inside), std::move(outside)));
    }
  }

  void answer_names() {
    for (int i = 0; i < kQuestionsATurn; ++i) {
      std::array<char, kQuestionBytesMax> question{};
      sockaddr_storage from{};
      socklen_t size = sizeof(from);
      auto* address = reinterpret_cast<sockaddr*>(&from);
      const ssize_t received = recvfrom(sockets_.names.descriptor(),
                                        question.data(),
                                        question.size(),
                                        MSG_DONTWAIT,
                                        address,
                                        &size);
      if (received < 0) {
        return;
      }
      const std::string answer =
          answer_question({question.data(), static_cast<std::size_t>(received)}, may_be_reached_);
      if (!answer.empty()) {
        sendto(sockets_.names.descriptor(),
               answer.data(),
               answer.size(),
               MSG_NOSIGNAL | MSG_DONTWAIT,
               address,
               size);
      }
    }
  }

  const RelaySockets& sockets_;
  const SocketAddress& proxy_;
  const std::function<bool(std::string_view)>& may_be_reached_;
  std::size_t pairs_max_;
  std::vector<std::unique_ptr<Pair>> pairs_;
};

}  // namespace

base::Error relay(const RelaySockets& sockets,
                  const std::string& proxy,
                  const std::function<bool(std::string_view)>& may_be_reached) {
  const auto address = socket_address(proxy);
  if (!address) {
    return address.error();
  }
  return Relay(sockets, *address, may_be_reached).run();
}

}  // namespace keyswap::cli
