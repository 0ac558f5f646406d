// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/managed_request.h"

#include <string>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/base/manage_bounds.h"

namespace keyswap::net {

using base::bounds::kManageBodyBytesMax;

ManagedRequest::ManagedRequest(Connection& connection,
                               ClientCodec& codec,
                               services::SlowService& service,
                               http::RequestHead head,
                               Over over)
    : connection_(&connection),
      codec_(&codec),
      service_(&service),
      question_(std::make_shared<services::Question>()),
      over_(std::move(over)),
      is_head_request_(head.method == "HEAD") {
  question_->client = connection.client().address;
  question_->is_owner = question_->client == uv::kUnixPeer && connection.client().is_own_user;
  question_->head = std::move(head);
  ++service_->carried();
}

ManagedRequest::~ManagedRequest() {
  give_up();
  --service_->carried();
}

void ManagedRequest::begin() {
  const http::RequestHead& head = question_->head;
  connection_->timer().set(base::bounds::kManageRequestMs);
  // I10: whoever reaches this listener may send a body before it is known who that is.
  if (service_->carried() > base::bounds::kManageRequestsMax) {
    refuse(503, "Service Unavailable", "too many requests are under way");
    return;
  }
  if (head.framing.kind == http::Framing::Kind::length) {
    if (head.framing.length > kManageBodyBytesMax) {
      refuse(413, "Content Too Large", "the body is larger than 1 MiB");
      return;
    }
    question_->body.reserve(head.framing.length);  // no copy is left where it grew out of
  }
  if (head.expects_continue) {
    static_cast<void>(codec_->send_head(flow::continue_response()));
    codec_->leg().flush();
  }
}

// --- the question ---

void ManagedRequest::on_body(std::string_view bytes) {
  if (phase_ != Phase::reading) {
    return;
  }
  if (question_->body.size() + bytes.size() > kManageBodyBytesMax) {
    refuse(413, "Content Too Large", "the body is larger than 1 MiB");
    return;
  }
  question_->body.append(bytes);
}

void ManagedRequest::on_end() {
  if (phase_ != Phase::reading) {
    return;
  }
  phase_ = Phase::answering;
  uv::Loop* const loop = connection_->context().loop;
  asked_ = question_;
  service_->answer(std::exchange(question_, nullptr),
                   [loop, handle = anchor_.handle()](std::shared_ptr<services::SlowAnswer> answer) {
                     loop->post([handle, answer = std::move(answer)]() mutable {
                       if (ManagedRequest* const asked = handle.get()) {
                         asked->take(std::move(answer));
                       }
                     });
                   });
}

// I13: who was told that nothing came of it must not find it done later.
void ManagedRequest::give_up() {
  if (asked_ != nullptr) {
    asked_->is_given_up = true;
    asked_.reset();
  }
}

// By us and not by the service: the connection ends with it, because what still comes is not read.
void ManagedRequest::refuse(int status, std::string_view phrase, std::string_view text) {
  give_up();
  if (question_ != nullptr) {
    base::wipe(question_->body.data(), question_->body.size());
  }
  flow::Reply reply{.head = {status, phrase}, .body = {}};
  reply.body = R"({"error":")";
  reply.body.append(text).append("\"}\n");
  reply.head.fields.add({"Content-Type", "application/problem+json"});
  reply.head.fields.add_made("Content-Length", std::to_string(reply.body.size()));
  reply.head.fields.add({"Cache-Control", "no-store"});
  reply.head.fields.add({"X-Content-Type-Options", "nosniff"});
  reply.head.fields.add({"Cross-Origin-Resource-Policy", "same-origin"});
  if (is_head_request_) {
    reply.body.clear();
  }
  codec_->send_reply(reply);
  end(false);
}

// --- the answer ---

void ManagedRequest::take(std::shared_ptr<services::SlowAnswer> answer) {
  if (phase_ != Phase::answering) {
    return;
  }
  asked_.reset();
  answer_ = std::move(answer);
  if (answer_->delay_ms > 0) {
    phase_ = Phase::delayed;
    connection_->timer().set(answer_->delay_ms);
    return;
  }
  send();
}

void ManagedRequest::send() {
  connection_->timer().clear();
  flow::Reply& reply = answer_->reply;
  if (is_head_request_) {
    reply.body.clear();  // it would be taken for the begin of the next answer
    answer_->rest.reset();
    reply.head.has_unknown_length = false;
  }
  if (answer_->rest == nullptr) {
    codec_->send_reply(reply);
    end(reply.head.keeps_connection);
    return;
  }
  phase_ = Phase::streaming;
  if (!codec_->send_head(reply.head)) {
    end(false);
    return;
  }
  codec_->leg().flush();
  ask_for_piece();
}

// I10: while the client does not take what was written, nothing more is asked for; for long it may
// not do so.
void ManagedRequest::ask_for_piece() {
  if (phase_ != Phase::streaming || is_asking_) {
    return;
  }
  if (codec_->leg().is_congested()) {
    connection_->timer().set(base::bounds::kManageRequestMs);
    return;
  }
  connection_->timer().clear();
  is_asking_ = true;
  uv::Loop* const loop = connection_->context().loop;
  answer_->rest->next([loop, handle = anchor_.handle()](services::AnswerRest::Piece piece) {
    loop->post([handle, piece = std::move(piece)] {
      if (ManagedRequest* const asked = handle.get()) {
        asked->take_piece(piece);
      }
    });
  });
}

void ManagedRequest::take_piece(const services::AnswerRest::Piece& piece) {
  is_asking_ = false;
  if (phase_ != Phase::streaming) {
    return;
  }
  if (piece.is_broken || (!piece.bytes.empty() && !codec_->send_body(piece.bytes))) {
    cut();
    return;
  }
  if (piece.is_last) {
    const bool is_ended = codec_->end_response();
    codec_->leg().flush();
    end(is_ended && answer_->reply.head.keeps_connection);
    return;
  }
  codec_->leg().flush();
  ask_for_piece();
}

void ManagedRequest::end(bool keeps) {
  if (std::exchange(phase_, Phase::over) != Phase::over) {
    connection_->timer().clear();
    over_(keeps);
  }
}

// Of an answer that is not whole, so that nobody takes it for that.
void ManagedRequest::cut() {
  if (std::exchange(phase_, Phase::over) != Phase::over) {
    connection_->timer().clear();
    connection_->close_politely(Leg::Ending::cut);
  }
}

// --- around ---

void ManagedRequest::on_client_drained() {
  ask_for_piece();
}

void ManagedRequest::on_client_said_all() {
  if (phase_ == Phase::streaming || phase_ == Phase::reading) {
    end(false);
  }
}

void ManagedRequest::on_time_out() {
  if (phase_ == Phase::delayed) {
    send();
  } else if (phase_ == Phase::reading) {
    refuse(408, "Request Timeout", "the request did not come in time");
  } else if (phase_ == Phase::answering) {
    refuse(503, "Service Unavailable", "the answer was not there in time");
  } else if (phase_ == Phase::streaming) {
    cut();  // it does not read
  }
}

void ManagedRequest::on_drain() {
  if (phase_ == Phase::streaming) {
    cut();
  }
}

}  // namespace keyswap::net
