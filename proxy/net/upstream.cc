// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/upstream.h"

#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::net {

using http::Step;

namespace {

base::Cause cause_of(http::DecodeError error) {
  switch (error) {
    case http::DecodeError::too_many_fields:
      return base::Cause::too_many_fields;
    case http::DecodeError::field_too_long:
      return base::Cause::field_too_long;
    case http::DecodeError::head_too_large:
      return base::Cause::head_too_large;
    case http::DecodeError::status_out_of_range:
      return base::Cause::status_out_of_range;
    case http::DecodeError::none:
    case http::DecodeError::malformed:
    case http::DecodeError::target_too_long:
    case http::DecodeError::method_not_supported:
      return base::Cause::answer_malformed;
  }
  KS_UNREACHABLE();
}

// What the decoder did not accept; its note says it in words, with the bound if one was passed.
base::Failure failure_of(const Step& step) {
  return {cause_of(step.error), base::Facts().text("", step.note.text()).take()};
}

// Of a connection that ended where `last` says that the decoder stood.
base::Failure end_failure(const Step& last) {
  switch (last.kind) {
    case Step::Kind::error:
      return {base::Cause::closed_in_answer, base::Facts().text("", last.note.text()).take()};
    case Step::Kind::end:
      return {base::Cause::end_not_said, {}};
    case Step::Kind::need_more:
    case Step::Kind::head:
    case Step::Kind::body:
      return {base::Cause::closed_before_answer, {}};
  }
  KS_UNREACHABLE();
}

}  // namespace

Upstream::Upstream(Context& context, UpstreamKey key, DialEvents& dial)
    : context_(&context),
      key_(std::move(key)),
      dial_(&dial),
      leg_(context, *this),
      codec_(context, leg_),
      acknowledgement_(*context.loop, [this] { check_acknowledgement(); }) {
  ++*context.upstreams.open;
}

void Upstream::write_off() {
  keeper_ = nullptr;
  if (std::exchange(is_counted_, false)) {
    --*context_->upstreams.open;
  }
}

void Upstream::dialed(uv::Endpoint endpoint) {
  dial_ = nullptr;
  endpoint_ = std::move(endpoint);
  if (leg_.has_tls()) {
    peer_ = leg_.engine().peer();
  }
  leg_.start_reading();  // an idle connection that closes is noticed at once
}

void Upstream::use(UpstreamUser& user) {
  use_.had_others = has_rested();
  use_.has_heard = false;
  use_.user = &user;
  keeper_ = nullptr;
  use_.is_raw = false;
  leg_.set_patience(base::bounds::kRequestBodyPauseMs);
}

void Upstream::watch_for_acknowledgement() {
  acknowledgement_.set(base::bounds::kRequestAckMs);
}

void Upstream::check_acknowledgement() {
  if (use_.user == nullptr || use_.is_raw) {
    return;
  }
  if (!leg_.is_unacknowledged_for(base::bounds::kRequestAckMs)) {
    acknowledgement_.set(base::bounds::kRequestAckMs);  // a body may follow for long
    return;
  }
  leg_.give_up({base::Cause::host_gone,
                base::Facts().number("for ", base::bounds::kRequestAckMs / 1000, " s").take()});
  on_leg_broken(base::Errc::timed_out);
}

void Upstream::use_raw(UpstreamUser& user) {
  use_.user = &user;
  use_.is_raw = true;
  leg_.set_patience(base::bounds::kTunnelIdleMs);
}

void Upstream::rest(UpstreamKeeper& keeper) {
  leave();
  keeper_ = &keeper;
}

void Upstream::leave() {
  use_.user = nullptr;
  keeper_ = nullptr;
  acknowledgement_.clear();
  codec_.rest();
  leg_.release(Leg::Hold::other_side_full);
  if (use_.is_raw || codec_.is_mid_message()) {
    is_tainted_ = true;
  }
}

void Upstream::on_leg_connected() {
  if (dial_ != nullptr) {
    dial_->on_tcp_connected();
  }
}

void Upstream::on_leg_secured() {
  if (dial_ != nullptr) {
    dial_->on_tls_ready();
  }
}

