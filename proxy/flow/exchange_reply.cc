// SPDX-License-Identifier: Apache-2.0
//
// What an exchange answers itself: a refusal, or the bindings of who asks. It is the exchange's
// end.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/flow/allowance.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/own_bindings.h"
#include "proxy/flow/tunnel_refusal.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

using audit::Reason;

// An answer of our own, and the end.
void Exchange::answer(Reason reason, Actions& actions) {
  if (is_client_gone_) {
    finish(ClientFate::abort, actions);
    return;
  }
  const auto* relaying = std::get_if<Relaying>(&state_);
  const bool has_all = asked_ && (relaying != nullptr ? relaying->client_done
                                                      : is_collected_ || !has_request_body());
  const bool keeps = has_all && asked_->head.keeps_alive && !is_draining_ && !is_record_late_ &&
                     reason != Reason::malformed_request && reason != Reason::identity_mismatch;
  Reply reply = reply_for(reason);
  if (answers_in_tunnel(reason)) {
    actions.emplace_back(RefuseInTunnel{std::make_shared<const Reply>(std::move(reply))});
    finish(ClientFate::keep, actions);
    return;
  }
  // I6: like all of an answer, behind its record.
  if (const std::string_view words = parting_words(speech_); !words.empty()) {
    actions.emplace_back(SendPartingWords{words});
  }
  reply.head.keeps_connection = keeps;
  leaving_.reply_body = std::move(reply.body);
  actions.emplace_back(SendResponseHead{std::move(reply.head)});
  if (!leaving_.reply_body.empty()) {
    actions.emplace_back(SendResponseBody{leaving_.reply_body});
  }
  actions.emplace_back(EndResponse{});
  finish(keeps ? ClientFate::keep : ClientFate::close, actions);
}

// The refusal; the connection ends with it.
Reply Exchange::reply_for(Reason reason) const {
  if (reason == Reason::bindings_shown) {
    return reply_with_bindings();
  }
  if (reason == Reason::approval_pending && hold_ != nullptr && hold_->operation) {
    return reply_with_hold();
  }
  const std::string help = allowance_of(*setup_.bindings,
                                        {reason,
                                         refused_rule_ ? refused_rule_ : told().verdict().rule,
                                         setup_.destination.authority,
                                         setup_.caller});
  return make_refusal({.reason = reason,
                       .request_id = setup_.request_id,
                       .secret = told().missing_secret(),
                       .fault = told().secret_fault(),
                       .flaw = flaw_.text(),
                       .help = help,
                       .retry_after_ms = told().retry_after_ms(),
                       .without_body = answer_to() == http::AnswerTo::head_request,
                       .can_do_no_harm = !std::holds_alternative<Relaying>(state_) || is_safe(),
                       .failure = &told().failure()});
}

Reply Exchange::reply_with_bindings() const {
  Reply reply =
      make_answer("application/json",
                  own_bindings(*setup_.bindings, setup_.destination.authority, setup_.caller));
  reply.head.fields.add({"Keyswap-Reason", audit::to_string(Reason::bindings_shown)});
  if (answer_to() == http::AnswerTo::head_request) {
    reply.body.clear();
  }
  return reply;
}

bool Exchange::answers_in_tunnel(Reason reason) const {
  return asked_ && asked_->opens_tunnel && !is_draining_ &&
         is_refused_in_tunnel(reason, setup_.destination, verdict().real_values, *setup_.bindings);
}

http::AnswerTo Exchange::answer_to() const {
  if (!asked_) {
    return http::AnswerTo::other;
  }
  if (asked_->head.method == "HEAD") {
    return http::AnswerTo::head_request;
  }
  return http::asks_for_websocket(asked_->head) ? http::AnswerTo::upgrade_request
                                                : http::AnswerTo::other;
}

}  // namespace keyswap::flow
