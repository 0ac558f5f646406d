// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/upstream_codec.h"

namespace keyswap::net {

bool UpstreamCodec::send_head(const http::OutgoingRequest& head) {
  if (head.holds_secret()) {
    return send_secret_head(head);
  }
  written_.clear();
  if (!writer_.head(written_, head)) {
    return false;
  }
  leg_->write(written_.view());
  return true;
}

bool UpstreamCodec::send_secret_head(const http::OutgoingRequest& head) {
  vault::LockedBuffer& scratch = *context_->memory.scratch;
  const std::size_t begin = scratch.size();
  const bool is_written = writer_.head(scratch, head).has_value();
  if (is_written) {
    leg_->write_secret(scratch.reveal().substr(begin));
  }
  scratch.clear();  // I1: wiped as soon as it is encrypted
  return is_written;
}

bool UpstreamCodec::send_body(std::string_view bytes) {
  written_.clear();
  return send(writer_.body(written_, bytes));
}

bool UpstreamCodec::send_secret(std::string_view bytes) {
  written_.clear();
  if (!send(writer_.begin_piece(written_, bytes.size()))) {
    return false;
  }
  leg_->write_secret(bytes);
  return send(writer_.end_piece());
}

bool UpstreamCodec::end_request() {
  written_.clear();
  return send(writer_.end(written_));
}

bool UpstreamCodec::send(const base::Result<std::string_view>& bytes) {
  if (bytes && !bytes.value().empty()) {
    leg_->write(*bytes);
  }
  return bytes.has_value();
}

}  // namespace keyswap::net
