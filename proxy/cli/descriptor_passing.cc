// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/descriptor_passing.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace keyswap::cli {

namespace {

constexpr char kWord = '.';
constexpr std::size_t kHandedOver = 2;

// A message of one byte with room for the descriptors.
struct HandOver {
  HandOver() {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }

  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;
  HandOver(HandOver&&) = delete;
  HandOver& operator=(HandOver&&) = delete;
  ~HandOver() = default;

  char word = kWord;
  iovec piece{&word, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kHandedOver * sizeof(int))> control{};
  msghdr message{};
};

}  // namespace

Outcome<std::pair<File, File>> make_channel() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Failure{Exit::cannot,
                   "cannot make a pair of sockets: " + explain_errno(errno),
                   "raise the limit of open files: ulimit -n"};
  }
  return std::pair<File, File>(ends[0], ends[1]);
}

base::Status send_two(const File& channel, const File& first, const File& second) {
  const std::array<int, kHandedOver> numbers = {first.descriptor(), second.descriptor()};
  HandOver out;
  cmsghdr* header = CMSG_FIRSTHDR(&out.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(numbers));
  std::memcpy(CMSG_DATA(header), numbers.data(), sizeof(numbers));
  if (sendmsg(channel.descriptor(), &out.message, MSG_NOSIGNAL) != 1) {
    return base::Error{base::Errc::io, "sockets cannot be handed over", errno};
  }
  return {};
}

std::optional<std::pair<File, File>> receive_two(const File& channel) {
  HandOver in;
  ssize_t received = 0;
  do {
    received = recvmsg(channel.descriptor(), &in.message, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  const cmsghdr* header = received == 1 ? CMSG_FIRSTHDR(&in.message) : nullptr;
  std::array<int, kHandedOver> numbers{};
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(numbers))) {
    return std::nullopt;
  }
  std::memcpy(numbers.data(), CMSG_DATA(header), sizeof(numbers));
  return std::pair<File, File>(numbers[0], numbers[1]);
}

bool say_go_on(const File& channel) {
  return send(channel.descriptor(), &kWord, 1, MSG_NOSIGNAL) == 1;
}

bool wait_to_go_on(const File& channel) {
  char word = 0;
  ssize_t received = 0;
  do {
    received = recv(channel.descriptor(), &word, 1, 0);
  } while (received < 0 && errno == EINTR);
  return received == 1;
}

}  // namespace keyswap::cli
