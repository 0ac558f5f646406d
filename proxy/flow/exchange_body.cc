// SPDX-License-Identifier: Apache-2.0
//
// A request's body on its way. Every known placeholder in it is seen (I2), and recorded if it stays
// what it is. Where a place in the body is bound, it is swapped there:
//
//   a short body (bounds::kSwapHoldBytes) is held until its end, before anything else is done: what
//   it holds is decided, fetched and recorded together with the head, and sent with its length;
//
//   a longer one follows the head as it comes (exchange_upload.cc).
#include <algorithm>
#include <utility>

#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Reason;
using http::Framing;

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

}  // namespace

void Exchange::begin_body() {
  if (!has_request_body()) {
    return;
  }
  if (real_values_ != nullptr) {
    real_watch_ = std::make_unique<RealValueWatch>(real_values_);
  }
  if (setup_.bindings->longest_sighting() > 0) {
    watch_ = std::make_unique<PlaceholderWatch>(*setup_.bindings);
  }
  if (admission_.is_allowed() && rule().signer() != nullptr) {
    return;  // it is signed as it came
  }
  BodyPlaces found = find_body_places(request());
  if (!found.places.empty()) {
    swapping_ =
        std::make_unique<Swapping>(BodySwap(*setup_.bindings, found.text, std::move(found.places)),
                                   vault::Holder(setup_.holdings, setup_.caller));
  }
}

// --- a short body ---

void Exchange::hold_body(Actions& actions) {
  const http::RequestHead& head = asked_->head;
  if (head.framing.kind == Framing::Kind::length &&
      head.framing.length > base::bounds::kSwapHoldBytes) {
    if (is_under_body_rules()) {
      refuse(Reason::body_too_large, actions);
      return;
    }
    swapping_->is_streamed = true;
    go_on_with_head(actions);
    return;
  }
  swapping_->is_continued = head.expects_continue;
  wait_for_body(actions);
}

void Exchange::hold_piece(std::string_view bytes, Collecting& collecting, Actions& actions) {
  collecting.pace.add(bytes.size());
  swapping_->held_bytes += bytes.size();
  const auto bytes_max = body_bytes_max();
  const bool is_past_rules =
      swapping_->held_bytes > base::bounds::kSwapHoldBytes && is_under_body_rules();
  if (is_past_rules || (bytes_max && swapping_->held_bytes > *bytes_max)) {
    body_.release();
    refuse(Reason::body_too_large, actions);
    return;
  }
  if (swapping_->held_bytes <= base::bounds::kSwapHoldBytes &&
      body_.add(bytes) == CollectedBody::Added::all) {
    return;
  }
  swapping_->is_streamed = true;
  const bool is_taken =
      swapping_->swap.feed(body_.view()).has_value() && swapping_->swap.feed(bytes).has_value();
  body_.release();
  if (is_taken && body_.count_besides(swapping_->swap.size())) {
    go_on_with_head(actions);
  } else {
    refuse(Reason::too_busy, actions);
  }
}

void Exchange::judge_with_body(Actions& actions) {
  is_collected_ = true;
  BodyFound found;
  if (read_whole_body(found)) {
    admission_.decide(decide_with_body(request(), verdict(), found));
  }
  look_for_real_values_held();
  if (admission_.is_refused()) {
    record({}, actions);
    return;
  }
  const auto reason = admission_.is_allowed() ? check_whole_body() : std::optional<Reason>();
  if (reason) {
    refuse(*reason, actions);
  } else {
    go_on_with_head(actions);
  }
}

// False: it is refused.
bool Exchange::read_whole_body(BodyFound& found) {
  Swapping& now = *swapping_;
  if (!body_.count_besides(body_.size()) || !now.swap.feed(body_.view())) {
    admission_.refuse(Reason::too_busy);
    return false;
  }
  now.swap.end();
  for (auto step = now.swap.next(); step.kind != BodySwap::Step::Kind::nothing;
       step = now.swap.next()) {
    if (step.kind == BodySwap::Step::Kind::bytes) {
      watch_->look(step.bytes);
      if (real_watch_ != nullptr) {
        real_watch_->look(step.bytes);
      }
      now.pieces.push_back({step.bytes, std::nullopt, false});
      continue;
    }
    const SwapPlace& place = now.swap.place(step.place);
    look_past_credential();
    if (const auto reason = take_occurrence(place, body_.size()); reason && !found.refusal) {
      found.refusal = {place.rule, *reason};  // what follows is still looked at
    }
    now.pieces.push_back({{}, PlaceOf{place.rule, place.place}, step.is_nested});
    const bool is_known = std::ranges::any_of(found.uses, [&](const Use& use) {
      return use.rule == place.rule && use.place == place.place;
    });
    if (!is_known) {
      found.uses.push_back(use_of(place));
    }
  }
  found.seen = watch_->seen();
  return true;
}

