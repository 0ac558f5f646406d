// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/lease.h"

#include <utility>

#include "proxy/net/connector.h"

namespace keyswap::net {

void Lease::get(Wanted wanted) {
  UpstreamKey key = Connector::key_of(wanted.policy, wanted.destination);
  key.owner = wanted.owner;
  auto rested = bound_->has(key) ? bound_->take(key) : context_->upstreams.connector->take(key);
  if (rested) {
    is_used_ = false;
    take(std::move(rested), wanted.answer_to);
  } else {
    dial(std::move(wanted));
  }
}

void Lease::get_anew(Wanted wanted) {
  dial(std::move(wanted));
}

void Lease::take(std::unique_ptr<Upstream> upstream, http::AnswerTo answer_to) {
  upstream_ = std::move(upstream);
  upstream_->use(*this);
  upstream_->expect(answer_to);
}

void Lease::dial(Wanted wanted) {
  is_used_ = false;
  context_->upstreams.connector->make_room();
  dial_ = std::make_unique<Dial>(
      *context_,
      wanted.destination,
      wanted.policy,
      Dial::Depth::as_protocol,
      [this, owner = std::move(wanted.owner), answer_to = wanted.answer_to](Dial::Outcome outcome) {
        context_->bury(std::move(dial_));
        if (outcome.upstream) {
          outcome.upstream->belong_to(owner);
          take(std::move(outcome.upstream), answer_to);
        }
        events_->on_lease_dialed(outcome.reason, std::move(outcome.failure));
      });
}

bool Lease::send_head(const http::OutgoingRequest& head) {
  if (!upstream_) {
    context_->memory.scratch->clear();  // I1
    return true;
  }
  is_used_ = true;  // first: writing may show that it is broken
  if (!upstream_->send_head(head)) {
    is_used_ = false;
    return false;
  }
  upstream_->watch_for_acknowledgement();
  return true;
}

bool Lease::send_body(std::string_view bytes) {
  return !upstream_ || !is_used_ || upstream_->send_body(bytes);
}

bool Lease::send_secret(std::string_view bytes) {
  return !upstream_ || !is_used_ || upstream_->send_secret(bytes);
}

bool Lease::end_request() {
  return !upstream_ || !is_used_ || upstream_->end_request();
}

void Lease::release(const flow::ReleaseUpstream& how) {
  if (upstream_ && how.fate != flow::UpstreamFate::discard) {
    // I16: what goes to a destination where this client is logged in never goes to the pool.
    if (how.fate == flow::UpstreamFate::keep_for_client || bound_->has(upstream_->key())) {
      bound_->keep(std::move(upstream_));
    } else if (is_used_) {
      context_->upstreams.connector->give_back(std::move(upstream_), how.rest_ms);
    } else {
      context_->upstreams.connector->give_back_unused(std::move(upstream_));
    }
  }
  drop();
}

void Lease::drop() {
  if (dial_) {
    dial_->cancel();
    context_->bury(std::move(dial_));
  }
  if (upstream_) {
    lose();
  }
  is_used_ = false;
}

// Silenced first: this may run when the dead of a turn are buried, and a leg that resumes puts off
// work to a turn that the upstream does not live to see.
void Lease::lose() {
  upstream_->leg().silence();
  upstream_->leave();
  context_->bury(std::move(upstream_));
}

void Lease::on_upstream(flow::Event event) {
  if (!is_used_) {
    lose();  // it closed, or spoke before it was asked
    return;
  }
  events_->on_lease_event(std::move(event));
}

void Lease::on_upstream_read_done() {
  events_->on_lease_read_done();
}

void Lease::on_upstream_drained() {
  events_->on_lease_drained();
}

}  // namespace keyswap::net
