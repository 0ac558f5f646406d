// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/local_users.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyswap::uv {

namespace {

struct End {
  bool is_v6 = false;
  in6_addr address{};  // of IPv4 the first four bytes
  in_port_t port = 0;  // in network order
};

std::optional<End> end_of(const sockaddr_storage& from) {
  End end;
  if (from.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof(v4));
    std::memcpy(&end.address, &v4.sin_addr, sizeof(v4.sin_addr));
    end.port = v4.sin_port;
    return end;
  }
  if (from.ss_family != AF_INET6) {
    return std::nullopt;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &from, sizeof(v6));
  end.port = v6.sin6_port;
  end.is_v6 = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) == 0;
  if (end.is_v6) {
    end.address = v6.sin6_addr;
  } else {
    constexpr std::size_t kMappedBytes = 12;
    std::memcpy(
        &end.address, reinterpret_cast<const char*>(&v6.sin6_addr) + kMappedBytes, sizeof(in_addr));
  }
  return end;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*) noexcept;

std::optional<End> ask_name(int socket, NameOf name_of) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (name_of(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return std::nullopt;
  }
  return end_of(name);
}

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

// The connection whose own end is `source`.
Question question_about(const End& source, const End& target, std::uint32_t number) {
  Question question{};
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.header.nlmsg_seq = number;
  question.request.sdiag_family = source.is_v6 ? AF_INET6 : AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0U;
  inet_diag_sockid& id = question.request.id;
  id.idiag_sport = source.port;
  id.idiag_dport = target.port;
  std::memcpy(&id.idiag_src, &source.address, sizeof(id.idiag_src));
  std::memcpy(&id.idiag_dst, &target.address, sizeof(id.idiag_dst));
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

bool is_connection(std::uint8_t state) {
  return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
         state == TCP_CLOSE_WAIT;
}

std::optional<std::uint32_t> user_in(const char* answer, std::size_t size, std::uint32_t number) {
  nlmsghdr header{};
  inet_diag_msg found{};
  if (size < NLMSG_HDRLEN + sizeof(found)) {
    return std::nullopt;
  }
  std::memcpy(&header, answer, sizeof(header));
  if (header.nlmsg_seq != number || header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return std::nullopt;
  }
  std::memcpy(&found, answer + NLMSG_HDRLEN, sizeof(found));
  // Where the connection is gone the kernel may show another socket of that port. One that no
  // process holds any more has no inode, and the kernel says that its user is 0, which is root.
  return is_connection(found.idiag_state) && found.idiag_inode != 0
             ? std::optional<std::uint32_t>(found.idiag_uid)
             : std::nullopt;
}

// Nothing for any other socket: the kernel knows no user of one, and says -1.
std::optional<std::uint32_t> user_of_unix_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.uid == static_cast<uid_t>(-1)) {
    return std::nullopt;
  }
  return peer.uid;
}

}  // namespace

LocalUsers::LocalUsers()
    : kernel_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

LocalUsers::~LocalUsers() {
  if (kernel_ >= 0) {
    ::close(kernel_);
  }
}

bool LocalUsers::is_own(std::optional<std::uint32_t> user) {
  return user == ::geteuid();
}

std::optional<std::uint32_t> LocalUsers::user_of(int socket) {
  const auto theirs = ask_name(socket, ::getpeername);
  if (!theirs) {
    return user_of_unix_peer(socket);
  }
  const auto ours = ask_name(socket, ::getsockname);
  if (kernel_ < 0 || !ours || theirs->is_v6 != ours->is_v6) {
    return std::nullopt;
  }
  const Question question = question_about(*theirs, *ours, ++questions_);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(kernel_,
               &question,
               sizeof(question),
               0,
               reinterpret_cast<const sockaddr*>(&kernel),
               sizeof(kernel)) != static_cast<ssize_t>(sizeof(question))) {
    return std::nullopt;
  }
  // The answer is there when sendto returns. One of an earlier question that came late is skipped.
  std::array<char, 1024> answer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written below
  while (true) {
    const ssize_t size = ::recv(kernel_, answer.data(), answer.size(), 0);
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) {
      return std::nullopt;
    }
    nlmsghdr header{};
    std::memcpy(&header, answer.data(), sizeof(header));
    if (header.nlmsg_seq == questions_) {
      return user_in(answer.data(), static_cast<std::size_t>(size), questions_);
    }
  }
}

}  // namespace keyswap::uv
