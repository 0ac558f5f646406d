// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/refusing.h"

#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/net/connection.h"

namespace keyswap::net {

void Refusing::begin(Connection& connection, std::shared_ptr<const flow::Reply> refusal) {
  connection.enter(std::make_unique<Refusing>(connection, std::move(refusal)));
  connection.leg().set_patience(base::bounds::kWriteStallMs);
  connection.timer().set(base::bounds::kRequestHeadMs);
  connection.read_on_later();
}

void Refusing::say(Connection& connection, const flow::Reply& refusal) {
  ClientCodec codec(connection.leg());
  codec.send_reply(refusal);
  connection.close_politely(Leg::Ending::said);
}

Refusing::Refusing(Connection& connection, std::shared_ptr<const flow::Reply> refusal)
    : connection_(&connection), refusal_(std::move(refusal)), codec_(connection.leg()) {}

bool Refusing::wants_bytes() const {
  return connection_->is_in(*this);
}

std::string_view Refusing::on_bytes(std::string_view bytes) {
  const http::Step step = codec_.next(bytes);
  switch (step.kind) {
    case http::Step::Kind::need_more:
      break;
    case http::Step::Kind::head: {
      const http::RequestHead head = codec_.take_request();
      codec_.answer(head.version);
      answer(head.method == "HEAD");
      break;
    }
    case http::Step::Kind::error:
      answer(false);
      break;
    case http::Step::Kind::body:
    case http::Step::Kind::end:
      KS_UNREACHABLE();  // not before a head, which is the last that is read
  }
  return {};
}

void Refusing::answer(bool without_body) {
  if (without_body) {
    const bool is_written = codec_.send_head(refusal_->head);
    KS_ASSERT(is_written);  // every word of it is ours
    codec_.leg().flush();
  } else {
    codec_.send_reply(*refusal_);
  }
  connection_->close_politely(Leg::Ending::said);
}

// --- the client's end ---

void Refusing::on_client_end(bool /*is_clean*/) {
  if (!connection_->has_unread()) {
    on_client_said_all();
  }
}

// Of a request that is not whole it may yet hear why nothing came of it.
void Refusing::on_client_said_all() {
  if (codec_.is_mid_message()) {
    answer(false);
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

void Refusing::on_client_broken() {
  connection_->end();
}

void Refusing::on_time_out() {
  on_client_said_all();
}

void Refusing::on_drain() {
  connection_->timer().set(base::bounds::kHalfClosedMs);
}

void Refusing::on_cut() {
  connection_->end();
}

}  // namespace keyswap::net
