// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/front_page.h"

namespace keyswap::services {

flow::Reply FrontPage::answer(const http::RequestHead& head, std::string_view /*body*/) const {
  flow::Reply reply = flow::make_answer(
      "text/plain; charset=utf-8",
      "This is keyswap, a proxy that keeps credentials out of programs.\n"
      "Programs come through it as their proxy:\n\n"
      "  HTTPS_PROXY=http://" +
          address_ +
          "\n\n"
          "keyswap run COMMAND sets that, and the certificate that they have to trust.\n"
          "keyswap env prints it. GET /healthz says whether requests are served.\n");
  // A body is not asked for, so that the connection would stand in the middle of it.
  reply.head.keeps_connection = head.keeps_alive && head.framing.kind == http::Framing::Kind::none;
  if (head.method == "HEAD") {
    reply.body.clear();
  }
  return reply;
}

}  // namespace keyswap::services
