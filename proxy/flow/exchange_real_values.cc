// SPDX-License-Identifier: Apache-2.0
//
// Real values of secrets in what the client sends. They are looked for in the head before it is
// recorded, and in the body as it passes; what is seen is told, whatever becomes of the request. A
// binding may say that it is refused (`real_value: refuse`): then a body that follows its head is
// cut before the piece that ends such a value, and never completed.
#include <utility>

#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Reason;

// What is looked for is what is known now, to the request's end.
void Exchange::look_for_real_values(Verdict& verdict) {
  real_values_ = setup_.real == nullptr ? nullptr : setup_.real->search();
  if (real_values_ == nullptr) {
    return;
  }
  // What is refused may have a target of which nothing is sent: user information, a CONNECT's host.
  const std::string_view target =
      asked_->reverse ? asked_->target : std::string_view(asked_->head.target);
  // I1: all of the target is masked before its path is taken, for a value may have a '?'.
  asked_->is_target_masked =
      see_real_values(*real_values_, asked_->head, target, verdict.real_values);
  refuse_real_values(*setup_.bindings, setup_.destination.authority, verdict);
}

// A body that was held is looked through before anything is recorded.
void Exchange::look_for_real_values_held() {
  if (real_watch_ == nullptr) {
    return;
  }
  if (swapping_ == nullptr) {
    real_watch_->look(body_.view());  // of a signer
  }
  real_watch_->end();
  Verdict verdict = admission_.verdict();
  for (const RealSighting& seen : real_watch_->seen()) {
    verdict.real_values.push_back(seen);
  }
  refuse_real_values(*setup_.bindings, setup_.destination.authority, verdict);
  admission_.decide(std::move(verdict));
}

// False: it is refused, and the exchange is over.
bool Exchange::look_for_real_values(std::string_view bytes, Relaying& relaying, Actions& actions) {
  if (real_watch_ == nullptr) {
    return true;
  }
  const std::size_t known = real_watch_->seen().size();
  real_watch_->look(bytes);
  // With its last byte a body of known length is complete, so all of it is decided before.
  const http::Framing& framing = asked_->head.framing;
  if (swapping_ == nullptr && framing.kind == http::Framing::Kind::length &&
      relaying.request_body_bytes >= framing.length) {
    real_watch_->end();
  }
  return tell_real_values(known, relaying, actions);
}

bool Exchange::end_real_values(Relaying& relaying, Actions& actions) {
  if (real_watch_ == nullptr) {
    return true;
  }
  const std::size_t known = real_watch_->seen().size();
  real_watch_->end();
  return tell_real_values(known, relaying, actions);
}

// Of those in a body that is sent on as it comes: what is seen beyond the first `known`.
bool Exchange::tell_real_values(std::size_t known, Relaying& relaying, Actions& actions) {
  const RealSightings& seen = real_watch_->seen();
  if (seen.size() == known) {
    return true;
  }
  const auto rule =
      refusing_rule(*setup_.bindings, setup_.destination.authority, std::span(seen).subspan(known));
  Record record = rule ? noted(Decision::refused, Reason::real_secret_sent, rule)
                       : noted(verdict().decision, verdict().reason, verdict().rule);
  record.real_values.assign(seen.begin() + static_cast<std::ptrdiff_t>(known), seen.end());
  if (!rule) {
    actions.emplace_back(NoteRealValues{std::move(record)});
    return true;
  }
  actions.emplace_back(NoteDecision{std::move(record)});
  cut_upload(Reason::real_secret_sent, relaying, actions);
  return false;
}

}  // namespace keyswap::flow
