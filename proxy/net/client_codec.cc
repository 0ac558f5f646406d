// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client_codec.h"

#include "proxy/base/assert.h"

namespace keyswap::net {

bool ClientCodec::send_head(const http::OutgoingResponse& head) {
  written_.clear();
  if (!writer_.head(written_, head)) {
    return false;
  }
  leg_->write(written_.view());
  return true;
}

bool ClientCodec::send_body(std::string_view bytes) {
  written_.clear();
  return send(writer_.body(written_, bytes));
}

bool ClientCodec::end_response() {
  written_.clear();
  return send(writer_.end(written_));
}

bool ClientCodec::send(const base::Result<std::string_view>& bytes) {
  if (bytes && !bytes.value().empty()) {
    leg_->write(*bytes);
  }
  return bytes.has_value();
}

void ClientCodec::send_reply(const flow::Reply& reply) {
  written_.clear();
  const auto written = writer_.head(written_, reply.head);
  KS_ASSERT(written.has_value());  // every word of it is ours
  leg_->write(written_.view());
  leg_->write(reply.body);  // I10: longer than a leg holds, it ends the connection and nothing else
  leg_->flush();
  rest();
}

}  // namespace keyswap::net
