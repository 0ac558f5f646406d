// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/body_swap.h"

#include <algorithm>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/flow/form_position.h"
#include "proxy/flow/json_position.h"

namespace keyswap::flow {

namespace {

std::unique_ptr<BodyPosition> position_in(const bindings::BodyPlace& place) {
  if (place.pointer) {
    return std::make_unique<JsonPosition>(*place.pointer);
  }
  if (place.field) {
    return std::make_unique<FormPosition>(*place.field);
  }
  return nullptr;
}

}  // namespace

BodySwap::BodySwap(const bindings::Bindings& bindings,
                   bindings::BodyText text,
                   std::vector<SwapPlace> places)
    : bindings_(&bindings), text_(text), places_(std::move(places)), strings_(text) {
  for (const SwapPlace& place : places_) {
    const auto& placement = *bindings.rules[place.rule].places[place.place].placement;
    positions_.push_back(position_in(*placement.in_body()));
  }
}

base::Status BodySwap::feed(std::string_view piece) {
  drop_taken();
  return input_.append(piece) ? base::Status{}
                              : base::Error{base::Errc::limit_exceeded, "too much of a body"};
}

void BodySwap::drop_taken() {
  input_.consume(taken_);
  searched_ -= std::min(searched_, taken_);
  taken_ = 0;
}

void BodySwap::rest() {
  constexpr std::size_t kSmallBytes = 4096;  // more than what may be the beginning of a placeholder
  if (taken_ == 0) {
    return;
  }
  drop_taken();
  if (input_.size() <= kSmallBytes) {
    base::Buffer small(kInputBytesMax);
    KS_ASSERT(small.append(input_.view()));  // within the same bound
    input_ = std::move(small);
  }
}

BodySwap::Step BodySwap::next() {
  const std::string_view text = input_.view();
  const auto& index = bindings_->body_placeholders();
  for (auto hit = index.find_next(text_, text, searched_); hit;
       hit = index.find_next(text_, text, searched_)) {
    if (hit->at > taken_) {
      searched_ = hit->at;
      return {Step::Kind::bytes, take(hit->at - taken_), 0};
    }
    const std::size_t place = find_place(hit->rule);
    if (place < places_.size()) {
      const bool is_nested = strings_.are_inside();
      static_cast<void>(take(hit->size));
      searched_ = taken_;
      return {Step::Kind::credential, {}, place, is_nested};
    }
    searched_ = hit->at + 1;  // it stays what it is
  }
  const std::size_t held =
      has_ended_ ? 0 : index.held_back(text.substr(std::max(taken_, searched_)));
  const std::size_t count = text.size() - held - taken_;
  searched_ = std::max(searched_, text.size() - held);
  if (count == 0) {
    return {};
  }
  return {Step::Kind::bytes, take(count), 0};
}

// The first that is one of the rule's, and where the input stands; places_.size(): none.
std::size_t BodySwap::find_place(std::uint32_t rule) const {
  std::size_t number = 0;
  while (number < places_.size() &&
         (places_[number].rule != rule ||
          (positions_[number] != nullptr && !positions_[number]->is_in_place()))) {
    ++number;
  }
  return number;
}

std::string_view BodySwap::take(std::size_t count) {
  const std::string_view bytes = input_.view().substr(taken_, count);
  for (const auto& position : positions_) {
    if (position != nullptr) {
      position->read(bytes);
    }
  }
  strings_.read(bytes);
  taken_ += count;
  return bytes;
}

}  // namespace keyswap::flow
