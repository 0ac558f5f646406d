// SPDX-License-Identifier: Apache-2.0
//
// What is captured of an answer (docs/bindings.md, "Capture"). Nothing of such an answer goes on
// before it is whole and what is captured of it is in the vault, durably, and recorded (I13). Then
// it goes through the filters that all answers go through, which know the new values by then.
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "bindings/request_readings.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Outcome;

// The caller's entries, and of those of others the ones for what a secret of ours brings: this
// caller neither gets that, nor replaces what is theirs. What a login without our secrets brings is
// the client's own, and what an entry of the caller's takes is no longer open.
std::vector<bindings::CaptureUse> Exchange::find_captures() const {
  if (!setup_.bindings->has_captures()) {
    return {};
  }
  const http::RequestHead& head = asked_->head;
  const bindings::RequestReadings readings(head.method, asked_->target, head.fields, body_.view());
  auto all = setup_.bindings->captures_of(setup_.destination.authority, readings, setup_.caller);
  if (setup_.destination.protocol != Protocol::https) {
    // I4: what anybody on the way can write is nobody's secret.
    std::ranges::for_each(all, [](bindings::CaptureUse& use) { use.is_certain = false; });
  }
  // Of a body that is streamed nobody knows yet what will be swapped in it.
  const bool may_send = sends_secrets() || (swapping_ != nullptr && swapping_->is_streamed);
  std::vector<bindings::CaptureUse> found;
  std::ranges::copy_if(all, std::back_inserter(found), [&](const bindings::CaptureUse& use) {
    return use.is_theirs || (may_send && !is_taken(use, all));
  });
  return found;
}

// Does an entry of the caller's take what stands there?
bool Exchange::is_taken(const bindings::CaptureUse& of_others,
                        const std::vector<bindings::CaptureUse>& all) const {
  const auto capture_of = [&](const bindings::CaptureUse& use) -> const bindings::Capture& {
    return setup_.bindings->rules[use.rule].captures[use.capture];
  };
  return std::ranges::any_of(all, [&](const bindings::CaptureUse& use) {
    return use.is_theirs && capture_of(use).has_same_place(capture_of(of_others));
  });
}

// False: nothing is captured of an answer with this head.
bool Exchange::begin_capture(const http::ResponseHead& head, Relaying& relaying) {
  auto uses = AnswerCapture::uses_for(*setup_.bindings, captures_, head);
  if (uses.empty()) {
    return false;
  }
  relaying.capture = std::make_unique<AnswerCapture>(*setup_.bindings,
                                                     std::move(uses),
                                                     std::move(*leaving_.answer),
                                                     vault::Holder(setup_.holdings, setup_.caller));
  return true;
}

// A piece of the body, or (`is_last`) its end.
void Exchange::capture_body(std::string_view bytes,
                            bool is_last,
                            Relaying& relaying,
                            Actions& actions) {
  AnswerCapture& capture = *relaying.capture;
  const auto held = capture.hold(bytes);
  if (!held) {
    refuse_captured(held.error(), actions);
    return;
  }
  if (!is_last) {
    return;
  }
  if (const auto picked = capture.pick(); !picked) {
    refuse_captured(picked.error(), actions);
  } else if (capture.values().empty()) {
    static_cast<void>(let_captured_go(relaying, actions));
  } else {
    relaying.is_keeping = true;
    drop_admission_in_body();
    actions.emplace_back(KeepCaptured{capture.values()});
    set_wait(relaying, Wait::capture, actions);
  }
}

void Exchange::handle(const CaptureDone& event, Actions& actions) {
  Relaying& now = relaying();
  now.is_keeping = false;
  if (!event.is_kept) {
    lose_captured(actions);
  } else if (let_captured_go(now, actions)) {
    end_answer(now, actions);
  }
}

// The answer is whole: what its upstream says or does now is for nobody, and its connection is used
// no more.
bool Exchange::is_behind_answer() {
  if (!relaying().is_keeping) {
    return false;
  }
  relaying().upstream_reusable = false;
  return true;
}

// I8: the values that were captured do not go on, wherever they stand in the answer. False: it
// cannot go on, and the exchange is over.
bool Exchange::let_captured_go(Relaying& relaying, Actions& actions) {
  leaving_.captured = std::move(relaying.capture);
  const AnswerCapture& capture = *leaving_.captured;
  std::vector<WantedSecret> wanted;
  for (const CapturedValue& one : capture.values()) {
    const bindings::SecretRule& rule = setup_.bindings->rules[one.rule];
    wanted.push_back(wanted_secret(one.value, rule.name.text(), rule.stand_in()));
  }
  look_for_known(relaying.filters);
  if (!wanted.empty() && !know(wanted, relaying.filters)) {
    lose_captured(actions);
    return false;
  }
  leaving_.filtered.clear();
  if (const auto fed = capture.feed(relaying.filters, leaving_.filtered); !fed) {
    refuse_captured(fed.error(), actions);
    return false;
  }
  const std::string_view body = leaving_.filtered.view();
  const bool has_body = capture.head().framing.kind != http::Framing::Kind::none;
  const auto length = has_body ? std::optional<std::uint64_t>(body.size()) : std::nullopt;
  if (!send_head(capture.head(), length, relaying, actions)) {
    return false;
  }
  send_body(body, actions);
  actions.emplace_back(EndResponse{});
  return true;
}

// It cannot be read, or there is no room for it.
void Exchange::refuse_captured(const base::Error& error, Actions& actions) {
  if (error.code == base::Errc::unavailable) {
    lose_captured(actions);
  } else {
    refuse_response({base::Cause::capture_unreadable, {}}, actions);
  }
}

// What came is nowhere but in the answer, which does not go on: the login has to be made again.
void Exchange::lose_captured(Actions& actions) {
  const Relaying& now = relaying();
  const AnswerCapture& capture = now.capture != nullptr ? *now.capture : *leaving_.captured;
  fail({base::Cause::captured_not_kept, {}});
  fail_sent(admission_.lose_captured(capture.first_entry()), Outcome::unknown, actions);
}

}  // namespace keyswap::flow
