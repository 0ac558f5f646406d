// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/dial_attempt.h"

#include <utility>

#include "proxy/net/connector.h"

namespace keyswap::net {

using audit::Reason;

DialAttempt::DialAttempt(Context& context,
                         const Task& task,
                         uv::Endpoint endpoint,
                         DialAttemptEvents& events)
    : context_(&context),
      task_(&task),
      endpoint_(std::move(endpoint)),
      events_(&events),
      upstream_(std::make_unique<Upstream>(context, task.key, *this)) {}

void DialAttempt::start() {
  begun_ms_ = context_->loop->now_ms();
  upstream_->leg().connect(endpoint_);
}

void DialAttempt::silence() {
  events_ = nullptr;
  if (upstream_ != nullptr) {
    upstream_->leg().silence();
  }
}

std::unique_ptr<Upstream> DialAttempt::take() {
  upstream_->dialed(endpoint_);
  return std::move(upstream_);
}

void DialAttempt::on_tcp_connected() {
  if (events_ == nullptr) {
    return;
  }
  events_->on_attempt_connected(*this);
  upstream_->leg().start_reading();
  if (task_->goes_by_proxy) {
    ask_proxy();
  } else {
    secure();
  }
}

void DialAttempt::ask_proxy() {
  const std::string authority = http::to_string(task_->destination.authority);
  Leg& leg = upstream_->leg();
  leg.write("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
  proxy_answer_ = http::Decoder(http::Decoder::Role::response);
  proxy_answer_.expect(http::AnswerTo::head_request);
  leg.flush();
}

void DialAttempt::on_dial_bytes(std::string_view bytes) {
  http::Step step = proxy_answer_.next(bytes);
  if (step.kind == http::Step::Kind::need_more) {
    return;
  }
  const bool is_whole = step.kind == http::Step::Kind::head && step.consumed == bytes.size();
  const int status = is_whole ? proxy_answer_.take_response().status : 0;
  if (status >= 200 && status < 300) {
    secure();
  } else {
    fail({Reason::upstream_connect_failed,
          false,
          {base::Cause::proxy_refused,
           base::Facts().number("it answered with status ", status).take()}});
  }
}

void DialAttempt::secure() {
  if (!task_->wants_tls) {
    succeed();
    return;
  }
  is_securing_ = true;
  const http::Authority& authority = task_->destination.authority;
  auto engine = tls::Engine::connect(task_->upstream_tls,
                                     authority.host,
                                     authority.kind != http::HostKind::name,
                                     context_->upstreams.connector->session_for(task_->key));
  if (!engine) {
    fail({Reason::upstream_tls_failed, true, {}});
    return;
  }
  upstream_->leg().start_tls(std::move(*engine), {});
}

void DialAttempt::on_tls_ready() {
  succeed();
}

void DialAttempt::on_dial_broken(base::Errc why) {
  const bool is_closed = why == base::Errc::closed;
  if (is_securing_) {
    context_->upstreams.connector->forget_session(task_->key);
    fail({Reason::upstream_tls_failed,
          why == base::Errc::tls,
          is_closed ? base::Failure{base::Cause::closed_in_handshake, {}}
                    : upstream_->leg().failure()});
  } else {
    fail({why == base::Errc::unavailable ? Reason::too_busy : Reason::upstream_connect_failed,
          false,
          is_closed ? base::Failure{base::Cause::proxy_refused, "it closed the connection"}
                    : upstream_->leg().failure()});
  }
}

void DialAttempt::succeed() {
  if (DialAttemptEvents* const told = std::exchange(events_, nullptr)) {
    told->on_attempt_ready(*this);
  }
}

void DialAttempt::fail(Failure failure) {
  failure_ = std::move(failure);
  DialAttemptEvents* const told = events_;
  silence();
  if (told != nullptr) {
    told->on_attempt_failed(*this);
  }
}

}  // namespace keyswap::net
