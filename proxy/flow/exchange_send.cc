// SPDX-License-Identifier: Apache-2.0
//
// The sending: the head with or without the credential, and what is said where it cannot leave.
#include <utility>

#include "proxy/flow/connection_use.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;

// I6: this is called from RecordDone{is_durable} and from nowhere else, each time that it is sent.
void Exchange::send_request(std::unique_ptr<Prepared> prepared, Actions& actions) {
  if (is_client_gone_) {
    cannot_send(verdict().reason, actions);
    return;
  }
  KS_ASSERT(prepared != nullptr);
  AnswerFilters filters = std::exchange(prepared->filters, {});
  if (swapping_ != nullptr && swapping_->is_streamed && !is_unscrubbed()) {
    filters.begin(findings_);  // its secrets are not known yet
  }
  captures_ = find_captures();
  if (!captures_.empty()) {
    filters.begin(findings_);  // nor is what comes in its answer
  }
  look_for_known(filters);
  if (filters.is_on() && !is_asked_plainly()) {
    ask_plainly(prepared->edits);
  }
  if (prepared->body_signer != nullptr) {
    resigning_ = std::make_unique<Resigning>(std::move(prepared->body_signer));
  }
  leaving_.request = std::move(prepared);
  if (!send_head(*leaving_.request, actions)) {
    leaving_.request.reset();
    return;
  }
  auto& now = state_.emplace<Relaying>();
  now.filters = std::move(filters);
  now.client_done = is_collected_ || !has_request_body();
  // A client that waits for "100 Continue" sends nothing until the upstream said something.
  const bool is_continued = swapping_ != nullptr && swapping_->is_continued;
  const bool sends_body_now = !now.client_done && (!asked_->head.expects_continue || is_continued);
  set_wait(now, sends_body_now ? Wait::request_body : Wait::response_head, actions);
  if (now.client_done) {
    actions.emplace_back(EndRequest{});
  } else if (swapping_ != nullptr) {
    now.request_body_bytes = swapping_->held_bytes;
    go_on_with_body(now, actions);
  } else {
    actions.emplace_back(ReadClient{});
  }
}

// False: its credential cannot be made, and that was answered.
bool Exchange::send_head(Prepared& prepared, Actions& actions) {
  if (const auto filled = fill_places(prepared); !filled) {
    cannot_send(reason_of(fault_of(filled.error())), actions);
    return false;
  }
  auto head = outgoing_request(asked_->head, asked_->target, prepared.edits);
  is_login_ = is_login_ || carries_connection_login(head.fields);
  actions.emplace_back(SendRequestHead{std::move(head)});
  if (swapping_ != nullptr) {
    send_held_body(actions);
    return true;
  }
  const auto* const edited = prepared.edits.find<bindings::BodyEdit>();
  const std::string_view body = edited != nullptr ? std::string_view(edited->value) : body_.view();
  if (!body.empty()) {
    actions.emplace_back(SendRequestBody{body});
  }
  return true;
}

// The credentials are rendered into the scratch, where they stay until the head is written. Nothing
// is done where no secret is sent, or a signer made its edits already.
base::Status Exchange::fill_places(Prepared& prepared) const {
  if (!admission_.is_allowed() || rule().signer() != nullptr) {
    return {};
  }
  return place_credentials(credentials(prepared), *setup_.scratch, prepared.edits);
}

void Exchange::handle(const NotWritten& event, Actions& actions) {
  if (event.is_request_head) {
    cannot_send(admission_.is_allowed() ? Reason::secret_unavailable : Reason::malformed_request,
                actions);
  } else {
    cut(actions);  // a part of a message may have left
  }
}

// Its record is made, or never will be, and nothing of it leaves.
void Exchange::cannot_send(Reason reason, Actions& actions) {
  const bool may_be_recorded = reason != Reason::audit_unavailable || is_record_late_;
  if (!admission_.is_refused() && may_be_recorded) {
    actions.emplace_back(RecordResponse{0, outcome_unsent(), 0, admission_.failure()});
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
