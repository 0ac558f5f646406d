// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/turn_away.h"

#include <array>

#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/services/refusals.h"

namespace keyswap::net {

namespace {
constexpr std::size_t kUnreadBytesMax = 16 * 1024;  // as much as comes with a connection
}  // namespace

void turn_away(int socket, std::string_view request_id) {
  base::Buffer answer(base::bounds::kRequestHeadBytesMax);
  const services::Refusals refusals(audit::Reason::too_busy, request_id);
  const flow::Reply reply = refusals.answer({}, "");
  const auto encoded = http::h1::ResponseWriter().whole(answer, reply.head, reply.body);
  KS_ASSERT(encoded.has_value());
  // A new socket has room for it; a client that is gone already does not want it.
  static_cast<void>(
      ::send(socket, answer.view().data(), answer.view().size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  static_cast<void>(::shutdown(socket, SHUT_WR));
  // To close over unread bytes would be a reset, which may overtake the answer.
  std::array<char, kUnreadBytesMax> unread;
  static_cast<void>(::recv(socket, unread.data(), unread.size(), MSG_DONTWAIT));
  ::close(socket);
}

}  // namespace keyswap::net
