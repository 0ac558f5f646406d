// SPDX-License-Identifier: Apache-2.0
//
// One attempt at one address that was judged (I12): connect, pass `upstream.proxy` where there is
// one, and for https prove that the other side is who it should be (I4). A Dial runs several of
// them; it buries each through Context::bury.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/flow/destination.h"
#include "proxy/http/decoder.h"
#include "proxy/net/context.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

class DialAttempt;

// Who begins them. None of these may destroy the attempt.
class DialAttemptEvents {
 public:
  DialAttemptEvents() = default;
  DialAttemptEvents(const DialAttemptEvents&) = delete;
  DialAttemptEvents& operator=(const DialAttemptEvents&) = delete;
  DialAttemptEvents(DialAttemptEvents&&) = delete;
  DialAttemptEvents& operator=(DialAttemptEvents&&) = delete;
  virtual ~DialAttemptEvents() = default;

  virtual void on_attempt_connected(DialAttempt& attempt) = 0;  // TCP stands
  virtual void on_attempt_ready(DialAttempt& attempt) = 0;      // take() it
  virtual void on_attempt_failed(DialAttempt& attempt) = 0;     // also from inside start()
};

class DialAttempt final : public Mortal, public DialEvents {
 public:
  // What it is to reach. Lives as long as the attempt.
  struct Task {
    flow::Destination destination;
    std::shared_ptr<const tls::ClientContext> upstream_tls;
    UpstreamKey key;  // of the connection in the pool
    bool goes_by_proxy = false;
    bool wants_tls = false;
  };

  // Where and why it ended; `is_disproved` when the other side did not prove who it is, or speaks
  // no TLS that we do: another address would be another try to prove the same thing.
  struct Failure {
    audit::Reason reason = audit::Reason::upstream_connect_failed;
    bool is_disproved = false;
    base::Failure seen = {};
  };

  DialAttempt(Context& context, const Task& task, uv::Endpoint endpoint, DialAttemptEvents& events);

  void start();
  // No event comes any more, and the connection closes when this is destroyed.
  void silence();
  std::unique_ptr<Upstream> take();

  [[nodiscard]] const Failure& failure() const { return failure_; }

  // Is TCP there, and TLS under way?
  [[nodiscard]] bool is_securing() const { return is_securing_; }

  [[nodiscard]] std::int64_t begun_ms() const { return begun_ms_; }

  void on_tcp_connected() override;
  void on_dial_bytes(std::string_view bytes) override;
  void on_tls_ready() override;
  void on_dial_broken(base::Errc why) override;

 private:
  void ask_proxy();
  void secure();
  void succeed();
  void fail(Failure failure);

  Context* context_;
  const Task* task_;
  uv::Endpoint endpoint_;
  DialAttemptEvents* events_;  // null once it ended
  std::unique_ptr<Upstream> upstream_;
  http::Decoder proxy_answer_{http::Decoder::Role::response};
  bool is_securing_ = false;
  std::int64_t begun_ms_ = 0;
  Failure failure_;
};

}  // namespace keyswap::net
