// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_message.h"

#include <algorithm>
#include <vector>

#include "proxy/flow/caller.h"
#include "proxy/flow/reason_elsewhere.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::RouteUse;

// A WebSocket is opened by no other method (RFC 6455 section 4.1); what the request named besides
// was judged when it was opened.
constexpr std::string_view kOpening = "GET";

MessageVerdict refuse(Reason reason, std::optional<std::uint32_t> rule = std::nullopt) {
  return {{Decision::refused, reason, rule}, false};
}

const bindings::MessageSigner* signer_of(const bindings::SecretRule& rule) {
  return rule.messages();
}

// The rule that the message means, if one of `uses` is it.
std::optional<RouteUse> find_meant(const MessageRequest& request,
                                   const std::vector<RouteUse>& uses) {
  const auto& rules = request.bindings.rules;
  const std::string& credential = request.message.credential;
  const auto found = std::ranges::find_if(uses, [&](const RouteUse& use) {
    const auto& rule = rules[use.rule];
    return signer_of(rule) != nullptr && (credential.empty() ? rule.name.text() == request.logged_on
                                                             : rule.placeholder == credential);
  });
  return found == uses.end() ? std::nullopt : std::optional(*found);
}

// No rule is meant that may be used here: it travels on as it is, or not at all (I2).
MessageVerdict decide_unmeant(const MessageRequest& request) {
  const auto& bindings = request.bindings;
  if (!request.logged_on.empty()) {
    // The rule of the logon does not open this any more; or a key of somebody else's is in it. By
    // which of the two the venue would act, with half a credential say, is not ours to guess:
    // over a connection that can act by our key nothing goes unjudged.
    return refuse(Reason::endpoint_blocked);
  }
  std::vector<std::uint32_t> found;
  bindings.find_placeholders(request.message.credential, found);
  if (found.empty()) {
    return {{Decision::pass, Reason::no_placeholder, std::nullopt}, false};
  }
  const auto match =
      bindings.match(found.front(), request.destination.authority, {kOpening, request.target});
  const bool refuses = bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse;
  return {
      {refuses ? Decision::refused : Decision::denied,
       match == bindings::Match::other_destination ? reason_elsewhere(bindings.rules[found.front()])
                                                   : Reason::binding_scope_violation,
       found.front()},
      false};
}

}  // namespace

const bindings::MessageSigner* find_message_signer(const bindings::Bindings& bindings,
                                                   const http::Authority& destination,
                                                   std::string_view target) {
  for (const RouteUse& use : bindings.websocket_scopes(destination, {kOpening, target})) {
    if (const auto* const signer = signer_of(bindings.rules[use.rule])) {
      return signer;
    }
  }
  return nullptr;
}

MessageVerdict decide_message(const MessageRequest& request) {
  const auto& bindings = request.bindings;
  const auto uses =
      bindings.websocket_scopes(request.destination.authority, {kOpening, request.target});
  for (const RouteUse& use : uses) {
    const auto* const signer = signer_of(bindings.rules[use.rule]);
    if (signer != nullptr && signer->forbids(request.message)) {
      return refuse(Reason::endpoint_blocked, use.rule);
    }
  }
  const auto meant = find_meant(request, uses);
  if (!meant) {
    return decide_unmeant(request);
  }
  if (!serves(bindings.rules[meant->rule].scopes[meant->scope], request.caller)) {
    return refuse(Reason::caller_not_allowed, meant->rule);
  }
  return {
      {Decision::allowed, Reason::binding_matched, meant->rule, {Use{meant->rule, meant->scope}}},
      !request.message.credential.empty()};
}

}  // namespace keyswap::flow