void Upstream::on_leg_bytes(std::string_view bytes) {
  acknowledgement_.clear();
  if (dial_ != nullptr) {
    dial_->on_dial_bytes(bytes);
    return;
  }
  if (use_.is_raw) {
    if (use_.user != nullptr) {
      use_.user->on_upstream_raw(bytes);
    }
    return;
  }
  use_.has_heard = true;
  decode(bytes);
  read_done();
}

void Upstream::decode(std::string_view bytes) {
  while (use_.user != nullptr) {
    Step step = codec_.next(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == Step::Kind::need_more) {
      return;
    }
    deliver(step, bytes);
    if (use_.is_raw) {
      // What was delivered was the 101 that grants a WebSocket.
      use_.user->on_upstream_raw(bytes);
      return;
    }
    if (step.kind == Step::Kind::error) {
      return;
    }
    if (step.kind == Step::Kind::end && bytes.empty()) {
      return;
    }
  }
  if (!bytes.empty()) {
    become_useless();  // bytes that nobody asked for
  }
}

void Upstream::deliver(Step& step, std::string_view rest) {
  switch (step.kind) {
    case Step::Kind::need_more:
      return;
    case Step::Kind::head: {
      http::ResponseHead head = codec_.take_response();
      use_.is_interim = head.is_interim();
      tell(flow::UpstreamHead{std::move(head)});
      return;
    }
    case Step::Kind::body:
      tell(flow::UpstreamBody{step.body});
      return;
    case Step::Kind::end:
      if (!use_.is_interim) {
        is_tainted_ = is_tainted_ || !rest.empty();
        tell(flow::UpstreamEnd{});
      }
      return;
    case Step::Kind::error:
      become_useless();
      tell(flow::UpstreamBroken{.failure = failure_of(step)});
      return;
  }
}

// The leg is no more: does that concern who dials it, or who has its bytes as they come? They are
// told. Otherwise it is of no further use.
bool Upstream::is_end_of_other(base::Errc why) {
  if (dial_ != nullptr) {
    dial_->on_dial_broken(why);
    return true;
  }
  if (use_.is_raw) {
    if (use_.user != nullptr) {
      use_.user->on_upstream_raw_end();
    }
    return true;
  }
  become_useless();
  return false;
}

void Upstream::on_leg_end(bool is_clean) {
  if (is_end_of_other(base::Errc::closed)) {
    return;
  }
  const Step last = codec_.finish();
  if (last.kind == Step::Kind::end && is_clean) {
    tell(flow::UpstreamEnd{});
  } else {
    // An end that was not said is a cut, also where the end is the only mark of
    // completeness.
    tell(flow::UpstreamBroken{.was_stale = use_.had_others && !use_.has_heard,
                              .failure = end_failure(last)});
  }
  read_done();
}

void Upstream::on_leg_broken(base::Errc why) {
  if (is_end_of_other(why)) {
    return;
  }
  base::Failure failure = leg_.failure();
  if (failure.cause == base::Cause::connection_timed_out) {
    failure.cause = base::Cause::host_gone;  // it stood: the kernel gave it up
  }
  // A host that is gone closed nothing, nor did one that takes nothing: a new connection would wait
  // as long for it.
  const bool was_closed = failure.cause != base::Cause::host_gone && !leg_.has_stalled();
  tell(flow::UpstreamBroken{.was_stale = was_closed && use_.had_others && !use_.has_heard,
                            .failure = std::move(failure)});
  read_done();
}

void Upstream::on_leg_drained() {
  if (use_.user != nullptr) {
    use_.user->on_upstream_drained();
  }
}

void Upstream::tell(flow::Event event) {
  if (use_.user != nullptr) {
    use_.user->on_upstream(std::move(event));
  }
}

void Upstream::read_done() {
  if (use_.user != nullptr) {
    use_.user->on_upstream_read_done();
  }
}

void Upstream::become_useless() {
  is_tainted_ = true;
  if (keeper_ != nullptr) {
    keeper_->drop(*this);
  }
}

}  // namespace keyswap::net
