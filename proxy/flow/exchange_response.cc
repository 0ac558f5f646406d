// SPDX-License-Identifier: Apache-2.0
//
// The upstream's response on its way to the client: its heads, its body piece by piece, and the 101
// that makes the connection a WebSocket.
#include <algorithm>

#include "proxy/flow/connection_use.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/response.h"
#include "proxy/http/encoder.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

using audit::Outcome;
using audit::Reason;
using http::Framing;

namespace {

constexpr int kSwitchingProtocols = 101;

}  // namespace

void Exchange::handle(UpstreamHead& event, Actions& actions) {
  if (event.head.status == kSwitchingProtocols) {
    pass_switching(event.head, actions);
  } else if (event.head.is_interim()) {
    pass_interim(event.head, relaying(), actions);
  } else {
    pass_head(event.head, relaying(), actions);
  }
}

void Exchange::handle(const UpstreamBody& event, Actions& actions) {
  auto& now = relaying();
  now.body_bytes += event.bytes.size();
  set_wait(now, Wait::response_body, actions);
  pass_body(event.bytes, false, now, actions);
}

void Exchange::handle(const UpstreamEnd& /*event*/, Actions& actions) {
  const auto& now = relaying();
  pass_body({}, true, relaying(), actions);
  if (is_finished()) {
    return;
  }
  actions.emplace_back(RecordResponse{now.status, Outcome::complete, now.body_bytes});
  actions.emplace_back(release_after(now));
  finish(now.keeps_client ? ClientFate::keep : ClientFate::close, actions);
}

// What becomes of the connection after a response that is complete.
ReleaseUpstream Exchange::release_after(const Relaying& relaying) const {
  if (!relaying.upstream_reusable || !relaying.client_done) {
    return {UpstreamFate::discard};
  }
  // I16: on it somebody proved who he is.
  return {is_login_ ? UpstreamFate::keep_for_client : UpstreamFate::reuse, relaying.rest_ms};
}

// A piece of the response's body, or (`is_last`) its end.
void Exchange::pass_body(std::string_view bytes,
                         bool is_last,
                         Relaying& relaying,
                         Actions& actions) {
  scrubbed_.clear();
  if (scrubber_) {
    if (!scrubber_->feed(bytes, is_last, scrubbed_)) {
      abort_response(
          relaying, Outcome::unknown, actions);  // I10: placeholders that are far too long
      return;
    }
    bytes = scrubbed_.view();
  }
  if (relaying.framing.kind != Framing::Kind::chunked) {
    if (!bytes.empty()) {
      actions.emplace_back(SendClient{bytes});
    }
    return;
  }
  const bool is_encoded = (bytes.empty() || http::encode_chunk(out_, bytes)) &&
                          (!is_last || http::encode_last_chunk(out_));
  if (!is_encoded) {
    abort_response(relaying, Outcome::unknown, actions);
  } else if (!out_.empty()) {
    actions.emplace_back(SendClient{out_.view()});
  }
}

void Exchange::pass_interim(const http::ResponseHead& head, Relaying& relaying, Actions& actions) {
  is_login_ = is_login_ || speaks_of_connection_login(head);
  if (++relaying.interim_count > base::limits::kInterimResponsesMax) {
    refuse_response(
        {base::Cause::too_many_interim_responses,
         base::Facts()
             .number("at most ", base::limits::kInterimResponsesMax, " before the answer")
             .take()},
        actions);
    return;
  }
  if (!relaying.client_done && head.status == 100) {
    set_wait(relaying, Wait::request_body, actions);
  }
  if (head_->version == http::Version::http_1_0) {
    return;  // RFC 9110 section 15.2: a 1.0 client knows no 1xx
  }
  if (!encode_interim_head(out_, head, scrubber_.get())) {
    refuse_response({base::Cause::head_too_large, {}}, actions);
    return;
  }
  actions.emplace_back(SendClient{out_.view()});
}

void Exchange::pass_head(const http::ResponseHead& head, Relaying& relaying, Actions& actions) {
  relaying.status = head.status;
  settle(fate_by(verdict_.rule ? rule().venue : nullptr, head.status), actions);
  if (scrubber_ && has_content_coding(head)) {
    // It was asked for without; what it holds could not be seen (I8).
    refuse_response({base::Cause::content_coding_not_asked_for, {}}, actions);
    return;
  }
  relaying.framing =
      framing_for(head, head_->version, scrubber_ ? BodyLength::changed : BodyLength::kept);
  relaying.upstream_reusable = head.keeps_alive && head.framing.kind != Framing::Kind::until_close;
  relaying.rest_ms = std::min(rest_ms(head).value_or(base::limits::kUpstreamIdleMs),
                              base::limits::kUpstreamIdleMs);
  is_login_ = is_login_ || speaks_of_connection_login(head);
  // An answer before the request's end: what the client still sends has no place, so it is the
  // last.
  relaying.keeps_client = head_->keeps_alive && relaying.client_done && !is_draining_ &&
                          relaying.framing.kind != Framing::Kind::until_close;
  const auto persistence = relaying.keeps_client ? Persistence::keep_alive : Persistence::close;
  if (!encode_response_head(
          out_, head, {relaying.framing, head_->version, persistence, scrubber_.get()})) {
    refuse_response({base::Cause::head_too_large, {}}, actions);
    return;
  }
  relaying.head_passed = true;
  actions.emplace_back(SendClient{out_.view()});
  set_wait(relaying, Wait::response_body, actions);
}

// The decoder lets a 101 through only as the answer to a request for it.
void Exchange::pass_switching(const http::ResponseHead& head, Actions& actions) {
  if (!http::is_websocket_answer(head, *head_) || !encode_switching_head(out_, head)) {
    refuse_response({base::Cause::websocket_answer_malformed, {}}, actions);
    return;
  }
  settle(ChargeFate::keep, actions);
  actions.emplace_back(SendClient{out_.view()});
  actions.emplace_back(SetWait{Wait::none});
  actions.emplace_back(BeginWebSocket{});
  state_ = Finished{};
}

}  // namespace keyswap::flow