void Exchange::look_past_credential() {
  watch_->look(kSwappedGap);
  if (real_watch_ != nullptr) {
    real_watch_->look(kSwappedGap);
  }
}

// Of a body that a signer reads.
bool Exchange::look_at_whole_body() {
  if (watch_ != nullptr) {
    watch_->look(body_.view());
    admission_.decide(decide_with_body(request(), verdict(), {{}, watch_->seen(), {}}));
  }
  look_for_real_values_held();
  return !admission_.is_refused();
}

// Once more it stands in a place. Nothing: it may.
std::optional<Reason> Exchange::take_occurrence(const SwapPlace& place, std::uint64_t body_bytes) {
  auto& swapped = swapping_->swapped;
  const auto count = static_cast<std::size_t>(std::ranges::count(swapped, place.rule));
  swapped.push_back(place.rule);
  return check_occurrence(request(), verdict().uses, {place, count, body_bytes});
}

// What comes at a place is written once, as it stands there.
base::Status Exchange::write_for_body(const Use& use, const bindings::RenderInput& input) {
  auto written = render_for_body(setup_.bindings->rules[use.rule].places[use.place],
                                 input,
                                 swapping_->swap.text(),
                                 *setup_.scratch);
  if (!written) {
    return written.error();
  }
  if (!swapping_->holder.hold(*written)) {
    return base::Error{base::Errc::unavailable, "too much locked memory is held already"};
  }
  swapping_->ready.push_back({{use.rule, use.place}, use.scope, std::move(*written)});
  return {};
}

base::Status Exchange::write_all_for_body(const Prepared& prepared) {
  std::span<const vault::Secret> secrets = prepared.secrets;  // of the head's places, too
  for (const PlaceOf& place : places_of(verdict())) {
    const auto count =
        setup_.bindings->rules[place.rule].places[place.place].injection->needs().size();
    const auto use = std::ranges::find_if(verdict().uses, [&](const Use& one) {
      return one.rule == place.rule && one.place == place.place;
    });
    if (use->is_in_body) {
      KS_TRY(write_for_body(*use, {secrets.first(count), prepared.now_us / kUsPerSecond}));
    }
    secrets = secrets.subspan(count);
  }
  for (const BodyPiece& piece : swapping_->pieces) {
    KS_TRY(piece.is_nested ? check_nested(*piece.place) : base::Status{});
  }
  return {};
}

// How the head frames it.
void Exchange::edit_for_body(bindings::Edits& edits) const {
  if (swapping_ == nullptr) {
    return;
  }
  if (swapping_->is_streamed) {
    edits.set_chunked();
  } else if (!swapping_->swapped.empty()) {
    std::size_t bytes = 0;
    for (const BodyPiece& piece : swapping_->pieces) {
      bytes += piece.place ? written(*piece.place).size() : piece.bytes.size();
    }
    edits.set_body_length(bytes);
  }
  if (swapping_->is_continued) {
    edits.remove_field("expect");  // it was told to go on already
  }
}

void Exchange::send_held_body(Actions& actions) const {
  for (const BodyPiece& piece : swapping_->pieces) {
    if (piece.place) {
      actions.emplace_back(SendRequestSecret{written(*piece.place)});
    } else {
      actions.emplace_back(SendRequestBody{piece.bytes});
    }
  }
}

std::string_view Exchange::written(const PlaceOf& place) const {
  const auto found = std::ranges::find(swapping_->ready, place, &Swapping::Ready::place);
  return found == swapping_->ready.end() ? std::string_view() : found->written.reveal();
}

// I9: what is escaped in a string once would end the string that is in it. How often it is read is
// nobody's to know, so it is refused.
base::Status Exchange::check_nested(const PlaceOf& place) const {
  return swapping_->swap.may_be_nested(written(place))
             ? base::Status{}
             : base::Error{base::Errc::invalid_input, "the credential would be read twice"};
}

// --- what its scopes say ---

// The least that a scope of what is used says; nothing: none says anything.
std::optional<std::uint64_t> Exchange::body_bytes_max() const {
  auto least =
      admission_.is_allowed() ? admission_.max_body_bytes() : std::optional<std::uint64_t>();
  if (swapping_ != nullptr) {
    for (const auto& ready : swapping_->ready) {
      const auto& said =
          setup_.bindings->rules[ready.place.rule].scopes[ready.scope].max_body_bytes;
      least = said && (!least || *said < *least) ? said : least;
    }
  }
  return least;
}

std::optional<std::int64_t> Exchange::response_timeout_ms() const {
  auto least =
      admission_.is_allowed() ? admission_.response_timeout_ms() : std::optional<std::int64_t>();
  if (swapping_ != nullptr) {
    for (const auto& ready : swapping_->ready) {
      const auto& said =
          setup_.bindings->rules[ready.place.rule].scopes[ready.scope].response_timeout_ms;
      least = said && (!least || *said < *least) ? said : least;
    }
  }
  return least;
}

}  // namespace keyswap::flow
