// SPDX-License-Identifier: Apache-2.0
//
// The sending: the head with or without the credential, and what is said where it cannot leave.
#include <utility>

#include "proxy/flow/connection_use.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Outcome;
using audit::Reason;

// I6: this is called from RecordDone{is_durable} and from nowhere else, each time that it is sent.
void Exchange::send_request(Actions& actions) {
  if (is_client_gone_) {
    cannot_send(verdict_.reason, actions);
    return;
  }
  if (!send_head(actions)) {
    return;
  }
  auto& now = state_.emplace<Relaying>();
  now.client_done = is_collected_ || !has_request_body();
  // A client that waits for "100 Continue" sends nothing until the upstream said something.
  const bool sends_body_now = !now.client_done && !head_->expects_continue;
  set_wait(now, sends_body_now ? Wait::request_body : Wait::response_head, actions);
  if (now.client_done) {
    actions.emplace_back(EndRequest{});
  } else {
    actions.emplace_back(ReadClient{});
  }
}

// False: its credential cannot be made, and that was answered.
bool Exchange::send_head(Actions& actions) {
  if (const auto filled = fill_place(); !filled) {
    cannot_send(reason_of(fault_of(filled.error())), actions);
    return false;
  }
  is_head_leaving_ = true;
  auto head = outgoing_request(*head_, target_, edits_);
  is_login_ = is_login_ || carries_connection_login(head.fields);
  actions.emplace_back(SendRequestHead{std::move(head)});
  const auto* const edited = edits_.find<bindings::BodyEdit>();
  const std::string_view body = edited != nullptr ? std::string_view(edited->value) : body_.view();
  if (!body.empty()) {
    actions.emplace_back(SendRequestBody{body});
  }
  return true;
}

// The credential is rendered into the scratch, where it stays until the head is written. Nothing is
// done where no secret is sent, or a signer made its edits already.
base::Status Exchange::fill_place() {
  if (verdict_.decision != Decision::allowed || rule().injection->signer() != nullptr) {
    return {};
  }
  return place_credential(credential(), *setup_.scratch, edits_);
}

void Exchange::handle(const NotWritten& event, Actions& actions) {
  if (event.is_request_head) {
    cannot_send(verdict_.decision == Decision::allowed ? Reason::secret_unavailable
                                                       : Reason::malformed_request,
                actions);
  } else {
    cut(actions);  // a part of a message may have left
  }
}

// Its record is made, or never will be, and nothing of it leaves.
void Exchange::cannot_send(Reason reason, Actions& actions) {
  wipe();
  const bool may_be_recorded = reason != Reason::audit_unavailable || is_record_late_;
  if (verdict_.decision != Decision::refused && may_be_recorded) {
    actions.emplace_back(RecordResponse{0, outcome_unsent(), 0, failure_});
  }
  actions.emplace_back(ReleaseUpstream{UpstreamFate::reuse});
  settle(is_sent_again_ ? ChargeFate::keep : ChargeFate::not_sent, actions);
  answer(reason, actions);
}

// Of one that does not leave, or not once more: then the first sending may have been acted on.
Outcome Exchange::outcome_unsent() const {
  return is_sent_again_ ? Outcome::unknown : Outcome::not_sent;
}

}  // namespace keyswap::flow
