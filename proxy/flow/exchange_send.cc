// SPDX-License-Identifier: Apache-2.0
//
// The sending: the head with or without the credential, and what is said where it cannot leave.
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
  if (!now.client_done) {
    actions.emplace_back(ReadClient{});
  }
}

// False: it could not be written, and that was answered.
bool Exchange::send_head(Actions& actions) {
  if (verdict_.decision != Decision::allowed) {
    if (!encode_request_head(out_, *head_, target_)) {
      cannot_send(Reason::malformed_request, actions);
      return false;
    }
    actions.emplace_back(SendUpstream{out_.view()});
    return true;
  }
  const auto bytes = encode_credential_head();
  if (rewrite_) {
    signed_body_ = std::move(rewrite_->edits.body);
  }
  wipe();  // I1: what is written is in the scratch, and goes into the cipher from there
  if (!bytes) {
    cannot_send(reason_of(fault_of(bytes.error())), actions);
    return false;
  }
  is_login_ = is_login_ || carries_connection_login(*bytes);
  actions.emplace_back(SendUpstream{*bytes, Sensitivity::secret});
  if (signed_body_) {
    actions.emplace_back(SendUpstream{*signed_body_});
  } else if (!body_.empty()) {
    actions.emplace_back(SendUpstream{body_.view()});
  }
  return true;
}

base::Result<std::string_view> Exchange::encode_credential_head() {
  if (!rewrite_) {
    return encode_swapped_head(*setup_.scratch, *head_, target_, verdict_.field, credential());
  }
  if (rule().injection->signer() != nullptr) {
    return encode_rewritten_head(*setup_.scratch, *head_, target_, *rewrite_, nullptr);
  }
  const Credential rendered = credential();
  return encode_rewritten_head(*setup_.scratch, *head_, target_, *rewrite_, &rendered);
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
