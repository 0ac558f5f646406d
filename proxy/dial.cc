// SPDX-License-Identifier: Apache-2.0
#include "proxy/dial.h"

#include <utility>

#include "proxy/base/limits.h"
#include "proxy/connector.h"
#include "proxy/flow/address_guard.h"
#include "proxy/http/encoder.h"

namespace keyswap::proxy {

using audit::Reason;

namespace {

bool is_loopback(const std::string& address) {
  return address == "::1" || address == "0.0.0.0" || address == "::" ||
         address.starts_with("127.") || address.starts_with("::ffff:127.");
}

}  // namespace

Dial::Dial(Context& context, flow::Destination destination, Policy policy, Depth depth, Done done)
    : context_(&context),
      destination_(std::move(destination)),
      policy_(std::move(policy)),
      depth_(depth),
      key_(Connector::key_of(context, destination_)),
      done_(std::move(done)),
      deadline_(*context.loop, [this] { fail(Reason::upstream_timeout); }) {
  deadline_.set(base::limits::kDialMs);
  context.defer([this] { begin(); });
}

void Dial::cancel() {
  done_ = nullptr;
  lookup_.reset();
  deadline_.clear();
  drop_attempt();
}

void Dial::begin() {
  if (!done_) {
    return;
  }
  const http::Authority& authority = destination_.authority;
  const bindings::UpstreamSettings& settings = policy_.bindings->upstream;
  const auto mapped = settings.resolve.find(http::to_string(authority));
  if (mapped != settings.resolve.end()) {
    was_named_by_operator_ = true;
    look_up(mapped->second.host, mapped->second.port);
  } else if (settings.proxy != nullptr) {
    if (authority.kind != http::HostKind::name) {
      if (const auto refused = judge({authority.host, authority.port})) {
        fail(*refused);
        return;
      }
    }
    was_named_by_operator_ = true;
    look_up(settings.proxy->host, settings.proxy->port);
  } else {
    look_up(authority.host, authority.port);
  }
}

void Dial::look_up(const std::string& host, std::uint16_t port) {
  const auto literal = http::parse_host(host, port);
  if (literal && literal->kind != http::HostKind::name) {
    resolved({literal->host}, port);
    return;
  }
  lookup_ = std::make_unique<uv::Lookup>(
      *context_->loop, host, [this, port](base::Result<std::vector<std::string>> answer) {
        if (answer) {
          resolved(*answer, port);
        } else {
          fail(Reason::upstream_dns_failed);
        }
      });
}

void Dial::resolved(const std::vector<std::string>& addresses, std::uint16_t port) {
  for (const std::string& address : addresses) {
    uv::Endpoint endpoint{address, port};
    // I12: one address that may not be dialled spoils the answer; a name does not point both ways.
    if (const auto refused = judge(endpoint)) {
      fail(*refused);
      return;
    }
    endpoints_.push_back(std::move(endpoint));
  }
  try_next();
}

std::optional<Reason> Dial::judge(const uv::Endpoint& endpoint) const {
  if (is_ourselves(endpoint)) {
    return Reason::self_destination;
  }
  if (was_named_by_operator_) {
    return std::nullopt;
  }
  const auto allowed = policy_.bindings->allowed_addresses(destination_.authority);
  if (flow::judge_address(endpoint.address, allowed) != flow::AddressVerdict::allowed) {
    return Reason::address_blocked;
  }
  return std::nullopt;
}

bool Dial::is_ourselves(const uv::Endpoint& endpoint) const {
  return endpoint.port == context_->listening.port &&
         (endpoint.address == context_->listening.address || is_loopback(endpoint.address));
}

void Dial::try_next() {
  if (tried_ == endpoints_.size()) {
    fail(last_failure_);
    return;
  }
  attempt_ = std::make_unique<Upstream>(*context_, key_, *this);
  is_securing_ = false;
  attempt_->leg().connect(endpoints_[tried_++]);
}

void Dial::on_tcp_connected() {
  const bindings::UpstreamSettings& settings = policy_.bindings->upstream;
  const bool goes_by_proxy =
      settings.proxy != nullptr &&
      settings.resolve.find(http::to_string(destination_.authority)) == settings.resolve.end();
  attempt_->leg().start_reading();
  if (goes_by_proxy) {
    ask_proxy();
  } else {
    secure();
  }
}

void Dial::ask_proxy() {
  const std::string authority = http::to_string(destination_.authority);
  Leg& leg = attempt_->leg();
  leg.write("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
  proxy_answer_ = http::Decoder(http::Decoder::Role::response);
  proxy_answer_.expect(http::AnswerTo::head_request);
  leg.flush();
}

void Dial::on_dial_bytes(std::string_view bytes) {
  http::Step step = proxy_answer_.next(bytes);
  if (step.kind == http::Step::Kind::need_more) {
    return;
  }
  const bool is_whole = step.kind == http::Step::Kind::head && step.consumed == bytes.size();
  const int status = is_whole ? proxy_answer_.take_response().status : 0;
  if (status >= 200 && status < 300) {
    secure();
  } else {
    on_dial_broken(base::Errc::network);
  }
}

void Dial::secure() {
  const bool needs_tls = depth_ == Depth::as_scheme && destination_.scheme == flow::Scheme::https;
  if (!needs_tls) {
    succeed();
    return;
  }
  is_securing_ = true;
  auto engine = tls::Engine::connect(policy_.upstream_tls,
                                     destination_.authority.host,
                                     destination_.authority.kind != http::HostKind::name,
                                     context_->connector->session_for(attempt_->key()));
  if (!engine) {
    fail(Reason::upstream_tls_failed);
    return;
  }
  attempt_->leg().start_tls(std::move(*engine), {});
}

void Dial::on_tls_ready() {
  succeed();
}

void Dial::on_dial_broken(base::Errc /*why*/) {
  if (!done_) {
    return;
  }
  if (is_securing_) {
    // Another address of the same name would be another try to prove the same thing: no.
    context_->connector->forget_session(attempt_->key());
    fail(Reason::upstream_tls_failed);
    return;
  }
  last_failure_ = Reason::upstream_connect_failed;
  drop_attempt();
  context_->defer([this] {
    if (done_) {
      try_next();
    }
  });
}

void Dial::succeed() {
  deadline_.clear();
  attempt_->dialed(endpoints_[tried_ - 1]);
  const Done done = std::exchange(done_, nullptr);
  if (done) {
    done({std::move(attempt_), {}});
  }
}

void Dial::fail(Reason reason) {
  deadline_.clear();
  lookup_.reset();
  drop_attempt();
  const Done done = std::exchange(done_, nullptr);
  if (done) {
    done({nullptr, reason});
  }
}

void Dial::drop_attempt() {
  if (attempt_ != nullptr) {
    attempt_->leg().silence();
    context_->bury(std::move(attempt_));
  }
}

}  // namespace keyswap::proxy
