// SPDX-License-Identifier: Apache-2.0
//
// Body + destination + bindings -> verdict, as proxy/flow/decide does it for the head: where in a
// request's body secrets may be swapped in, what becomes of the request by what stands there, and
// why a placeholder in it stays what it is. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bindings/body_rules.h"
#include "bindings/body_text.h"
#include "proxy/flow/body_swap.h"
#include "proxy/flow/decide.h"

namespace keyswap::flow {

// What may be swapped in this body. Without places nothing is: none is bound here, the body is
// encoded, or it is not clear what it is.
struct BodyPlaces {
  bindings::BodyText text = bindings::BodyText::raw;
  std::vector<SwapPlace> places;
};

BodyPlaces find_body_places(const Request& request);

// The use of one of these places.
Use use_of(const SwapPlace& place);

// How a placeholder stands in a place of the body.
struct Occurrence {
  SwapPlace place;
  std::size_t count_before = 0;  // of its rule's in the body
  std::uint64_t body_bytes = 0;  // that came so far
};

// What speaks against it although it is in scope; nothing: it may be swapped. `head`: what the head
// uses.
std::optional<audit::Reason> check_occurrence(const Request& request,
                                              std::span<const Use> head,
                                              const Occurrence& occurrence);

// A placeholder that was seen in the body and stays what it is.
Denial deny_in_body(const Request& request, std::uint32_t rule);

// What is known of a body that was collected.
struct BodyFound {
  std::vector<Use> uses;                         // each place once
  std::vector<std::uint32_t> seen;               // rules whose placeholders stay
  std::optional<Denial> refusal = std::nullopt;  // what speaks against a placeholder in a place
};

// The verdict on the whole request, by that on its head.
Verdict decide_with_body(const Request& request, Verdict head, const BodyFound& found);

// Does a scope of what is used say what a body may be? Then the body is held, whoever reads it.
bool has_body_rules(const Request& request, std::span<const Use> uses);

// The first rule of these scopes that the body, whole, does not keep to.
std::optional<bindings::BrokenRule> find_broken_rule(const Request& request,
                                                     std::span<const Use> uses,
                                                     std::string_view body);

// Does the verdict say of this rule already that a placeholder of its stays?
bool is_denied(const Verdict& verdict, std::uint32_t rule);

}  // namespace keyswap::flow
