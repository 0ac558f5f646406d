// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/front_page.h"

namespace keyswap::services {

namespace {

std::string how_to_come(const std::string& address) {
  if (address.empty()) {
    return "It listens on Unix sockets alone, which no program takes for its proxy: they are for\n"
           "reverse routes. keyswap serve --listen 127.0.0.1:8472 is for the others.\n";
  }
  return "Programs come through it as their proxy:\n\n"
         "  HTTPS_PROXY=http://" +
         address +
         "\n\n"
         "keyswap run COMMAND sets that, and the certificate that they have to trust.\n"
         "keyswap env prints it.\n";
}

}  // namespace

flow::Reply FrontPage::answer(const http::RequestHead& head, std::string_view /*body*/) const {
  flow::Reply reply = flow::make_answer(
      "text/plain; charset=utf-8",
      "This is keyswap, a proxy that keeps credentials out of programs.\n" + how_to_come(address_) +
          "GET /healthz says whether requests are served.\n");
  // A body is not asked for, so that the connection would stand in the middle of it.
  reply.head.keeps_connection = head.keeps_alive && head.framing.kind == http::Framing::Kind::none;
  return reply;
}

}  // namespace keyswap::services
