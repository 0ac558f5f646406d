// SPDX-License-Identifier: Apache-2.0
//
// A request is sent once. But a server may close a connection at rest just as a request
// arrives on it (RFC 9112 section 9.3.1). A request that changes nothing, sent over such a
// connection that ended without one byte of an answer, is sent once more over one dialled anew. Its
// secrets are opened and written again, for what was written before is wiped; that it is sent once
// more is durable before it is (I6).
#include <string_view>
#include <utility>

#include "bindings/method_overrides.h"
#include "proxy/flow/exchange.h"
#include "proxy/http/message.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

using audit::Outcome;

namespace {

// Some servers act by another method that a field or the query names.
bool names_another_method(const http::RequestHead& head, std::string_view target) {
  bindings::MethodOverrides found;
  bindings::read_field_overrides(head.fields, found);
  const std::size_t query = target.find('?');
  if (query != std::string_view::npos) {
    bindings::read_parameter_overrides(target.substr(query + 1), found);
  }
  return !found.are_none();
}

}  // namespace

// RFC 9110 section 9.2.1; and it has no body, and asks for no WebSocket.
bool Exchange::is_safe() const {
  const bool is_safe_method =
      asked_ && (asked_->head.method == "GET" || asked_->head.method == "HEAD" ||
                 asked_->head.method == "OPTIONS");
  return is_safe_method && !has_request_body() && !http::asks_for_websocket(asked_->head) &&
         !names_another_method(asked_->head, asked_->target);
}

bool Exchange::may_be_sent_again(const UpstreamBroken& event, const Relaying& relaying) const {
  // A nonce is good for one sending, and would have to be charged for anew; so is what a person
  // let through.
  return event.was_stale && !is_sent_again_ && relaying.client_done && !relaying.has_head &&
         relaying.interim_count == 0 && admission_.nonce() == 0 && hold_ == nullptr && is_safe();
}

void Exchange::send_again(Actions& actions) {
  is_sent_again_ = true;
  actions.emplace_back(RecordResponse{0, Outcome::sent_again, 0});
  actions.emplace_back(ReleaseUpstream{UpstreamFate::discard});
  if (admission_.is_allowed()) {
    state_ = Admitting{};
    admission_.fetch(Asks(actions));
  } else {
    dial_anew(std::make_unique<Prepared>(), actions);
  }
}

void Exchange::dial_anew(std::unique_ptr<Prepared> prepared, Actions& actions) {
  state_ = Recording{std::move(prepared)};
  admission_.await_record(Asks(actions));
  actions.emplace_back(DialAnew{});
}

}  // namespace keyswap::flow
